"""Mappings -> constraints: what is unrolled along each dimension of the array, and the order of loops."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polymap import spec
from polymap.frontends.aside import LeftOut
from polymap.frontends.zigzag.layers import LINKS, Layer
from polymap.quantity import shown
from polymap.spec import Items, Scalar

DEFAULT, ANY = "default", "*"
UNROLLED = re.compile(r"\s*([A-Za-z]\w*)\s*,\s*(\d{1,9})\s*")
ASIDE = {
    "spatial_mapping_hint": "hints steer the search of that tool",
    "core_allocation": "there is one core",
}


@dataclass(frozen=True)
class Rules:
    """What one entry says: the name of an operator, a layer or `default`, which tensor is which memory operand."""

    name: str
    links: Mapping[str, str]
    spatial: Mapping[str, tuple[tuple[str, int], ...]]
    order: tuple[str, ...]
    reader: spec.Reader

    def document(self, layers: Sequence[Layer], left_out: LeftOut) -> dict[str, Any]:
        """The constraints on the layers that it is for; without layers, on any."""
        parallel = {dim: self._unrolled(dim, layers, left_out) for dim in self.spatial}
        order = _ordered([rank for rank in self.order if rank == ANY or _is_in(rank, layers)])
        loops = {"loops": {"every": {"order": order}}} if order else {}
        head = {"polymap": "constraints/1", "name": self.name, "source": "converted from ZigZag's files"}
        return {**head, **({"parallel": parallel} if parallel else {}), **loops} if parallel or loops else {}

    def _unrolled(self, dim: str, layers: Sequence[Layer], left_out: LeftOut) -> dict[str, Any]:
        """Exactly as often as it says where this divides every size, else at most as often."""
        wanted = [(rank, count) for rank, count in self.spatial[dim] if _is_in(rank, layers)]
        factors: dict[str, Any] = {}
        for rank, count in wanted:
            even = all(layer.sizes[rank] % count == 0 for layer in layers if rank in layer.sizes)
            factors[rank] = count if even else f"at most {count}"
            if not even:
                reason = f"{count} do not divide every {rank}, so that it is unrolled at most as often"
                left_out.tell(self.reader.place_of("spatial_mapping"), rank, reason)
        said: dict[str, Any] = {"only": [rank for rank, _ in wanted]}
        return {**said, "factors": factors} if factors else said


def _is_in(rank: str, layers: Sequence[Layer]) -> bool:
    return not layers or any(rank in layer.sizes for layer in layers)


def rules(readers: Sequence[spec.Reader], left_out: LeftOut) -> tuple[Rules, ...]:
    """All entries. Mistakes are noted."""
    found = tuple(_rules(reader, left_out) for reader in readers)
    for at, each in enumerate(found):
        if any(other.name == each.name for other in found[:at]):
            each.reader.wrong(f"a second mapping is called {shown(each.name)}", "keep one", key="name")
    return found


def chosen(layer: Layer, found: Sequence[Rules]) -> Rules | None:
    """The entry for a layer: by its name, else by its operator, else the default one."""
    by_name = {each.name: each for each in found}
    return by_name.get(layer.name) or by_name.get(layer.operator) or by_name.get(DEFAULT)


def _rules(reader: spec.Reader, left_out: LeftOut) -> Rules:
    left_out.known(reader, ASIDE)
    links = dict(reader.table("memory_operand_links", spec.identifier)) or LINKS
    spatial = reader.child("spatial_mapping")
    unrolled = {dim: spatial.values(dim, _count) for dim in spatial.keys}
    return Rules(reader.text("name", required=True), links, unrolled, tuple(_order(reader, left_out)), reader)


def _count(value: object) -> tuple[str, int]:
    match = UNROLLED.fullmatch(str(value))
    if not match or not int(match[2]):
        raise spec.Misread(f"{shown(value)} is no unrolling", "write e.g. `K, 32`")
    return match[1].lower(), int(match[2])


def _order(reader: spec.Reader, left_out: LeftOut) -> Iterator[str]:
    """The ranks of loops, outermost first, `*` for those that are left open; nothing where it cannot be said."""
    node = reader.node_of("temporal_ordering")
    pairs = [item.items for item in node.items if isinstance(item, Items)] if isinstance(node, Items) else []
    names = [pair[0].text.lower() for pair in pairs if len(pair) == 2 and isinstance(pair[0], Scalar)]
    if isinstance(node, Items) and (len(pairs) != len(node.items) or len(names) != len(pairs)):
        reader.wrong("an order is a list of pairs", "write e.g. `[[OX, 112], [K, '*']]`", key="temporal_ordering")
    elif len(set(names)) < len(names):
        reason = "an order with several loops of one dimension has no counterpart: write it as a mapping"
        left_out.tell(reader.place_of("temporal_ordering"), "temporal_ordering", reason)
    else:
        if names:
            reason = (
                "the order holds within each memory; sizes of loops, and which memory they belong to, are left open"
            )
            left_out.tell(reader.place_of("temporal_ordering"), "temporal_ordering", reason)
        yield from reversed(names)


def _ordered(ranks: Sequence[str]) -> str:
    """The text of an order of loops, outermost first."""
    named = [rank for rank in ranks if rank != ANY]
    if ANY in ranks and named:
        return " ".join("..." if rank == ANY else rank for rank in ranks)
    return " before ".join(named) if len(named) > 1 else ""
