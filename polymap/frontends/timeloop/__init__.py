"""Timeloop's YAML (versions 0.2 to 0.4) -> architecture, workload, mapping, constraints; and mappings back to it."""

from polymap.frontends.timeloop.convert import Converted, convert
from polymap.frontends.timeloop.write import mapping_section

__all__ = ["Converted", "convert", "mapping_section"]
