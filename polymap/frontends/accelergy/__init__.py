"""Accelergy's files (versions 0.2 to 0.4): compound components, and tables of energies (ERT) and areas (ART)."""

from polymap.frontends.accelergy.convert import Converted, convert
from polymap.frontends.accelergy.write import reference_tables

__all__ = ["Converted", "convert", "reference_tables"]
