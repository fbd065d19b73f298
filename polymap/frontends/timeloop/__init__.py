"""Timeloop's YAML (versions 0.2 to 0.4) -> architecture, workload, mapping, constraints; `write` goes back."""

from polymap.frontends.timeloop.convert import Converted, convert

__all__ = ["Converted", "convert"]
