"""Timeloop's processed YAML (versions 0.2 to 0.4) -> architecture, workload and mapping in polymap's formats."""

from polymap.frontends.timeloop.convert import Converted, convert

__all__ = ["Converted", "convert"]
