"""The tree of one number as text: model, rows and weights, each step of scaling, citations."""

from __future__ import annotations

from collections.abc import Iterator

from polymap.components.estimate import Estimate, Origin

MOST_WRITTEN_OUT = 1e10


def amount_text(estimate: Estimate) -> str:
    """The value with its interval, in its own unit, and whether it lies outside of the tables that it comes from.

    >>> amount_text(Estimate(2.0, "pJ", Origin("a table"), (("table", 0.1),)))
    '2 pJ (1.81 .. 2.21)'
    """
    low, high = estimate.interval
    interval = f" ({_digits(low, 3)} .. {_digits(high, 3)})" if estimate.sigma else ""
    outside = ", extrapolated" if estimate.origin.extrapolated else ""
    return f"{_digits(estimate.value, 4)} {estimate.unit}{interval}{outside}"


def lines(what: str, estimate: Estimate) -> Iterator[str]:
    """The number, its errors by source, and below it the tree of its origin; then what is cited, once each."""
    yield f"{what} = {amount_text(estimate)}"
    for source, deviation in estimate.errors:
        yield f"  error  {source}: {100 * deviation:.3g} %"
    yield from _tree(estimate.origin, "  ")
    for citation in estimate.origin.citations:
        yield f"  source {citation}"


def _tree(origin: Origin, indent: str) -> Iterator[str]:
    yield f"{indent}{_node(origin)}"
    for part in origin.parts:
        yield from _tree(part, f"{indent}  ")


def _node(origin: Origin) -> str:
    weight = f"{origin.weight:.4g} of " if origin.weight is not None else ""
    amount = f": {_value(origin.value, origin.unit)}" if origin.value is not None else ""
    return f"{weight}{origin.what}{amount}{' [outside of its table]' if origin.outside else ''}"


def _value(value: float, unit: str) -> str:
    return f"x {value:.4g}" if unit == "x" else f"{_digits(value, 4)} {unit}".rstrip()


def _digits(value: float, digits: int) -> str:
    """So many significant digits; large numbers of square micrometres are written out.

    >>> _digits(975363.2, 4), _digits(0.012345, 3), _digits(1.5e12, 3)
    ('975400', '0.0123', '1.5e+12')
    """
    text = f"{value:.{digits}g}"
    return f"{float(text):.0f}" if 1 <= abs(value) < MOST_WRITTEN_OUT and "e" in text else text
