"""Results as tables, for notebooks: what was reached, what is proven, where the energy goes."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from polymap.markup import Markup, el, joined, table
from polymap.model.cost import shown
from polymap.quantity import capacity_text, engineering

if TYPE_CHECKING:
    from polymap.mapper.result import Front, NetworkResult, Result


def result_html(result: Result) -> Markup:
    """Headline, nest, and energy by level and tensor."""
    cost = result.cost
    rows = [(row.level, row.tensor, f"{row.tile_elements:,}", _joules(row.energy_pj)) for row in cost.traffic]
    rows.append((cost.compute_level, "compute", "", _joules(cost.compute_energy)))
    rows += [(row.level, "leakage", "", _joules(row.leakage)) for row in cost.components if row.leakage]
    title = f"{result.einsum.name} on {result.architecture.name}"
    facts = f": {result.status}{_gap(result.gap)}, {_joules(cost.energy)}, {shown(cost.cycles)} cycles"
    return joined([el("b", title), facts, result.mapping._repr_html_(), table(("level", "of", "tile", "energy"), rows)])


def network_html(network: NetworkResult) -> Markup:
    """One row per distinct layer, and the totals."""
    rows = [
        (result.einsum.name, f"x{repeat}", result.status, _joules(result.energy_pj), shown(result.cost.cycles))
        for repeat, result in network.layers
    ]
    rows.append(("total", "", network.status, _joules(network.energy), shown(network.cycles)))
    return joined([el("b", network.name), table(("layer", "repeat", "status", "energy", "cycles"), rows)])


def front_html(front: Front) -> Markup:
    """One row per point."""
    level = front.axes[-1].partition(":")[2]
    rows = [(_joules(point.energy_pj), shown(point.cost.cycles), *_held(point, level)) for point in front.points]
    complete = "complete" if front.complete else "others may be missing"
    title = f"{front.einsum.name} on {front.architecture.name}: {' and '.join(front.axes)}"
    return joined([el("b", title), f", {complete}", table(("energy", "cycles", *([level] if level else [])), rows)])


def _held(point: Result, level: str) -> list[str]:
    """What a point takes of the memory that is an axis, if one is."""
    return [capacity_text(point.cost.component(level).occupied_bits)] if level else []


def _joules(energy_pj: float | Fraction) -> str:
    return engineering(float(energy_pj) * 1e-12, "J")


def _gap(gap: float | None) -> str:
    return f" (gap {100 * gap:.3g} %)" if gap else ""
