"""A network as einsums: what its operations compute, how often, and what of it is left out, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from polymap.frontends.alike import essence
from polymap.workload.einsum import Einsum, Layer, Network

PRODUCT = "product"  # multiply-accumulates: what the compute units of a machine do


@dataclass(frozen=True)
class Operation:
    """One einsum and the operations of a network that compute it.

    `kind` is what is done at each point of the domain: `product` (a multiply-accumulate), `max` or `sum` (into the
    output), `pointwise` (some function of one element of each input). The accesses are exact for every kind.
    `op` is what the network calls it, e.g. `Conv`; `nodes` are the names of the operations, of which the first names
    the einsum. `repeat` is how often it runs.
    """

    einsum: Einsum
    kind: str
    op: str
    nodes: tuple[str, ...]
    repeat: int = 1

    @property
    def name(self) -> str:
        return self.einsum.name


@dataclass(frozen=True)
class Skipped:
    """Operations that become no einsum: what they are called, how many there are, and why."""

    op: str
    count: int
    reason: str


@dataclass(frozen=True)
class Model:
    """A network: its distinct products, its distinct other operations, and what is skipped.

    Two operations are the same if their einsums differ in nothing but names (see `essence`).
    """

    name: str
    layers: tuple[Operation, ...]
    others: tuple[Operation, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    source: str = ""

    @property
    def network(self) -> Network:
        """The products alone, as the mapper takes them; a machine's compute units do nothing else."""
        return Network(self.name, tuple(Layer(found.einsum, found.repeat) for found in self.layers), self.source)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all products, repeats included."""
        return sum(found.repeat * found.einsum.computes for found in self.layers)


@dataclass(frozen=True)
class Left:
    """One operation that becomes no einsum, and why."""

    op: str
    reason: str


def gathered(name: str, found: Iterable[Operation | Left], source: str = "") -> Model:
    """The model of some operations, in their order; equal ones are merged, left ones counted."""
    listed = list(found)
    operations = merged(apart([item for item in listed if isinstance(item, Operation)]))
    products = tuple(item for item in operations if item.kind == PRODUCT)
    others = tuple(item for item in operations if item.kind != PRODUCT)
    left = Counter(item for item in listed if isinstance(item, Left))
    skipped = tuple(Skipped(item.op, count, item.reason) for item, count in left.items())
    return Model(name, products, others, skipped, source)


def apart(operations: Sequence[Operation]) -> list[Operation]:
    """The operations under distinct names: a name that is taken gets `~2`, `~3`, ..."""
    seen: Counter[str] = Counter()
    renamed: list[Operation] = []
    for operation in operations:
        seen[operation.name] += 1
        nth = seen[operation.name]
        renamed.append(operation if nth == 1 else _called(operation, f"{operation.name}~{nth}"))
    return renamed


def _called(operation: Operation, name: str) -> Operation:
    return replace(operation, einsum=replace(operation.einsum, name=name), nodes=(name,))


def merged(operations: Iterable[Operation]) -> list[Operation]:
    """Equal operations once, where the first of them stands, with all their nodes and repeats.

    Products are equal if their einsums are; of the other kinds, only operations of the same name.
    """
    groups: dict[object, list[Operation]] = {}
    for operation in operations:
        what = "" if operation.kind == PRODUCT else operation.op
        groups.setdefault((operation.kind, what, essence(operation.einsum)), []).append(operation)
    return [_together(group) for group in groups.values()]


def _together(group: Sequence[Operation]) -> Operation:
    nodes = tuple(node for operation in group for node in operation.nodes)
    return replace(group[0], nodes=nodes, repeat=sum(operation.repeat for operation in group))
