"""The tree of components -> memories outermost first, and the compute units."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from polymap import spec
from polymap.frontends.aside import LeftOut
from polymap.frontends.timeloop import ignored
from polymap.quantity import shown

STORAGE = ("DRAM", "SRAM", "regfile", "smartbuffer", "storage")
COMPUTE = ("mac", "intmac", "fpmac", "compute")
NETWORK = ("XY_NoC", "Legacy", "ReductionTree", "SimpleMulticast")
RANGE = re.compile(r"(?P<name>[^[]*)(\[(?P<low>\d{1,18})\.\.(?P<high>\d{1,18})\])?")


@dataclass(frozen=True)
class Component:
    """A memory or a compute unit; `copies` are its instances on the chip, by the ranges in the tree."""

    reader: spec.Reader
    attributes: spec.Reader
    name: str
    kind: str
    copies: int

    @property
    def is_memory(self) -> bool:
        return _is_any(self.kind, STORAGE)

    @property
    def mesh(self) -> tuple[int, int]:
        """Instances along X and Y, over the whole chip."""
        a = self.attributes
        instances = a.integer("instances", self.copies)
        if a.has("meshX") and a.has("meshY"):
            return self._whole(a.integer("meshX"), a.integer("meshY"))
        if a.has("meshX"):
            return a.integer("meshX"), _rest(a, "meshX", instances)
        if a.has("meshY"):
            return _rest(a, "meshY", instances), a.integer("meshY")
        return instances, 1

    def _whole(self, along_x: int, along_y: int) -> tuple[int, int]:
        a = self.attributes
        if a.has("instances") and a.integer("instances") != along_x * along_y:
            text = f"{along_x} x {along_y} are not the {a.integer('instances')} `instances`"
            a.wrong(text, "give the meshes only, or make them agree", key="instances")
        return along_x, along_y


def components(tree: spec.Reader, left_out: LeftOut) -> tuple[Component, ...]:
    """The memories, outermost first, then the compute units wherever they stand: that tool puts them below all."""
    if tree.has("local"):
        tree.wrong("components stand outside the tree", "put them below a `subtree`", key="local")
        tree.children("local")
    found = tuple(_below(tree, 1, left_out))
    return (*(c for c in found if c.is_memory), *(c for c in found if not c.is_memory))


def _below(tree: spec.Reader, copies: int, left_out: LeftOut) -> Iterator[Component]:
    """All components of a subtree: those of `local`, then those of the next one."""
    subtrees = tree.children("subtree")
    if len(subtrees) > 1:
        tree.wrong("the tree has branches", "only a chain of levels has an order", key="subtree")
    for subtree in subtrees[:1]:
        _pass_over_defaults(subtree, left_out)
        _, inside = _name_and_copies(subtree)
        for local in subtree.children("local"):
            yield from _component(local, copies * inside, left_out)
        yield from _below(subtree, copies * inside, left_out)


def _pass_over_defaults(subtree: spec.Reader, left_out: LeftOut) -> None:
    """The attributes of a container say nothing that its components do not repeat."""
    left_out.known(subtree, ignored.TREE)
    attributes, reasons = subtree.child("attributes"), ignored.container()
    left_out.known(attributes, reasons)
    left_out.unknown(attributes, reasons)


def _name_and_copies(reader: spec.Reader) -> tuple[str, int]:
    text = reader.text("name", required=True)
    match = RANGE.fullmatch(text)
    if not match or (match["high"] and int(match["high"]) < int(match["low"])):
        reader.wrong(f"{shown(text)} is no name with a range", "write e.g. `PE[0..3]`", key="name")
        return text, 1
    return match["name"].strip(), int(match["high"]) - int(match["low"]) + 1 if match["high"] else 1


def _component(local: spec.Reader, copies: int, left_out: LeftOut) -> Iterator[Component]:
    """The component, if it is of a kind that is modelled."""
    name, mine = _name_and_copies(local)
    kind = local.text("class", required=True)
    if kind in NETWORK:
        local.ignore_rest()
        local.wrong("user-defined networks are not modelled", "give energies to the memory above instead", key="class")
    elif kind and not _is_any(kind, (*STORAGE, *COMPUTE)):
        reason = f"{shown(kind)} is the class of neither a memory nor a compute unit, so {name} is left out"
        left_out.tell(local.place_of("class"), name, reason)
        local.ignore_rest()
    else:
        left_out.known(local, ignored.COMPONENT)
        attributes = local.child("attributes")
        left_out.known(attributes, ignored.ATTRIBUTES)
        attributes.has("global_cycle_seconds")
        yield Component(local, attributes, name, kind, copies * mine)


def _is_any(kind: str, words: tuple[str, ...]) -> bool:
    return any(word in kind for word in words)


def _rest(a: spec.Reader, key: str, instances: int) -> int:
    """Instances along the other dimension."""
    along = a.integer(key)
    if instances % along:
        a.wrong(f"{along} along one dimension do not divide the {instances} instances", "give both meshes", key=key)
    return max(1, instances // along)
