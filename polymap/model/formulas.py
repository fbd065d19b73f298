"""The readings on symbols and arrays: a loop nest's cost as formulas in its trips, printed or run on many mappings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

from polymap.architecture.hierarchy import Architecture
from polymap.errors import NOWHERE, Mistake, PolymapError
from polymap.mapping.nest import Mapping
from polymap.model.conventions import Conventions
from polymap.model.conventions import conventions as preset
from polymap.model.evaluate import prepared
from polymap.model.nest import Skeleton, skeleton
from polymap.model.quantities import Counts
from polymap.model.reading import Setting, Totals, totals
from polymap.model.readings import Number, floats
from polymap.quantity import shown
from polymap.workload.einsum import Einsum

# Above this many computes a count could leave the 64 bits of an array's entries.
ARRAY_COMPUTES = 1 << 53
LARGEST_ENTRY = 1 << 63


@dataclass(frozen=True)
class SymbolicCost:
    """Formulas of a loop nest in its trips: sympy expressions, one symbol per loop, outermost first.

    A symbol is the rank's name and a number, `k0` is the outermost loop of rank k. Every trip is greater than 1 and
    the loops of a rank multiply to its size. `rows` are counts per memory and tensor, `row_energies` their energies in
    pJ, `energy` the sum with computes and leakage, `cycles` the largest of compute and bandwidth.
    """

    symbols: tuple[Any, ...]
    rows: tuple[Counts, ...]
    row_energies: tuple[Any, ...]
    energy: Any
    compute_cycles: Any
    cycles: Any
    setting: Setting
    skeleton: Skeleton

    def row(self, level: str, tensor: str) -> Counts:
        """The formulas of one tensor at one memory. Raises `StopIteration` where the tensor bypasses it."""
        return next(row for row in self.rows if (row.level, row.tensor) == (level, tensor))

    def at(self, expression: Any, trips: Sequence[int]) -> Any:
        """The value of one of the formulas for given trips, one per symbol; `PolymapError` for more or fewer."""
        import sympy

        _check_number(self.symbols, trips)
        return sympy.sympify(expression).subs(dict(zip(self.symbols, trips, strict=True)), simultaneous=True)

    def compile(self) -> Callable[..., Batch]:
        """A function of trips, one array (or integer) per symbol, to the counts and cost of all those mappings.

        It runs the same formulas on arrays. With `exact=True` the arrays hold Python integers: slower, without limit;
        otherwise 64-bit integers, for computations of up to 2**53 computes. It raises `PolymapError` beyond, and for
        trips that are not integers greater than 1, or arrays of different lengths.
        """

        def run(*trips: Any, exact: bool = False) -> Batch:
            _check_number(self.symbols, trips)
            return _batch(self.setting, self.skeleton, _columns(trips, exact))

        return run

    def __str__(self) -> str:
        lines = [line for row, energy in zip(self.rows, self.row_energies, strict=True) for line in _lines(row, energy)]
        return "\n".join([*lines, f"energy_pj = {self.energy}", f"cycles = {self.cycles}"])


@dataclass(frozen=True)
class Batch:
    """Many mappings of one loop nest: arrays with one entry per mapping; energies are floats in pJ."""

    rows: tuple[Counts, ...]
    row_energies: tuple[Any, ...]
    energy_pj: Any
    compute_cycles: Any
    cycles: Any


def symbolic(
    einsum: Einsum, architecture: Architecture, mapping: Mapping, conventions: str | Conventions = "polymap"
) -> SymbolicCost:
    """The cost of every mapping with the loops and storage nodes of `mapping`, as formulas in the trips.

    The trips written in `mapping` are not read: every loop becomes a symbol that stands for a trip greater than 1.
    Raises `PolymapError` for domains that are no box and for tiles with exact holes: there are no formulas for these.
    """
    setting = prepared(einsum, architecture, preset(conventions))
    _check_has_formulas(setting)
    shape = skeleton(mapping.nodes, einsum.tensors, setting.dimensions)
    symbols = _symbols(mapping)
    result = totals(setting, shape, symbols)
    pairs = zip(result.energies, _denominators(setting, result), strict=True)
    energies = tuple(energy * _rational(Fraction(1, denominator)) for energy, denominator in pairs)
    total = sum(energies) + _rational(setting.compute_pj) * result.computes + _leakage(result, _rational)
    total += _networks(result, _rational)
    return SymbolicCost(symbols, result.rows, energies, total, result.compute_cycles, result.cycles, setting, shape)


def _check_has_formulas(setting: Setting) -> None:
    einsum, holes = setting.einsum, setting.conventions.holes
    if not einsum.is_box:
        message = f"the domain {einsum.domain_text} of {einsum.name} is no box, and formulas in trips are for boxes"
        raise PolymapError(Mistake(NOWHERE, message, "evaluate its mappings one by one"))
    holed = [access.tensor.name for access in setting.accesses if access.may_have_holes]
    if holes == "exact" and holed:
        message = f"tiles of {', '.join(holed)} may have holes, and formulas in trips count whole windows"
        raise PolymapError(Mistake(NOWHERE, message, "take conventions with holes: hull"))


def _symbols(mapping: Mapping) -> tuple[Any, ...]:
    import sympy

    seen: dict[str, int] = {}
    names = []
    for loop in mapping.loops:
        names.append(f"{loop.rank}{seen.setdefault(loop.rank, 0)}")
        seen[loop.rank] += 1
    return tuple(sympy.Symbol(name, integer=True, positive=True) for name in names)


def _denominators(setting: Setting, result: Totals) -> list[int]:
    return [setting.prices[row.level, row.tensor].denominator for row in result.rows]


def _leakage(result: Totals, number: Callable[[Fraction], Number]) -> Number:
    leaks = (use for use in result.uses if use.place.leakage)
    return sum(number(use.place.leakage) * result.powered_cycles * use.powered for use in leaks)


def _networks(result: Totals, number: Callable[[Fraction], Number]) -> Number:
    hauls = ((haul, number(Fraction(1, haul.denominator))) for haul in result.networks if haul.energy is not None)
    return sum(haul.energy * share for haul, share in hauls)


def _rational(value: Fraction) -> Any:
    import sympy

    return sympy.Rational(value.numerator, value.denominator)


def _lines(row: Counts, energy: Any) -> list[str]:
    names = ("tile", "reads", "fills", "updates")
    return [f"{row.level}.{row.tensor}.{name} = {getattr(row, name)}" for name in names] + [
        f"{row.level}.{row.tensor}.energy_pj = {energy}"
    ]


def _check_number(symbols: Sequence[Any], trips: Sequence[Any]) -> None:
    if len(trips) != len(symbols):
        names = ", ".join(map(str, symbols)) or "none"
        message = f"{len(trips)} trips stand where the nest has {len(symbols)} loops"
        raise PolymapError(Mistake(NOWHERE, message, f"give one for each of: {names}"))


def _columns(trips: Sequence[Any], exact: bool) -> list[Any]:
    """One array per loop, all of one length. Raises `PolymapError` where 64 bits may not be enough."""
    import numpy

    columns = [_column(trip, exact) for trip in trips]
    try:
        numpy.broadcast_shapes((1,), *(column.shape for column in columns))
    except ValueError:
        lengths = ", ".join(str(column.size) for column in columns)
        raise PolymapError(Mistake(NOWHERE, f"the trips are arrays of different lengths: {lengths}")) from None
    computes = float(numpy.max(prod((floats(column) for column in columns), start=numpy.ones(1))))
    if not exact and computes > ARRAY_COMPUTES:
        message = f"counts of a computation of {computes:.3g} multiply-accumulates may not fit 64 bits"
        raise PolymapError(Mistake(NOWHERE, message, "pass exact=True to count with Python integers"))
    return columns


def _column(trip: Any, exact: bool) -> Any:
    """Trips as an array of 64-bit or, if `exact`, Python integers. Raises `PolymapError` for anything else."""
    import numpy

    try:
        given = numpy.atleast_1d(numpy.asarray(trip))
    except ValueError:  # lists of different lengths inside each other
        raise _no_trips(trip) from None
    whole = given.dtype.kind in "iu" or all(type(value) is int for value in given.flat)
    if not whole or given.size == 0 or given.min() < 2:
        raise _no_trips(trip)
    if not exact and given.dtype.kind != "i" and given.max() >= LARGEST_ENTRY:
        message = f"a loop of {given.max()} trips does not fit 64 bits"
        raise PolymapError(Mistake(NOWHERE, message, "pass exact=True to count with Python integers"))
    return given.astype(object if exact else numpy.int64, copy=False)


def _no_trips(given: Any) -> PolymapError:
    message = f"{shown(given)} stands where trips belong"
    return PolymapError(Mistake(NOWHERE, message, "give integers greater than 1, or an array of them"))


def _batch(setting: Setting, shape: Skeleton, columns: Sequence[Any]) -> Batch:
    import numpy

    result = totals(setting, shape, columns)
    size = numpy.broadcast_shapes((1,), *(column.shape for column in columns))
    energies = [floats(e) / d for e, d in zip(result.energies, _denominators(setting, result), strict=True)]
    energy = sum(energies) + float(setting.compute_pj) * floats(result.computes) + _leakage(result, float)
    energy = energy + _networks(result, float)

    def full(value: Number) -> Any:
        return numpy.broadcast_to(value, size)

    rows = tuple(_spread(row, full) for row in result.rows)
    return Batch(rows, tuple(map(full, energies)), full(energy), full(result.compute_cycles), full(result.cycles))


def _spread(row: Counts, full: Callable[[Number], Any]) -> Counts:
    names = ("tile", "instances", "reads", "fills", "updates", "additions")
    return replace(row, **{name: full(getattr(row, name)) for name in names})
