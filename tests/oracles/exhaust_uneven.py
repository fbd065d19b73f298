"""Every mapping of the uneven mapspace, and the best of them: what no search may beat or miss.

A mapping is a flat list of nodes. Every pair of a memory and a tensor that it keeps (`keeps`, and any subset of
`may_keep`; every tensor somewhere) has one storage node of its own. Temporal loops stand anywhere, any number per
rank. The spatial loops of one array stand together, as a block; blocks and nodes go down the hierarchy as the legality
rules demand, and blocks of two arrays in the order of the arrays. `perfect` trips multiply to the size of their rank;
`imperfect` ones cover it, and no iteration of a loop is always empty.

Left out are mappings for which one of the same cost is listed. Each rule below rewrites a mapping into another one with
fewer loops or, these being equal, with nodes further out, or with loops in better order; so a listed one is reached.

* `merge`: two temporal loops of one rank with no node between are one loop: they visit the same tiles in the same
  order. Its trip is the product of theirs or, if fewer iterations cover the rank, those; then nothing of the rank is
  outside, and only iterations that never ran are gone. Where tiles overlap along the loop (a window), only the inner
  one of the two keeps the overlap; the one loop always does, so it fetches no more: no count of the mapping that is
  left out is smaller.
* `lift`: a node just below a temporal loop that is irrelevant to its tensor goes above it. Its tile is the same, and so
  is its innermost relevant temporal loop, which decides what is fetched and how often.
* `outermost`: the outermost node of a tensor goes up to the next block, or to the top. Nothing fills it; what it reads
  is what the next node asks for; and its memory has no limit, or holds the whole tensor wherever it stands.
* `tail`: temporal loops below every node, with no block between, stand in the order of the ranks: no residency sees
  them, and the computes touch their point at every step, whatever the order.
* `below_block`, on perfect factors only and if every coordinate is one rank, which is in no other: a temporal loop
  just inside a block goes above it. No tile changes; nor do two instances come to hold the same.
* `packing`: of two blocks of an array in which the trips of every rank have the same product (imperfect: are the same
  up to order), one is listed: linear positions of the instances and what they share depend on nothing else. All are
  where dimensions have rules (`dimensions`).
* `neighbours`: nodes with no loop between are listed in one order, the hierarchy's.

`lift`, `merge`, `tail`, `below_block` and `packing` are not argued for networks that count hops, links or shared
halos, nor for domains that are no boxes: there only those are used that do not need the argument (`sound`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias

from polymap.architecture.hierarchy import Architecture, Memory
from polymap.mapping.nest import Mapping, Storage
from polymap.workload.einsum import Einsum
from tests.oracles.uneven_loops import IMPERFECT, PERFECT, Rules, is_special, sequences
from tests.oracles.uneven_nests import Nest, Posed, Witness
from tests.oracles.uneven_nodes import with_nodes

__all__ = ["IMPERFECT", "PERFECT", "Rules", "Space", "Witness", "mappings"]

Held: TypeAlias = tuple[int, Memory, str]  # position, memory and tensor of a node


@dataclass(frozen=True)
class Point:
    """What a mapping costs: energy in pJ, cycles; bits that one memory moves and holds, if asked for."""

    energy: Fraction
    cycles: int
    moved: int = 0
    bits: int = 0


def mappings(einsum: Einsum, architecture: Architecture, factors: str = PERFECT) -> Iterator[Mapping]:
    """All legal uneven mappings, but for those that the rules leave out."""
    return Space(einsum, architecture, factors).mappings()


def sound(einsum: Einsum, architecture: Architecture, factors: str, rules: Rules) -> Rules:
    """Those of the rules whose arguments hold for a problem."""
    if any(is_special(array) for array in architecture.arrays) or not einsum.is_box:
        return replace(rules, merge=False, lift=False, tail=False, below_block=False, packing=False)
    return replace(rules, below_block=rules.below_block and factors == PERFECT and is_plain(einsum))


def is_plain(einsum: Einsum) -> bool:
    """Whether every coordinate is one rank, which is in no other coordinate of the tensor."""
    axes = [axis for tensor in einsum.tensors for axis in tensor.coordinates]
    alone = all(len(axis.terms) == 1 and abs(axis.terms[0][1]) == 1 for axis in axes)
    return alone and all(len(tensor.coordinates) == len(tensor.ranks) for tensor in einsum.tensors)


@dataclass(frozen=True)
class Space(Posed):
    """The uneven mapspace of an einsum on an architecture."""

    def __post_init__(self) -> None:
        assert self.factors in (PERFECT, IMPERFECT)
        assert self.conventions.tiles_stay
        assert not self.conventions.continuing_sweep
        object.__setattr__(self, "rules", sound(self.einsum, self.architecture, self.factors, self.rules))

    def mappings(self) -> Iterator[Mapping]:
        """All legal mappings."""
        for nest in self.nests():
            for placed in nest.placings():
                yield from self.listed(Witness(nest.sequence, placed))

    def listed(self, witness: Witness) -> Iterator[Mapping]:
        """The mappings at one place of the list: one, unless the order of neighbouring nodes is to be seen."""
        pairs = zip(self.einsum.tensors, witness.placed, strict=True)
        nodes = [(at, memory, tensor.name) for tensor, placed in pairs for memory, at in placed]
        ordered = sorted(nodes, key=lambda node: (node[0], self.architecture.index(node[1].name)))
        together = [[node for node in ordered if node[0] == at] for at in sorted({node[0] for node in ordered})]
        for order in self._arranged(together):
            storage = [(at, Storage(memory.name, (name,))) for at, memory, name in order]
            yield Mapping(with_nodes(witness.sequence, storage))

    def _arranged(self, groups: list[list[Held]]) -> Iterator[tuple[Held, ...]]:
        if not groups:
            yield ()
            return
        for order in self._orders(groups[0]):
            yield from ((*order, *rest) for rest in self._arranged(groups[1:]))

    def _orders(self, nodes: list[Held]) -> Iterator[tuple[Held, ...]]:
        """The orders of nodes with no loop between: of each tensor those that go down the hierarchy, as given."""
        if self.rules.neighbours or not nodes:
            yield tuple(nodes)
            return
        firsts = {name: i for i, (*_, name) in reversed(list(enumerate(nodes)))}
        for i in sorted(firsts.values()):
            yield from ((nodes[i], *others) for others in self._orders(nodes[:i] + nodes[i + 1 :]))

    def nests(self) -> Iterator[Nest]:
        """Every order of loops in which nodes can be placed, with the places that each tensor's can take in it."""
        return (nest for nest in self._ordered() if nest.size)

    def _ordered(self) -> Iterator[Nest]:
        pairs = [(memory, t) for t in self.einsum.tensors for memory in set().union(*self.homes[t.name])]
        most_same = len(pairs) - len(self.einsum.tensors) * self.rules.outermost
        found = sequences(self.einsum, self.architecture, self.factors, self.rules, most_same)
        return (Nest(self, sequence) for sequence in found)

    def is_within(self, limit: int) -> bool:
        """Whether there are no more than `limit` ways to place nodes, legal or not.

        An order of loops with no room for any takes a look, too: ten of them count as one way.
        """
        count = empty = 0
        for nest in self._ordered():
            count += nest.size
            empty += not nest.size
            if count + empty // 10 > limit:
                return False
        return True

    def points(self, level: str = "") -> Points:
        """Every different cost, each with a first mapping; bits moved and held are those of the memory `level`."""
        found: dict[tuple[int, ...], Witness] = {}
        mappings = 0
        for nest in self.nests():
            mappings += nest.collect(found, level)
        unit = self.pricer.unit
        return Points(
            self, {Point(Fraction(e, unit), *rest): witness for (e, *rest), witness in found.items()}, mappings
        )


@dataclass(frozen=True)
class Points:
    """All different costs of a space; of each a first mapping; how many mappings were priced."""

    space: Space
    witnesses: dict[Point, Witness]
    mappings: int

    def best(
        self, rank: Callable[[Point], tuple[Any, ...]], condition: Callable[[Point], bool] | None = None
    ) -> Point | None:
        """The first in rank of the points that meet a condition; None if none does."""
        allowed = (point for point in self.witnesses if condition is None or condition(point))
        return min(allowed, key=rank, default=None)

    def pareto(self) -> list[tuple[Fraction, int]]:
        """The (energy, cycles) that no other mapping is as good as in both; energy rises."""
        front: list[tuple[Fraction, int]] = []
        for point in sorted({(point.energy, point.cycles) for point in self.witnesses}):
            if not front or point[1] < front[-1][1]:
                front.append(point)
        return front

    def mapping(self, point: Point) -> Mapping:
        return next(self.space.listed(self.witnesses[point]))
