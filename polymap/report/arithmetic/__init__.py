"""Every number of a result as arithmetic that can be followed by hand, from what its engine counted."""

from __future__ import annotations

from polymap.report.arithmetic.equation import Equation, equations_text
from polymap.report.arithmetic.numbers import arithmetic

__all__ = ["Equation", "arithmetic", "equations_text"]
