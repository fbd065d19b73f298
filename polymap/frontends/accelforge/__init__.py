"""AccelForge's YAML (`arch` and `workload`, with expressions and templates) -> architecture and workload."""

from polymap.frontends.accelforge.convert import Converted, convert

__all__ = ["Converted", "convert"]
