"""Results for people: text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polymap.mapper.result import NetworkResult, Result


def text(result: Result | NetworkResult, colours: bool = False) -> str:
    """A result as text: a summary, nest and energy table for one einsum, a table of layers for a network."""
    from polymap.mapper.result import NetworkResult
    from polymap.report.layer import layer_text
    from polymap.report.network import network_text
    from polymap.report.paint import Paint

    return network_text(result) if isinstance(result, NetworkResult) else layer_text(result, Paint(colours))
