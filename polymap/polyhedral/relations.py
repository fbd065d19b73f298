"""What instances hold, as ISL relations from the indices of loops to elements of a tensor.

A relation speaks of one part of the ranks: independent parts multiply. Loops are called x0, x1, ..., ranks i0, i1, ...,
coordinates y0, y1, ...; see docs/design/exact.md for the rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import lcm

import islpy as isl

from polymap.polyhedral.nest import Line, Nest
from polymap.workload.domain import names_of
from polymap.workload.einsum import Affine, Tensor


@dataclass(frozen=True)
class Part:
    """The loops above a position and the coordinates of a tensor that belong to one group of ranks."""

    nest: Nest
    tensor: Tensor
    position: int
    ranks: frozenset[str]
    hull: bool

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for line in self.nest.lines[: self.position] if line.rank in self.ranks)

    @cached_property
    def followed(self) -> frozenset[Line]:
        """Loops whose index every element tells, because a coordinate follows their rank alone: tiles never meet."""
        alone = {at.ranks[0] for at in self.coordinates if len(at.ranks) == 1}
        return frozenset(line for line in self.lines if line.rank in alone)

    @cached_property
    def coordinates(self) -> tuple[Affine, ...]:
        return tuple(at for at in self.tensor.coordinates if set(at.ranks) & self.ranks)

    @cached_property
    def _known(self) -> tuple[str, ...]:
        return tuple(rank for rank in self.nest.einsum.sizes if rank in self.ranks)

    @cached_property
    def tiling(self) -> isl.Map:
        """From the indices above the position to the points of the domain that run below it."""
        return self._boxes().intersect_range(self._domain())

    def _trips(self) -> Iterable[str]:
        return (f"0 <= {line} < {line.trip}" for line in self.lines)

    def _base(self, rank: str) -> str:
        return " + ".join([f"{line.step}*{line}" for line in self.lines if line.rank == rank] or ["0"])

    def _domain(self) -> isl.Set:
        """The domain on this part's ranks; the part shares no constraint with other ranks."""
        whole = self.nest.einsum.domain().reset_tuple_id()
        names = names_of(whole)
        for position in reversed(range(len(names))):
            if names[position] not in self.ranks:
                whole = whole.project_out(isl.dim_type.set, position, 1)
        return whole

    @cached_property
    def held(self) -> isl.Map:
        """From every step and instance that runs to the elements of its tile."""
        if self.hull and self.nest.einsum.is_box:
            return self._hull()
        points = ", ".join(f"i{n}" for n in range(len(self._known)))
        values = ", ".join(self._value(at) for at in self.coordinates)
        access = isl.Map(f"{{ [{points}] -> [{values}] }}")
        return self.tiling.apply_range(access).coalesce()

    def _value(self, at: Affine) -> str:
        terms = [f"{coefficient}*i{self._known.index(rank)}" for rank, coefficient in at.terms]
        return " + ".join([*terms, str(at.constant)])

    def _hull(self) -> isl.Map:
        """Every coordinate filled between its least and greatest value over the box of the tile."""
        said = [*self._trips()]
        said += [f"{self._base(rank)} < {self.nest.einsum.sizes[rank]}" for rank in self._known]
        for d, at in enumerate(self.coordinates):
            said.append(f"{self._corner(at, high=False)} <= y{d} <= {self._corner(at, high=True)}")
        values = ", ".join(f"y{d}" for d in range(len(self.coordinates)))
        return isl.Map(f"{{ [{listed(self.lines)}] -> [{values}] : {' and '.join(said)} }}").coalesce()

    def _corner(self, at: Affine, high: bool) -> str:
        ends = (f"{c}*({self._end(rank) if (c > 0) == high else self._base(rank)})" for rank, c in at.terms)
        return " + ".join([*ends, str(at.constant)])

    def _end(self, rank: str) -> str:
        """The last point of a rank below the position: of a whole tile, or of the rank."""
        last, size, tile = self._base(rank), self.nest.einsum.sizes[rank], self.nest.tile(self.position, rank)
        whole = f"{last} + {tile - 1}"
        return whole if size % tile == 0 else f"min({whole}, {size - 1})"

    @property
    def relation(self) -> Relation:
        """What is held, with the loops it depends on."""
        return Relation(self.held, self.lines)

    @cached_property
    def steps(self) -> isl.Set:
        """Steps and instances that run."""
        return self.held.domain() if self.coordinates else self.tiling.domain()

    def held_at(self, step: isl.Point) -> isl.Set:
        """The tile of one step and instance."""
        return self.held.intersect_domain(isl.Set.from_point(step)).range()

    def representatives(self) -> tuple[isl.Set, isl.Set]:
        """Steps of which one has the largest tile: some that stand for others, and those that none stands for.

        A tile that only its box and the equalities of the domain bound is at least as large as every tile whose base
        differs from its own by a multiple of the period of these equalities: it holds a translate of that one.
        """
        lattice = self._domain().affine_hull()
        period = _period(lattice)
        if not all(_repeats(lattice, n, period) for n, rank in enumerate(self._known) if self._moves(rank)):
            return isl.Set.empty(self.steps.get_space()), self.steps
        cut = self._boxes().intersect_range(isl.Set.from_basic_set(lattice)).subtract(self.tiling).domain()
        uncut = self.tiling.domain().intersect(self._whole()).subtract(cut)
        residues = self._residues(period)
        chosen = residues.intersect_domain(uncut).reverse().lexmin()
        rest = self.tiling.domain().subtract(residues.intersect_range(chosen.domain()).domain())
        return chosen.range(), rest

    def _moves(self, rank: str) -> bool:
        return any(line.rank == rank for line in self.lines)

    def _whole(self) -> isl.Set:
        """Steps whose tiles end within the box."""
        sizes = self.nest.einsum.sizes
        ends = [
            f"{self._base(r)} + {min(self.nest.tile(self.position, r), sizes[r])} <= {sizes[r]}" for r in self._known
        ]
        return isl.Set(f"{{ [{listed(self.lines)}] : {' and '.join([*self._trips(), *ends])} }}")

    def _residues(self, period: int) -> isl.Map:
        """From a step to where its tile begins, modulo a period, in every rank."""
        begins = [f"({self._base(rank)}) mod {period}" for rank in self._known] if period > 1 else []
        return isl.Map(f"{{ [{listed(self.lines)}] -> [{', '.join(begins)}] }}")

    def _boxes(self) -> isl.Map:
        """From the indices above the position to the points below it, in the domain or not, but in the box."""
        names = {rank: f"i{n}" for n, rank in enumerate(self._known)}
        said = [*self._trips()]
        for rank, name in names.items():
            base, tile = self._base(rank), self.nest.tile(self.position, rank)
            said += [f"{base} <= {name} < {base} + {tile}", f"0 <= {name} < {self.nest.einsum.sizes[rank]}"]
        return isl.Map(f"{{ [{listed(self.lines)}] -> [{', '.join(names.values())}] : {' and '.join(said)} }}")

    def predecessors(self, inside: Sequence[Line]) -> isl.Map:
        """From a step to the last one before it that runs on the same instance, if only loops `inside` have moved."""
        return self.latest(" and ".join(f"{line}p = {line}" for line in self.lines if line not in inside), inside)

    def latest(self, said: str, inside: Sequence[Line]) -> isl.Map:
        """From a step to the last one that runs of those, with primed indices, that are `said` to go with it and that
        come before it in the order of the loops `inside`."""
        order = precedes([f"{line}p" for line in inside], [str(line) for line in inside])
        primed = ", ".join(f"{line}p" for line in self.lines)
        constraints = " and ".join(text for text in (said, f"({order})") if text)
        earlier = isl.Map(f"{{ [{listed(self.lines)}] -> [{primed}] : {constraints} }}")
        # With equalities that it has not seen, ISL may fail to find the maximum.
        return earlier.intersect_domain(self.steps).intersect_range(self.steps).detect_equalities().lexmax()

    def fetched(self, inside: Sequence[Line]) -> isl.Map:
        """What a step holds and, where only loops `inside` have moved, the step before it did not."""
        if not inside:
            return self.held
        return self.held.subtract(self.predecessors(inside).apply_range(self.held)).coalesce()

    def first(self, inside: Sequence[Line]) -> isl.Map:
        """What is held, at the first step that runs of the loops `inside` for every value of the others."""
        if not inside:
            return self.held
        kept = ", ".join(str(line) for line in self.lines if line not in inside)
        moving = isl.Map(f"{{ [{listed(self.lines)}] -> [[{kept}] -> [{listed(inside)}]] }}")
        order = self.steps.apply(moving).unwrap().lexmin()
        return self.held.intersect_domain(order.wrap().apply(moving.reverse()))


def _period(lattice: isl.BasicSet) -> int:
    """A number by which every dimension may move within equalities between integers and quotients."""
    period = 1
    for constraint in lattice.get_constraints():
        for division in range(constraint.dim(isl.dim_type.div)):
            period = lcm(period, int(constraint.get_coefficient_val(isl.dim_type.div, division).to_python()) or 1)
    return period


def _repeats(lattice: isl.BasicSet, dim: int, period: int) -> bool:
    """Whether a set stays the same when one dimension moves by the period."""
    names = [f"a{n}" for n in range(lattice.dim(isl.dim_type.set))]
    moved = ", ".join(f"{name} + {period}" if n == dim else name for n, name in enumerate(names))
    whole = isl.Set.from_basic_set(lattice)
    return bool(whole.apply(isl.Map(f"{{ [{', '.join(names)}] -> [{moved}] }}")).is_equal(whole))


def listed(lines: Iterable[Line]) -> str:
    """The lines as they are listed in a relation."""
    return ", ".join(str(line) for line in lines)


@dataclass(frozen=True)
class Relation:
    """From the indices of some loops to elements; `map` has one input dimension per line, in order."""

    map: isl.Map
    lines: tuple[Line, ...]

    def without(self, dropped: Collection[Line]) -> Relation:
        """With some loops projected out: what any of their iterations relates to."""
        found = self.map
        for n in reversed(range(len(self.lines))):
            if self.lines[n] in dropped:
                found = found.project_out(isl.dim_type.in_, n, 1)
        return Relation(found, tuple(line for line in self.lines if line not in dropped))

    def different(self, shared: Collection[Line]) -> Relation:
        """One instance for every different set that instances along the `shared` loops relate to, the rest equal."""
        here, primed = listed(self.lines), [f"{line}p" for line in self.lines if line in shared]
        other = ", ".join(f"{line}p" if line in shared else str(line) for line in self.lines)
        pairs = f"[{', '.join([here, *primed])}]"
        mine = isl.Map(f"{{ {pairs} -> [{here}] }}").apply_range(self.map)
        theirs = isl.Map(f"{{ {pairs} -> [{other}] }}").apply_range(self.map)
        earlier = isl.Set(f"{{ {pairs} : {precedes(primed, [name[:-1] for name in primed])} }}")
        both = mine.domain().intersect(theirs.domain()).intersect(earlier)
        mine, theirs = mine.intersect_domain(both), theirs.intersect_domain(both)
        unequal = mine.subtract(theirs).domain().union(theirs.subtract(mine).domain())
        repeated = both.subtract(unequal).apply(isl.Map(f"{{ {pairs} -> [{here}] }}"))
        return Relation(self.map.intersect_domain(self.map.domain().subtract(repeated)), self.lines)

    def points(self) -> isl.Set:
        """All pairs of indices and elements, as a set with as many points."""
        return self.map.apply_domain(self._joined()).wrap().coalesce()

    def steps(self) -> isl.Set:
        """All indices that relate to something, as a set with as many points."""
        return self.map.domain().apply(self._joined()).coalesce()

    def _joined(self) -> isl.Map:
        """Digits of one rank that follow each other become one number: fewer dimensions, as many values."""
        numbers: list[tuple[Line, str]] = []
        for line in self.lines:
            outer = next((n for n, (o, _) in enumerate(numbers) if o.rank == line.rank), None)
            if outer is not None and numbers[outer][0].step == line.step * line.trip:
                numbers[outer] = (line, f"{line.trip}*({numbers[outer][1]}) + {line}")
            else:
                numbers.insert(0, (line, str(line)))
        return isl.Map(f"{{ [{listed(self.lines)}] -> [{', '.join(text for _, text in numbers)}] }}")


def precedes(small: Sequence[str], large: Sequence[str]) -> str:
    """That one vector comes before another of the same length, in lexicographic order."""
    orders = []
    for n in range(len(small)):
        equal = [f"{a} = {b}" for a, b in zip(small[:n], large[:n], strict=True)]
        orders.append(" and ".join([*equal, f"{small[n]} < {large[n]}"]))
    return " or ".join(f"({order})" for order in orders) or "false"
