"""Timeloop's processed YAML (versions 0.2 to 0.4) -> architecture, workload, mapping and constraints of polymap."""

from polymap.frontends.timeloop.convert import Converted, convert

__all__ = ["Converted", "convert"]
