"""The formulas of a loop nest under the names of a result's numbers: `GLB.W.reads`, `PE.W.to_RF.words`, `cycles`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from polymap.model.formulas import SymbolicCost
from polymap.model.network import Haul
from polymap.model.reading import Totals, totals


def named(formulas: SymbolicCost) -> dict[str, Any]:
    """Every number that has a formula in the trips: sympy expressions or integers; energies in pJ, times in s."""
    result = totals(formulas.setting, formulas.skeleton, formulas.symbols)
    return {**dict(_traffic(formulas)), **dict(_networks(result)), **dict(_levels(formulas, result)), **_run(formulas)}


def _traffic(formulas: SymbolicCost) -> Iterator[tuple[str, Any]]:
    for row, energy in zip(formulas.rows, formulas.row_energies, strict=True):
        counts = {"tile_elements": row.tile, "instances": row.instances, "reads": row.reads}
        for name, count in {**counts, "fills": row.fills, "updates": row.updates, "energy_pj": energy}.items():
            yield f"{row.level}.{row.tensor}.{name}", count


def _networks(result: Totals) -> Iterator[tuple[str, Any]]:
    for haul in result.networks:
        counts = {"words": haul.words, "delivered": haul.delivered, "word_hops": haul.word_hops}
        for name, count in {**counts, "link_words": haul.link_words, "energy_pj": _energy(haul)}.items():
            if count is not None:
                yield f"{haul.array.name}.{haul.tensor}.to_{haul.child}.{name}", count


def _energy(haul: Haul) -> Any:
    return None if haul.energy is None else haul.energy * _rational(Fraction(1, haul.denominator))


def _levels(formulas: SymbolicCost, result: Totals) -> Iterator[tuple[str, Any]]:
    for use in result.uses:
        name, leakage = use.place.level.name, _rational(use.place.leakage)
        counts = {"instances": use.instances, "cycles": use.cycles, "occupied_bits": use.occupied_bits}
        for key, count in {**counts, "leakage_pj": leakage * use.powered * result.powered_cycles}.items():
            yield f"{name}.{key}", count
    unit = result.uses[-1].place.level.name
    yield f"{unit}.computes", result.computes
    yield f"{unit}.energy_pj", _rational(formulas.setting.compute_pj) * result.computes


def _run(formulas: SymbolicCost) -> dict[str, Any]:
    latency = formulas.cycles * _rational(1 / Fraction(formulas.setting.architecture.clock_hz))
    edp = formulas.energy * latency * _rational(Fraction(1, 10**12))
    return {"energy_pj": formulas.energy, "cycles": formulas.cycles, "latency_s": latency, "edp_js": edp}


def _rational(value: Fraction) -> Any:
    import sympy

    return sympy.Rational(value.numerator, value.denominator)
