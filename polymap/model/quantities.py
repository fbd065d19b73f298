"""What every engine counts for one tensor, and how reads, fills and updates follow. See docs/design/exact.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from polymap.model.readings import Number, divided


@dataclass(frozen=True)
class Quantities:
    """One tensor at one storage node: totals over the instances that run, in elements; `tile` is the largest.

    `fetched`: what the instances fetch from the parent (an output: send up). `crossing`: what passes between this node
    and the next inner one of the tensor (or the computes), once shared copies are merged. `seen`: distinct elements
    that each instance ever holds, `arriving`: those that reach it from below; only an output needs the two.
    `linked`: what the next inner instances take from one another instead, not in `crossing`.
    """

    level: str
    tile: Number
    instances: Number
    fetched: Number
    crossing: Number
    seen: Number = 0
    arriving: Number = 0
    linked: Number = 0


@dataclass(frozen=True)
class Counts:
    """One tensor at one memory, totals over the used instances in elements; `tile` is per instance.

    `additions` are the updates that meet a partial sum: all but the first of every element.
    """

    level: str
    tensor: str
    tile: Number
    instances: Number
    reads: Number
    fills: Number
    updates: Number
    additions: Number = 0


def actions(
    tensor: str, is_output: bool, nodes: Sequence[Quantities], drains_are_read: bool, all_write_first: bool = False
) -> tuple[Counts, ...]:
    """Counts at every node of a tensor, outermost first; nothing fills the outermost node, and it never drains.

    Input: reads = crossing (+ what the instances of this node take from one another), fills = fetched. Equation 7.
    Output: updates = crossing, the first write of an element is free: fills = fetched - seen,
    reads = updates - arriving (+ fetched, where a tile that leaves is read). Equation 8.

    With `all_write_first` what every
    instance below sends first is arriving, unless it is added to another's on its way.
    """
    if is_output:
        below = nodes[1:] if all_write_first else ()
        ours = [_sent_first(node, child) for node, child in zip(nodes, below)]
        nodes = [*ours, *nodes[len(ours) :]]
        return tuple(_output(tensor, node, i == 0, drains_are_read) for i, node in enumerate(nodes))
    passed_on = [0, *(node.linked for node in nodes)]
    return tuple(_input(tensor, node, i == 0, passed_on[i]) for i, node in enumerate(nodes))


def _sent_first(node: Quantities, below: Quantities) -> Quantities:
    """A node at which the first element that each instance below sends counts as arriving."""
    return replace(node, arriving=divided(below.seen * node.crossing, below.fetched))


def _input(tensor: str, node: Quantities, outermost: bool, passed_on: Number) -> Counts:
    fills = 0 if outermost else node.fetched
    return Counts(node.level, tensor, node.tile, node.instances, node.crossing + passed_on, fills, 0)


def _output(tensor: str, node: Quantities, outermost: bool, drains_are_read: bool) -> Counts:
    fills = 0 if outermost else node.fetched - node.seen
    drains = node.fetched if drains_are_read and not outermost else 0
    reads = node.crossing - node.arriving + drains
    additions = node.crossing - node.arriving
    return Counts(node.level, tensor, node.tile, node.instances, reads, fills, node.crossing, additions)
