"""The section `arch`: tagged nodes, outermost first -> levels of polymap's hierarchy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar

from polymap import spec
from polymap.frontends.accelforge import values
from polymap.frontends.accelforge.actions import Ports, actions, ports
from polymap.frontends.accelforge.fan import fan
from polymap.frontends.accelforge.kinds import Known, Number, Tensors, truth
from polymap.frontends.accelforge.workload import ANY, Einsum
from polymap.frontends.amounts import amount, decimal
from polymap.frontends.aside import LeftOut
from polymap.quantity import Misread
from polymap.spec import TAG

KINDS = ("Memory", "Compute", "Container", "Hierarchical")
UNLIMITED = "562949953421312 b"  # 2^49, the most that a capacity says
_MODELS = "read by that tool's component models; energies and rates come from `actions`"
_SEARCH = "limits the search there, and has no counterpart yet"
ASIDE = {
    "extra_attributes_for_component_model": _MODELS,
    "extra_attributes": _MODELS,
    "component_model": _MODELS,
    "component_modeling_log": _MODELS,
}
TENSORS_ASIDE = dict.fromkeys(
    (
        "tile_shape",
        "no_refetch_from_above",
        "no_resend_to_below",
        "tensor_order_options",
        "force_memory_hierarchy_order",
    ),
    _SEARCH,
)


T = TypeVar("T")
APART = "convert them one by one, each with the architecture"


@dataclass(frozen=True)
class Machine:
    """Levels as a document has them, outermost first, and the clock."""

    hierarchy: tuple[dict[str, Any], ...]
    clock_hz: Fraction


@dataclass(frozen=True)
class _Level:
    """A level, and how long it takes."""

    said: dict[str, Any]
    ports: Ports | None


def machine(section: spec.Reader, names: Known, einsums: Sequence[Einsum], left_out: LeftOut) -> Machine:
    """The machine while any of the einsums is computed. `names`: the variables of the files. Mistakes are noted."""
    left_out.known(section, {"extra_attributes_for_all_component_models": _MODELS, "name": "names the chip"})
    walk = _Walk([*einsums] or [ANY], names, left_out)
    walk.nodes(section)
    walk.check_whole(section)
    return Machine(tuple(_timed(level) for level in walk.levels), walk.clock_hz)


def _timed(level: _Level) -> dict[str, Any]:
    rates = level.ports.rates() if level.ports else {}
    if not rates:
        return level.said
    return {**level.said, "bandwidth": {port: amount(rate / 8 / 10**9, "GB/s") for port, rate in rates.items()}}


def _with(parse: Callable[[object, Known], T], known: Known, value: object) -> T:
    return parse(value, known)


def _truth(value: object, known: Known) -> bool:
    return truth(values.evaluate(value, known))


class _Walk:
    """Walks the nodes; expressions are worked out for each einsum, and must agree."""

    def __init__(self, einsums: Sequence[Einsum], names: Known, left_out: LeftOut) -> None:
        self.einsums, self.left_out = einsums, left_out
        self.known = [einsum.known.with_names(names.names) for einsum in einsums]
        self.levels: list[_Level] = []
        self.compute: list[str] = []
        self.clock_hz = Fraction(10**9)

    def nodes(self, parent: spec.Reader) -> None:
        for node in parent.children("nodes", required=True):
            kind = node.text(TAG)
            if kind == "Hierarchical":
                self.nodes(node)
            elif kind in KINDS:
                self.named(node, kind)
            else:
                node.ignore_rest()
                what = f"`!{kind}` has no counterpart" if kind else "a node has no tag"
                node.wrong(what, f"there are: !{', !'.join(KINDS)}")

    def named(self, node: spec.Reader, kind: str) -> None:
        name = node.name("name", required=True)
        self.left_out.known(node, ASIDE)
        if not self.same(node, "enabled", _truth, True):
            self.left_out.tell(node.place, name, f"{name} is not enabled for these einsums")
            node.ignore_rest()
            return
        if node.integer("n_parallel_instances", 1, below=2**31) > 1:
            node.wrong(
                "instances in parallel have no counterpart",
                "write a fan-out under `spatial`",
                key="n_parallel_instances",
            )
        array = fan(
            node, name if kind == "Container" else f"{name}_array", self.number, self.names, self.of, self.left_out
        )
        if array:
            self.levels.append(_Level(array, None))
        if kind == "Memory":
            self.memory(node, name)
        elif kind == "Compute":
            self.unit(node, name)

    # expressions

    def same(self, node: spec.Reader, key: str, parse: Callable[[object, Known], T], otherwise: T) -> T:
        """The value of a key, which must be the same for all einsums."""
        found = [node.value(key, partial(_with, parse, known), otherwise) for known in self.known]
        if any(other != found[0] for other in found):
            node.wrong(f"`{key}` differs between einsums", APART, key=key)
        return found[0]

    def number(self, node: spec.Reader, key: str, otherwise: Number | None = None) -> Number:
        """A number; required if there is nothing otherwise."""
        if otherwise is None and not node.has(key):
            node.wrong(f"`{key}` is missing", f"add `{key}: ...`, as that tool's component models give it")
        stands_in = Fraction(0) if otherwise is None else otherwise
        return self.same(node, key, values.number, stands_in)

    def finite(self, node: spec.Reader, key: str) -> Fraction:
        found = self.number(node, key, Fraction(0))
        if not isinstance(found, Fraction) or found < 0:
            node.wrong(f"`{key}` is no amount", "write 0 or more", key=key)
            return Fraction(0)
        return found

    def names(self, node: spec.Reader, key: str, otherwise: str = "Nothing") -> tuple[str, ...]:
        """A set of tensors as roles, in the order of the einsum, the same for all of them."""
        found = [self.labels(node, key, otherwise, einsum, known) for einsum, known in zip(self.einsums, self.known)]
        listed = tuple(dict.fromkeys(label for labels in found for label in labels))
        for einsum, labels in zip(self.einsums, found):
            there = {einsum.label(tensor) for tensor in einsum.tensors}
            if any(label in there and label not in labels for label in listed):
                node.wrong(f"`{key}` differs between einsums", APART, key=key)
                break
        return listed

    def of(self, text: str) -> tuple[str, ...]:
        """A set of tensors as roles, by its expression."""
        found = [
            einsum.label(tensor)
            for einsum, known in zip(self.einsums, self.known)
            for tensor in einsum.tensors
            if tensor in values.tensors(text, known)
        ]
        return tuple(dict.fromkeys(found))

    def labels(self, node: spec.Reader, key: str, otherwise: str, einsum: Einsum, known: Known) -> list[str]:
        chosen: frozenset[str] = node.value(key, lambda value: values.tensors(value, known), frozenset[str]())
        if not node.has(key):
            chosen = values.tensors(otherwise, known)
        order = einsum.tensors
        return [einsum.label(tensor) for tensor in order if tensor in chosen]

    # levels

    def memory(self, node: spec.Reader, name: str) -> None:
        is_outermost = not any("memory" in level.said for level in self.levels)
        room = (
            {}
            if is_outermost and self.number(node, "size", math.inf) == math.inf
            else {"capacity": self.room(node, name)}
        )
        done = actions(node, ("read", "write"), self.number, self.left_out)
        said = {
            "memory": name,
            **room,
            "width": "1 b",
            "energy": {action: amount(done[action].joules_per_bit * 10**12, "pJ") for action in ("read", "write")},
            **self.words(node),
            **self.kept(node, name),
            **self.upkeep(node, done.is_free),
        }
        self.levels.append(_Level(said, ports(node, done, self.known[0])))

    def room(self, node: spec.Reader, name: str) -> str:
        size = self.number(node, "size")
        if isinstance(size, float):
            self.left_out.tell(node.place_of("size"), name, f"{name} has no limit, which is written as 2^49 bits")
            return UNLIMITED
        if size < 0 or size.denominator != 1:
            node.wrong("a size is a whole number of bits", "round it", key="size")
        return f"{decimal(size)} b"

    def words(self, node: spec.Reader) -> dict[str, Any]:
        """Bits that an element takes here, where they are not its own."""
        if not node.has("bits_per_value"):
            return {}
        found = [dict(self.word(node, einsum, known)) for einsum, known in zip(self.einsums, self.known)]
        if any(other != found[0] for other in found):
            node.wrong("`bits_per_value` differs between einsums", "convert them one by one", key="bits_per_value")
        return {"word": found[0]} if found[0] else {}

    def word(self, node: spec.Reader, einsum: Einsum, known: Known) -> Iterator[tuple[str, str]]:
        for key, bits in node.table("bits_per_value", lambda value: values.number(value, known)):
            try:
                names = values.tensors(key, known)
            except Misread as wrong:
                node.wrong(wrong.message, wrong.mend, key="bits_per_value")
                return
            if isinstance(bits, Fraction):
                yield from ((einsum.label(t), f"{decimal(bits)} b") for t in einsum.tensors if t in names)

    def kept(self, node: spec.Reader, name: str) -> dict[str, Any]:
        """What must and what may be kept; the sets of this memory are known to those below."""
        kept = node.child("tensors")
        self.left_out.known(kept, TENSORS_ASIDE)
        keep = self.names(kept, "keep")
        back = self.names(kept, "back")
        must = tuple(dict.fromkeys((*keep, *back)))
        may = [n for n in self.names(kept, "may_keep", "Nothing" if kept.has("keep") else "All") if n not in must]
        self.known = [
            self.remembered(known, einsum, name, must, may) for einsum, known in zip(self.einsums, self.known)
        ]
        everything = {einsum.label(t) for einsum in self.einsums for t in einsum.tensors}
        if {*must} >= everything:
            return {}
        said = {"keeps": list(must), "may_keep": may}
        return {key: listed for key, listed in said.items() if listed} or {"may_keep": []}

    def remembered(self, known: Known, einsum: Einsum, name: str, must: Sequence[str], may: Sequence[str]) -> Known:
        """The name of a memory stands for what it keeps, where the mapper does not choose."""
        tensors = frozenset(t for t in einsum.tensors if einsum.label(t) in must)
        return known if may else known.with_names({name: Tensors(tensors)})

    def upkeep(self, node: spec.Reader, is_free: bool) -> dict[str, str]:
        """Leakage and area, where there is some."""
        leak = self.finite(node, "leak_power") * self.scale(node, "leak_power_scale")
        area = self.finite(node, "area") * self.scale(node, "area_scale")
        if not is_free and not node.has("leak_power"):
            self.left_out.tell(node.place, "leak_power", "leakage that component models give is not known, and is 0")
        said = {
            "leakage": amount(leak * 1000, "mW") if leak else "",
            "area": amount(area * 10**6, "mm2") if area else "",
        }
        return {key: text for key, text in said.items() if text}

    def scale(self, node: spec.Reader, key: str) -> Fraction:
        found = self.number(node, key, Fraction(1))
        return found if isinstance(found, Fraction) else Fraction(1)

    def unit(self, node: spec.Reader, name: str) -> None:
        done = actions(node, ("compute",), self.number, self.left_out)
        said = {
            "compute": name,
            "energy": amount(done["compute"].joules * 10**12, "pJ"),
            **self.upkeep(node, done.is_free),
        }
        self.levels.append(_Level(said, None))
        self.compute.append(name)
        time = ports(node, done, self.known[0])
        seconds = time.seconds("compute") if time else Fraction(0)
        if seconds:
            self.clock_hz = 1 / seconds
        else:
            self.left_out.tell(
                node.place, name, f"{name} takes no time there; here each compute takes a cycle of 1 GHz"
            )

    def check_whole(self, section: spec.Reader) -> None:
        if len(self.compute) != 1:
            found = ", ".join(self.compute) or "none"
            section.wrong(
                f"one compute unit belongs here, and there is: {found}", "leave the others out, or `enabled: False`"
            )
        elif "compute" not in self.levels[-1].said:
            section.wrong(f"{self.compute[0]} is not the innermost node", "list it last")
