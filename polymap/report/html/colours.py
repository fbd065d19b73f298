"""Colours that differ for everybody: Okabe and Ito, Color Universal Design, 2008."""

from __future__ import annotations

from collections.abc import Sequence

PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
LEAKAGE, COMPUTE, NETWORK = "#777777", "#333333", "#aa7755"


def colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name, in their order."""
    return {name: PALETTE[at % len(PALETTE)] for at, name in enumerate(names)}
