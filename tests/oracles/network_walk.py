"""What crosses the networks of arrays, walked point by point on any domain: docs/design/exact.md, Networks, literally.

Every count is the size of a set that was made: of sets sent at one time, of instances they reach, of links on the way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from polymap.architecture.hierarchy import Architecture, Array
from polymap.mapping.nest import Mapping, Spatial
from polymap.workload.einsum import Einsum, Tensor
from tests.oracles.exact_walk import Domain, Nest, Rules, Step, TensorWalk, everywhere, pick
from tests.oracles.walk import Index, Tile


@dataclass(frozen=True)
class Network:
    """One tensor over one array, in words; see `polymap.model.cost.Transport`.

    `packets` are those that set out in this array, `crossing` what passes between parent and child as a whole.
    """

    crossing: int
    packets: int
    delivered: int
    word_hops: int
    linked: int


Place = tuple[str, str, str]


def walk_networks(
    einsum: Einsum, mapping: Mapping, architecture: Architecture, rules: Rules, domain: Domain = everywhere
) -> dict[Place, Network]:
    """By array, tensor and the level below (the compute unit's too): what crosses every array on a tensor's way."""
    nest = Nest(einsum, architecture, mapping.without_unit_loops(), domain)
    return {place: found for tensor in einsum.tensors for place, found in of_tensor(nest, tensor, rules)}


def of_tensor(nest: Nest, tensor: Tensor, rules: Rules) -> Iterator[tuple[Place, Network]]:
    walk = TensorWalk(nest, tensor, rules)
    for q, p in pairwise((*walk.nodes(), nest.end)):
        child = nest.architecture.compute.name if p == nest.end else walk.level(p)
        way = Way(walk, q, p)
        for array in arrays_between(nest.architecture, walk.level(q), child):
            yield (array.name, tensor.name, child), way.over(array)


def arrays_between(architecture: Architecture, outer: str, inner: str) -> list[Array]:
    levels = architecture.hierarchy[architecture.index(outer) : architecture.index(inner)]
    return [level for level in levels if isinstance(level, Array)]


@dataclass(frozen=True)
class Way:
    """A tensor between its nodes at `q` and `p`, or the compute statement."""

    walk: TensorWalk
    q: int
    p: int

    def over(self, array: Array) -> Network:
        children = self.walk.timelines(self.p)
        packets = self.packets(array)
        sent = [(len(elements), places) for (*_, elements), places in packets.items()]
        return Network(
            crossing=sum(len(arrival.elements) for arrival in self.walk.crossing(self.q, self.p, children)),
            packets=sum(size for size, _ in sent),
            delivered=sum(size * len(places) for size, places in sent),
            word_hops=sum(size * len({link for at in places for link in path(at)}) for size, places in sent),
            linked=self.walk.linked(self.q, self.p, children),
        )

    def packets(self, array: Array) -> dict[tuple[Index, Index, Index, Index, Tile], set[Index]]:
        """By time, parent, where the array stands and what tells apart those that share nothing: the set of elements,
        and the places on the array that it goes to."""
        far = len(self.walk.nest.components(Spatial, self.q))
        arrays = self.walk.nest.architecture.arrays
        outer = self.near(*arrays[: arrays.index(array)])
        apart = self.near(*(other for other in arrays if not self.shares(other)))
        found: dict[tuple[Index, Index, Index, Index, Tile], set[Index]] = defaultdict(set)
        for instance, step in self.asked():
            if step.fetched:
                key = (step.time, instance[:far], pick(instance, outer), pick(instance, apart), step.fetched)
                found[key].add(self.place(array, instance))
        return found

    def asked(self) -> Iterator[tuple[Index, Step]]:
        return self.walk.asked(self.q, self.p, self.walk.timelines(self.p))

    def near(self, *arrays: Array) -> Index:
        """Which components of an instance's index belong to loops between q and p on these arrays."""
        return self.walk.near(self.q, self.p, lambda array: any(array is other for other in arrays))

    def shares(self, array: Array) -> bool:
        return array.reduces(self.walk.tensor) if self.walk.tensor.is_output else array.multicasts(self.walk.tensor)

    def place(self, array: Array, instance: Index) -> Index:
        """Where an instance stands on an array, dimension by dimension: outer loops count slower."""
        nest = self.walk.nest
        spatial = [nest.positions[k] for k in nest.components(Spatial, self.p)]
        place = {name: 0 for name, _ in array.shape}
        for at in self.near(array):
            name = nest.dimension(spatial[at])[1]
            place[name] = place[name] * nest.loop(spatial[at]).trip + instance[at]
        return tuple(place.values())


def path(at: Index) -> Iterator[tuple[Index, Index]]:
    """The links from the corner of a mesh: along the first dimension, then along the second, ..."""
    here = [0] * len(at)
    for d, end in enumerate(at):
        while here[d] < end:
            before = tuple(here)
            here[d] += 1
            yield before, tuple(here)
