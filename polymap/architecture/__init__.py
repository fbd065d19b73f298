"""The machine: its data types, and the reader of architecture files."""

from polymap.architecture.hierarchy import (
    Architecture,
    Array,
    Bandwidth,
    Compute,
    DimensionRule,
    Level,
    Memory,
    Rate,
    Wiring,
)
from polymap.architecture.read import Source, architecture

__all__ = [
    "Architecture",
    "Array",
    "Bandwidth",
    "Compute",
    "DimensionRule",
    "Level",
    "Memory",
    "Rate",
    "Source",
    "Wiring",
    "architecture",
]
