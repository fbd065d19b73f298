"""Coefficients of the regression of converters (arXiv:2404.06553): its models and the scaling of nodes share them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from polymap.components.records import records


@cache
def coefficients() -> Mapping[str, float]:
    """The coefficients by name; `foms_max 8` is the ceiling of the figure of merit at 8 effective bits."""
    return {f"{row['coefficient']} {row['index']}".strip(): float(row["value"]) for row in records("adc_regression")}
