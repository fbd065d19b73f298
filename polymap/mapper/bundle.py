"""Classes by the thousand: unrollings of one frame, met and bounded in arrays, and opened only where that is needed.

A *bundle* is what has the same factors on the outermost arrays. One table that lets every unrolling of the arrays
further inside compete bounds all its classes; most bundles are never cut into them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from math import prod

import numpy as np
from numpy.typing import NDArray

from polymap.architecture.hierarchy import Architecture
from polymap.constraints.bind import Limits
from polymap.errors import Unsolved
from polymap.mapper.lattice import Values
from polymap.mapper.objective import TOLERANCE, Objective, Rank
from polymap.mapper.problem import Bound, Unopened, compute_pj, leaking_levels
from polymap.mapper.relaxation import Relaxation, Unrolled, Whole
from polymap.mapper.space import Skeleton
from polymap.mapper.symmetry import Renaming, coded, leaders
from polymap.mapper.traffic import Geometry
from polymap.mapper.unrolling import Factors, Spatial, Unrolling, spatials, unrollings
from polymap.model.conventions import Conventions
from polymap.workload.einsum import Einsum

MOST_UNROLLINGS = 10_000_000
PIECE = 1_000_000  # factors looked at together
AHEAD = 64  # classes whose bounds are prepared together


@dataclass(frozen=True)
class Unrollings:
    """Unrollings over a machine's arrays: `options` of each array, and `chosen[i]`, which of them the i-th takes."""

    options: tuple[tuple[Unrolling, ...], ...]
    chosen: Whole

    @cached_property
    def factors(self) -> Whole:
        """Factors by (unrolling, array, rank)."""
        if not len(self.chosen) or not self.options:
            return np.ones((len(self.chosen), len(self.options), 0), dtype=np.int64)
        tables = [np.array([u.factors for u in options], dtype=np.int64) for options in self.options]
        return np.stack([table[self.chosen[:, a]] for a, table in enumerate(tables)], axis=1)

    @cached_property
    def used(self) -> NDArray[np.bool_]:
        """Arrays over which any rank is unrolled, by (unrolling, array)."""
        return np.asarray(self.factors.prod(axis=2) > 1)

    def alike(self) -> Iterator[tuple[frozenset[str], Whole]]:
        """Numbers of the unrollings by the arrays in use."""
        if not len(self.chosen):
            return
        if not self.options:
            yield frozenset(), np.arange(len(self.chosen))
            return
        patterns, group = np.unique(self.used, axis=0, return_inverse=True)
        for place, pattern in enumerate(patterns.tolist()):
            names = frozenset(options[0].array.name for options, use in zip(self.options, pattern) if use)
            yield names, np.flatnonzero(group.reshape(-1) == place)

    def spatial(self, number: int) -> Spatial:
        return Spatial(tuple(options[i] for options, i in zip(self.options, self.chosen[number].tolist())))


def every(einsum: Einsum, architecture: Architecture, limits: Limits | None = None) -> Unrollings:
    """Every unrolling of the ranks over the arrays that limits allow. Where these, or whether an array is used enough,
    depend on all arrays, they are met one by one."""
    arrays = architecture.arrays
    if not arrays or limits or any(rule.or_most for array in arrays for _, rule in array.rules):
        return gathered(list(spatials(einsum, architecture, limits)))
    sizes = np.array([size for _, size in einsum.ranks], dtype=np.int64)
    options = tuple(tuple(unrollings(einsum, tuple(sizes.tolist()), array)) for array in arrays)
    chosen, whole = np.zeros((1, 0), dtype=np.int64), np.ones((1, len(sizes)), dtype=np.int64)
    for here in options:
        factors = np.array([u.factors for u in here], dtype=np.int64).reshape(len(here), len(sizes))
        before, own = _pairs(sizes, whole, factors)
        if len(before) > MOST_UNROLLINGS:
            raise Unsolved(f"the ranks can be unrolled over the arrays in more than {MOST_UNROLLINGS} ways")
        chosen, whole = np.column_stack([chosen[before], own]), whole[before] * factors[own]
    return Unrollings(options, chosen)


def _pairs(sizes: Whole, some: Whole, others: Whole) -> tuple[Whole, Whole]:
    """Numbers of all pairs of factors whose products divide the sizes, piece by piece: all at once may be too many."""
    rows = max(1, PIECE // max(1, others.size))
    first, second = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(some), rows):
        fits = (sizes % (some[start : start + rows, None, :] * others) == 0).all(axis=2)
        number, own = np.nonzero(fits)
        first.append(number + start)
        second.append(own)
    return np.concatenate(first), np.concatenate(second)


def gathered(found: Sequence[Spatial]) -> Unrollings:
    """Unrollings that were met one by one."""
    columns = list(zip(*(spatial.unrollings for spatial in found)))
    options = [{(u.factors, u.packing): u for u in column} for column in columns]
    places = [{key: place for place, key in enumerate(known)} for known in options]
    chosen = [[place[u.factors, u.packing] for u, place in zip(spatial.unrollings, places)] for spatial in found]
    shape = (len(found), len(columns))
    return Unrollings(
        tuple(tuple(known.values()) for known in options), np.array(chosen, dtype=np.int64).reshape(shape)
    )


@dataclass(frozen=True)
class Frame:
    """The classes of one frame: `numbers` are its unrollings among all. In its bundles the first of those classes that
    `renamings` of ranks turn into each other stands for all of them."""

    skeleton: Skeleton
    conventions: Conventions
    relaxation: Relaxation
    unrollings: Unrollings
    numbers: Whole
    renamings: tuple[Renaming, ...] = ()

    @cached_property
    def loops(self) -> Whole:
        """Factors by (class, array inside of the first stop, rank)."""
        names = [array.name for array in self.skeleton.architecture.arrays]
        columns = [names.index(array.name) for _, array in self.relaxation.arrays]
        return np.asarray(self.unrollings.factors[self.numbers][:, columns])

    @cached_property
    def cycles(self) -> Values:
        """Steps at which anything runs; at least, where the domain is no box."""
        used = self.unrollings.factors[self.numbers].prod(axis=(1, 2), dtype=np.float64)
        return np.asarray(np.ceil(self.skeleton.einsum.computes / used))

    @cached_property
    def rest(self) -> Values:
        """pJ of compute and leakage of every class, at its least cycles."""
        architecture = self.skeleton.architecture
        fans = self.unrollings.factors[self.numbers].prod(axis=2)
        watts = np.zeros(len(self.numbers))
        # An instance runs no more than its share of the box: so many of them run at least.
        share = self.skeleton.einsum.computes / prod(size for _, size in self.skeleton.einsum.ranks)
        for level in leaking_levels(self.skeleton):
            outside = [
                a for a, array in enumerate(architecture.arrays) if _stands(architecture, array.name, level.name)
            ]
            idle = self.conventions.idle_instances_leak
            instances = architecture.instances(level.name) if idle else share * fans[:, outside].prod(axis=1)
            watts = watts + float(level.leakage_w) * instances
        leaked = watts * (1e12 / float(architecture.clock_hz)) * self.cycles
        return np.asarray(compute_pj(Geometry(self.skeleton, self.unrollings.spatial(0))) + leaked)

    def bundles(self) -> Iterator[Bundle]:
        """The classes, those together that differ further inside only; all together if no array is further inside."""
        outer = [i for i, (gap, _) in enumerate(self.relaxation.arrays) if gap == 1]
        first = np.flatnonzero(self._leaders == np.arange(len(self.numbers)))
        if len(outer) == len(self.relaxation.arrays):
            yield Bundle(self, first, alike=False)
            return
        (code,) = coded([self.loops[first][:, outer].prod(axis=1)])
        order = np.argsort(code, kind="stable")
        for places in np.split(order, np.flatnonzero(np.diff(code[order])) + 1):
            yield Bundle(self, first[places], alike=True)

    @cached_property
    def _leaders(self) -> Whole:
        """For each class the one that stands for it."""
        if not self.renamings:
            return np.arange(len(self.numbers))
        return leaders(self.unrollings.factors[self.numbers], self.renamings)

    @cached_property
    def _together(self) -> Whole:
        """The classes, each behind the one that stands for it."""
        return np.argsort(self._leaders, kind="stable")

    def covered(self, rows: Whole) -> int:
        """How many classes some stand for, themselves among them."""
        return int(self._covers[rows].sum())

    @cached_property
    def _covers(self) -> Whole:
        return np.bincount(self._leaders, minlength=len(self.numbers))

    def orbits(self, rows: Whole) -> list[Whole]:
        """For some classes that stand for others, themselves first, all that they stand for."""
        begin, end = (np.searchsorted(self._leaders, side, sorter=self._together) for side in (rows, rows + 1))
        return [self._together[first:last] for first, last in zip(begin.tolist(), end.tolist())]

    @cached_property
    def compulsory(self) -> Values:
        """Quick lower bounds of the energy of accesses of every class in pJ."""
        return self.relaxation.compulsory(self.loops)

    def factors(self, rows: Whole) -> list[tuple[Factors, ...]]:
        """Factors of every array."""
        return [tuple(map(tuple, arrays)) for arrays in self.unrollings.factors[self.numbers[rows]].tolist()]

    @cached_property
    def _about(self) -> dict[int, Unrolled]:
        return {}

    def opened(self, rows: Whole) -> Unopened:
        """The first of some classes; those that follow are likely to be asked for next."""
        first = int(rows[0])
        if first not in self._about:
            ahead = rows[:AHEAD]
            self._about.update(zip(ahead.tolist(), self.relaxation.about(self.loops[ahead])))
        (orbit,) = self.orbits(rows[:1])
        spatial, *others = (self.unrollings.spatial(number) for number in self.numbers[orbit].tolist())
        bound = Bound(self.relaxation, self._about.pop(first))
        return Unopened(Geometry(self.skeleton, spatial), self.conventions, bound, alike=tuple(others))

    def each(self, rows: Whole) -> Iterator[Unopened]:
        return (self.opened(rows[place:]) for place in range(len(rows)))


@dataclass(frozen=True)
class Bundle:
    """Classes of a frame; if `alike`, those with the same factors on the outermost arrays."""

    frame: Frame
    rows: Whole
    alike: bool

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Unopened]:
        return self.frame.each(self.rows)

    @property
    def factors(self) -> list[tuple[Factors, ...]]:
        """Factors of every array, for each class."""
        return self.frame.factors(self.rows)

    def orbits(self) -> Iterator[list[tuple[Factors, ...]]]:
        """The same, each together with those of the classes for which it stands."""
        orbits = self.frame.orbits(self.rows)
        factors = iter(self.frame.factors(np.concatenate(orbits)))
        return (list(islice(factors, len(orbit))) for orbit in orbits)

    @property
    def covers(self) -> int:
        """How many classes there are together with those for which they stand."""
        return self.frame.covered(self.rows)

    @cached_property
    def compulsory(self) -> Values:
        """Quick lower bounds of the energy of every class in pJ, leakage included."""
        return self._with_rest(self.frame.compulsory[self.rows])

    @cached_property
    def relaxed(self) -> Values:
        """Tighter ones, from one table for all that are alike; infinite if there is no mapping."""
        if not self.alike:
            return self.compulsory
        shared = self._with_rest(self.frame.relaxation.least_of_any(self.frame.loops, self.rows))
        return np.asarray(np.maximum(shared, self.compulsory))

    def _with_rest(self, accesses: Values) -> Values:
        return np.asarray((np.maximum(0.0, accesses) + self.frame.rest[self.rows]) * (1 - TOLERANCE))

    def classes(self, energy: Values, objective: Objective) -> Classes:
        """The classes in the order of the ranks that these lower bounds of their energy allow."""
        cycles = self.frame.cycles[self.rows]
        columns = np.broadcast_arrays(*objective.rank(energy, cycles))
        order = np.lexsort(columns[::-1])
        order = order[np.isfinite(energy[order])]
        return Classes(self.frame, self.rows[order], energy[order], np.stack([column[order] for column in columns]))


@dataclass(frozen=True)
class Classes:
    """Classes of a frame from one place on, with lower bounds of their energy in pJ and of their ranks, least first."""

    frame: Frame
    rows: Whole
    energies: Values
    ranks: Values
    place: int = 0

    def __len__(self) -> int:
        return len(self.rows) - self.place

    @property
    def factors(self) -> list[tuple[Factors, ...]]:
        """Factors of every array, for each class."""
        return self.frame.factors(self.rows[self.place :])

    @property
    def covers(self) -> int:
        """How many classes there are together with those for which they stand."""
        return self.frame.covered(self.rows[self.place :])

    @property
    def values(self) -> list[float]:
        """Lower bounds of the objective."""
        return list(self.ranks[0, self.place :].tolist())

    @property
    def energy(self) -> float:
        return float(self.energies[self.place])

    @property
    def least_energy(self) -> float:
        return float(self.energies[self.place :].min())

    @property
    def least_cycles(self) -> int:
        return int(self.frame.cycles[self.rows[self.place :]].min())

    @property
    def rank(self) -> Rank:
        return tuple(self.ranks[:, self.place].tolist())

    def first(self) -> Unopened:
        return self.frame.opened(self.rows[self.place :])

    def rest(self) -> Classes:
        return replace(self, place=self.place + 1)

    def __iter__(self) -> Iterator[Unopened]:
        return self.frame.each(self.rows[self.place :])


def _stands(architecture: Architecture, array: str, level: str) -> bool:
    """Whether an array stands outside of a level."""
    return architecture.index(array) < architecture.index(level)
