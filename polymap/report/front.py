"""A Pareto front as text: one row per point."""

from __future__ import annotations

from polymap.mapper.result import Front, Result
from polymap.report.numbers import count, engineering, percent, scientific
from polymap.report.table import Row, table

COLUMNS = ("point", "energy", "cycles", "latency", "utilization", "EDP")


def front_text(front: Front) -> str:
    """The points from least energy to fewest cycles, and whether there are others."""
    rows = [_row(number, result) for number, result in enumerate(front.points, 1)]
    said = "no mapping is better in both" if front.complete else "stopped: there may be others with fewer cycles"
    points = "1 point" if len(rows) == 1 else f"{len(rows)} points"
    status = f"{front.einsum.name} on {front.architecture.name}: {points}; {said}"
    return "\n".join([*table(COLUMNS, rows), "", status])


def _row(number: int, result: Result) -> Row:
    cost, seconds = result.cost, float(result.cost.latency)
    return (
        str(number),
        engineering(cost.energy_pj * 1e-12, "J"),
        count(cost.cycles),
        engineering(seconds, "s"),
        percent(cost.utilization),
        scientific(cost.edp_js, "J*s"),
    )
