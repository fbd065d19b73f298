"""Other tools' files to polymap's: one room per tool."""

from polymap.frontends.timeloop import Converted, convert

__all__ = ["Converted", "convert"]
