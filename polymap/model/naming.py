"""The formulas of a loop nest under the names of a result's numbers: `GLB.W.reads`, `PE.W.to_RF.words`, `cycles`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from polymap.model.formulas import SymbolicCost
from polymap.model.network import Haul
from polymap.model.reading import Totals, totals
from polymap.model.readings import search


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


@dataclass(frozen=True)
class Spoken:
    """An expression in trips as text: `{k0}` stands for a trip, `{distinct_1}` for one of the `searches` in it."""

    text: str
    trips: tuple[str, ...]
    searches: tuple[Search, ...]


@dataclass(frozen=True)
class Search:
    """A count by search (`distinct`, `swept`, ...) within an expression: its rows as text, and with numbers."""

    name: str
    function: str
    texts: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[int, ...], ...]
    value: int


def spoken(formulas: SymbolicCost, expression: Any, trips: Sequence[int]) -> Spoken:
    """An expression of `formulas` as text. Searches, whose arguments are rows of numbers, are given apart."""
    import sympy

    whole = sympy.sympify(expression)
    calls = [node for node in sympy.preorder_traversal(whole) if type(node).__module__ == search.__module__]
    found = [_search(formulas, call, n, trips) for n, call in enumerate(dict.fromkeys(calls), 1)]
    marked = {call: sympy.Symbol(f"{{{each.name}}}") for call, each in zip(dict.fromkeys(calls), found, strict=True)}
    bare = whole.xreplace(marked)
    used = tuple(str(symbol) for symbol in formulas.symbols if bare.has(symbol))
    text = str(bare.xreplace({symbol: sympy.Symbol(f"{{{symbol}}}", positive=True) for symbol in formulas.symbols}))
    return Spoken(text.replace("Max(", "max(").replace("ceiling(", "ceil("), used, tuple(found))


def _search(formulas: SymbolicCost, call: Any, number: int, trips: Sequence[int]) -> Search:
    texts = tuple(tuple(str(entry) for entry in row) for row in call.args)
    rows = tuple(tuple(int(formulas.at(entry, trips)) for entry in row) for row in call.args)
    name = type(call).__name__
    return Search(f"{name}_{number}", name, texts, rows, int(formulas.at(call, trips)))
