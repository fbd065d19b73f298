"""What crosses networks, by ISL relations: trees of hops, shared halos and links between neighbours.

docs/design/exact.md, Networks, has the sentences. A packet is the set that instances fetch at one time: those that
fetch the same are a class, known by the first of them. Links between neighbours compare whole tiles at different times;
where there are any, all ranks are one part.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import islpy as isl

from polymap.model.neighbours import Pair
from polymap.model.neighbours import Stop as Rest
from polymap.model.trees import Branches, Trees, grown
from polymap.polyhedral.counts import Stop, TensorCount
from polymap.polyhedral.nest import Line
from polymap.polyhedral.relations import Part, Relation, listed, precedes
from polymap.workload.counting import within

AFTER = 1000  # numbers of further lines come after those of all loops


@dataclass(frozen=True)
class Crossing:
    """What crosses between a tensor's parent and child."""

    count: TensorCount
    pair: Pair

    def trees(self, array: int) -> Trees:
        """What travels on one array, by its index in the hierarchy."""
        return grown([self._branches(ranks, array) for ranks in self._below.parts])

    def halo_reads(self) -> int:
        """Elements that the parent sends where arrays share halos."""
        joined = self._lines(loop for loop in self.pair.haloed)
        alone = self._lines(loop for loop in self.pair.near if self.pair.shares(loop))

        def unions(part: Part, found: Relation) -> Relation:
            sent = found.without([line for line in found.lines if line in joined])
            mine = [line for line in sent.lines if line in alone and line not in part.followed]
            if not part.coordinates:
                return sent.without(mine)
            return sent.different(mine) if mine else sent

        return self.count.product(self._stop(self.pair.child), self._what("shared halos"), unions)

    def passed(self) -> tuple[int, int]:
        """Elements that the parent sends where neighbours pass tiles on, and those that they pass on."""
        (ranks,) = self._below.parts
        crossing, asked = self._stem(ranks, -1, 0), self._points("links", ranks, self._asked(ranks))
        return crossing, self._points("links", ranks, self._fetched(ranks)) - asked

    # Where the tensor rests, and which loops lie between.

    @cached_property
    def _below(self) -> Stop:
        """The child; with links all ranks are one part."""
        below = self._stop(self.pair.child)
        ranks = frozenset(self.count.nest.einsum.sizes)
        return replace(below, parts=(ranks,), main=ranks) if self.pair.linked else below

    def _stop(self, rest: Rest) -> Stop:
        return self.count.stop("a memory" if rest.keeps else "", rest.position)

    def _lines(self, loops: Iterable[int]) -> list[Line]:
        return [self.count.nest.lines[loop] for loop in loops]

    def _what(self, what: str) -> str:
        return f"{what} of {self.pair.access.tensor.name}"

    def _part(self, ranks: frozenset[str]) -> Part:
        return self.count.part(self._below, ranks)

    # Trees.

    def _branches(self, ranks: frozenset[str], array: int) -> Branches:
        """One part's share of the trees. Where a part does not run along a dimension its stems stay the same."""
        stems, reaches = [self._stem(ranks, array, 0)], list[int]()
        for d, along in enumerate(self._along(ranks, array)):
            stems.append(self._stem(ranks, array, d + 1) if along else stems[-1])
            reaches.append(self._reach(ranks, array, d, along) if along else 0)
        return Branches(tuple(stems), tuple(reaches))

    def _along(self, ranks: frozenset[str], array: int) -> list[list[Line]]:
        """By dimension of an array, the loops of a part along it."""
        slots, near = self.pair.nest.slots, [n for n in self.pair.near if self.count.nest.lines[n].rank in ranks]
        return [
            self._lines(n for n in near if (slots[n].array, slots[n].dim) == (array, dim))
            for dim in self.pair.dims(array)
        ]

    def _stem(self, ranks: frozenset[str], array: int, dims: int) -> int:
        """Elements of all packets times the different places of their members in the first dimensions of an array."""
        return self._points("hops", ranks, self._sent(ranks, array), self._hidden(array, dims))

    def _reach(self, ranks: frozenset[str], array: int, d: int, along: Sequence[Line]) -> int:
        """Elements of all packets times how far their farthest members stand in dimension `d`, place by place in those
        before it."""
        found, place = self._sent(ranks, array), " + ".join(f"{self.pair.place(line.index)}*{line}" for line in along)
        steps = isl.Map(f"{{ [{listed(found.lines)}] -> [k] : 0 <= k < {place} }}")
        long = Relation(found.map.flat_range_product(steps), found.lines)
        return self._points("hops", ranks, long, self._hidden(array, d))

    def _points(self, what: str, ranks: frozenset[str], found: Relation, hidden: Collection[Line] = ()) -> int:
        gone = {*hidden, *self._part(ranks).followed}
        return within(self._what(what), lambda: self.count.counted(found.without(gone).points()))

    def _sent(self, ranks: frozenset[str], array: int) -> Relation:
        """What the parent is asked for, by steps, instances and, where these differ from the instances, classes."""
        part, found = self._part(ranks), self._asked(ranks)
        mine = tuple(line for line in self._merged(array) if line in part.lines and line not in part.followed)
        is_one = part.position == self.count.nest.end or not part.coordinates
        if is_one or not mine:
            return found
        return self._kept(("classes", ranks, mine), lambda: classes(found, mine))

    def _merged(self, array: int) -> list[Line]:
        """Loops along which instances that fetch the same are reached by one packet of an array."""
        slots = self.pair.nest.slots
        return self._lines(n for n in self.pair.near if self.pair.shares(n) and slots[n].array >= array)

    def _hidden(self, array: int, dims: int) -> list[Line]:
        """Loops of the instances of a packet that do not tell their places in the first dimensions of an array."""
        shown, slots = self.pair.dims(array)[:dims], self.pair.nest.slots
        return [
            line
            for line in self._merged(array)
            if not (slots[line.index].array == array and slots[line.index].dim in shown)
        ]

    # What is fetched, and what of it the parent is asked for. Each relation is made once.

    def _kept(self, key: tuple[object, ...], made: Callable[[], Relation]) -> Relation:
        if key not in self._known:
            self._known[key] = within(self._what("links" if self.pair.linked else "hops"), made)
        return self._known[key]

    @cached_property
    def _known(self) -> dict[tuple[object, ...], Relation]:
        return {}

    def _fetched(self, ranks: frozenset[str]) -> Relation:
        return self._kept(("fetched", ranks), lambda: self.count.fetched(self._below, self._part(ranks)))

    def _asked(self, ranks: frozenset[str]) -> Relation:
        """What is fetched and no neighbour passes on."""
        found = self._fetched(ranks)
        if not self.pair.linked:
            return found
        return self._kept(("asked", ranks), lambda: self._left(found, self._part(ranks)))

    def _left(self, found: Relation, part: Part) -> Relation:
        steps, moving = found.map.domain(), [line for line in part.lines if not line.is_spatial]
        for beside in self._beside(part):
            before = part.latest(f"({beside})", moving)
            steps = steps.subtract(alike(before.intersect_domain(steps), part.held).domain())
        return Relation(found.map.intersect_domain(steps), found.lines)

    def _beside(self, part: Part) -> Iterator[str]:
        """What makes a primed instance a neighbour of another: one position along one dimension of an array."""
        slots = self.pair.nest.slots
        for array, dim in sorted({(slots[loop].array, slots[loop].dim) for loop in self.pair.linked}):
            along = [n for n in self.pair.linked if (slots[n].array, slots[n].dim) == (array, dim)]
            equal = [f"{line}p = {line}" for line in part.lines if line.is_spatial and line.index not in along]
            apart = " + ".join(f"{self.pair.place(n)}*(x{n}p - x{n})" for n in along)
            for step in (-1, 1):
                yield " and ".join([*equal, f"{apart} = {step}"])


def alike(pairs: isl.Map, held: isl.Map) -> isl.Map:
    """The pairs of steps that hold the same."""
    mine, theirs = pairs.domain_map().apply_range(held), pairs.range_map().apply_range(held)
    unequal = mine.subtract(theirs).domain().union(theirs.subtract(mine).domain())
    return pairs.wrap().subtract(unequal).unwrap()


def classes(found: Relation, shared: Collection[Line]) -> Relation:
    """With the index of the first instance along the `shared` loops that relates to the same set, as further lines."""
    mine = [line for line in found.lines if line in shared]
    primed = [f"{line}p" for line in mine]
    other = ", ".join(f"{line}p" if line in shared else str(line) for line in found.lines)
    here, order = listed(found.lines), precedes(primed, [str(line) for line in mine])
    same = " and ".join(f"{line}p = {line}" for line in mine)
    pairs = isl.Map(f"{{ [{here}] -> [{other}] : ({order}) or ({same}) }}")
    pairs = pairs.intersect_domain(found.map.domain()).intersect_range(found.map.domain())
    first = alike(pairs, found.map).detect_equalities().lexmin()
    joined = isl.Map(f"{{ [[{here}] -> [{other}]] -> [{here}, {', '.join(primed)}] }}")
    related = first.domain_map().apply_range(found.map).apply_domain(joined)
    lines = tuple(replace(line, index=line.index + AFTER, rank=f"{line.rank}'") for line in mine)
    return Relation(related, (*found.lines, *lines))
