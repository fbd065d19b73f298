"""ZigZag's YAML (accelerator, workload, mapping) -> architecture, workload and constraints of polymap."""

from polymap.frontends.zigzag.convert import Converted, convert

__all__ = ["Converted", "convert"]
