"""The constraint sections: what a mapper may do at each target -> demands, read but not yet in polymap's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from polymap import spec
from polymap.errors import Place
from polymap.frontends.aside import LeftOut
from polymap.frontends.timeloop import ignored
from polymap.frontends.timeloop.machine import Machine
from polymap.frontends.timeloop.problem import Problem
from polymap.quantity import number, shown
from polymap.spec import Items, Misread, Scalar

SECTIONS = ("architecture_constraints", "mapspace_constraints", "mapspace", "constraints")
FACTOR = re.compile(r"(?P<dim>[A-Za-z_]\w*?)\s*(?P<relation><=|=*)\s*(?P<end>\d{1,18}(?!\d))[\s,]*")
KEPT = ("datatype", "dataspace", "bypass", "bypassing")
SHARES = ("utilization", "parallelism")
KINDS = ("temporal", "spatial", *KEPT, *SHARES)
_PRICED = "is part of what a mapping says, and priced there; it limits no search"
_ROOM = "allows tiles that may not fit, which the rules of a mapping refuse"
ELSEWHERE = {
    "max_overbooked_proportion": _ROOM,
    **dict.fromkeys(("no_link_transfer", "no_multicast", "no_reduction", "no_multicast_no_reduction"), _PRICED),
}
LISTS = (
    "no_reuse",
    "no_temporal_reuse",
    "no_link_transfer",
    "no_multicast_no_reduction",
    "rmw_first_update",
    "no_coalesce",
)


@dataclass(frozen=True)
class Factor:
    """The trips of one dimension's loop: `end` (0 is all of it), or at most so many."""

    dim: str
    end: int
    at_most: bool
    place: Place


@dataclass(frozen=True)
class Loops:
    """The temporal or the spatial loops of a level: factors, and dimensions from the innermost loop outwards.

    `split`: how many of the dimensions run along X, None if that is left open.
    """

    factors: tuple[Factor, ...] = ()
    permutation: tuple[str, ...] = ()
    split: int | None = None
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class Demands:
    """Of all sections together: loops by level, tensors kept and bypassed by level, and the least share of the MACs.

    `is_stated` tells whether there are such sections at all.
    """

    is_stated: bool
    temporal: Mapping[str, Loops]
    spatial: Mapping[str, Loops]
    keep: Mapping[str, tuple[str, ...]]
    bypass: Mapping[str, tuple[str, ...]]
    share: Fraction | None


@dataclass(frozen=True)
class _Directive:
    """One target of one type; `says` holds the keys that go with the type."""

    level: str
    kind: str
    reader: spec.Reader
    says: spec.Reader


def demands(top: spec.Reader, machine: Machine, problem: Problem, left_out: LeftOut) -> Demands:
    """What the constraint sections demand. Mistakes are noted."""
    sections = [key for key in SECTIONS if top.has(key)]
    found = [
        d for key in sections for reader in _targets(top, key, left_out) for d in _directives(reader, machine, left_out)
    ]
    _check_once(found)
    _check_fans(found, machine)
    kept = [directive for directive in found if directive.kind in KEPT]
    shares = [_share(directive, machine) for directive in found if directive.kind in SHARES]
    return Demands(
        bool(sections),
        {d.level: _loops(d, problem, left_out) for d in found if d.kind == "temporal"},
        {d.level: _loops(d, problem, left_out) for d in found if d.kind == "spatial"},
        _named(kept, "keep", problem),
        _named(kept, "bypass", problem),
        shares[0] if shares else None,
    )


def _targets(top: spec.Reader, section: str, left_out: LeftOut) -> Sequence[spec.Reader]:
    """The list of a section, which may stand under `targets` or `constraints` in it."""
    if top.is_list(section):
        return top.children(section)
    reader = top.child(section)
    ignored.check_version(reader)
    left_out.known(reader, {"template": "names the kind of that tool's own search space"})
    left_out.unknown(reader, ("version", "template", "targets", "constraints"))
    return reader.children("targets" if reader.has("targets") else "constraints")


def _directives(reader: spec.Reader, machine: Machine, left_out: LeftOut) -> Iterator[_Directive]:
    """A target is a directive, or has a list of them."""
    level = _level(reader, machine)
    inner = reader.children("constraints") if reader.has("constraints") else (reader,)
    for each in inner:
        kind = each.text("type", required=True)
        says = each.child("attributes") if each.has("attributes") else each
        if kind in KINDS and level:
            left_out.unknown(each, ("target", "name", "type", "attributes", "constraints", *_KEYS[kind], *LISTS))
            _tell_lists(says, left_out)
            yield _Directive(level, kind, each, says)
        else:
            each.ignore_rest()
            _note_kind(each, kind, left_out)


_LOOPS = ("factors", "permutation", "split")
_KEYS = {
    **dict.fromkeys(("temporal", "spatial"), _LOOPS),
    **dict.fromkeys(KEPT, ("keep", "bypass")),
    **dict.fromkeys(SHARES, ("min",)),
}


def _note_kind(reader: spec.Reader, kind: str, left_out: LeftOut) -> None:
    if kind in ELSEWHERE:
        left_out.tell(reader.place, kind, f"{shown(kind)} {ELSEWHERE[kind]}")
    elif kind and kind not in KINDS:
        reader.wrong(f"{shown(kind)} is no type of a constraint", f"use one of: {', '.join(KINDS)}", key="type")


def _tell_lists(reader: spec.Reader, left_out: LeftOut) -> None:
    for key in LISTS:
        if reader.has(key) and reader.description(key) != "[]":
            left_out.tell(reader.place_of(key), key, f"{shown(key)} {_PRICED}")


def _level(reader: spec.Reader, machine: Machine) -> str:
    """By its name or, in old files, by its number from the innermost level."""
    key = "name" if reader.has("name") and not reader.has("target") else "target"
    target, names = reader.text(key, required=True), [level.name for level in machine.levels]
    if target.isdecimal() and int(target) < len(names):
        return names[-1 - int(target)]
    if target and target not in names:
        reader.wrong(f"the architecture has no memory {shown(target)}", f"it has {', '.join(names)}", key=key)
    return target if target in names else ""


def _check_once(found: Sequence[_Directive]) -> None:
    """Two directives of one kind for a level would contradict or repeat each other; that tool refuses them, too."""
    seen: set[tuple[str, str]] = set()
    for directive in found:
        kind = "utilization" if directive.kind in SHARES else directive.kind
        key = ("", kind) if kind == "utilization" else (directive.level, kind)
        if key in seen and kind not in KEPT:
            directive.reader.wrong(f"a second {kind} constraint for {directive.level}", "write them as one")
        seen.add(key)


def _check_fans(found: Sequence[_Directive], machine: Machine) -> None:
    """That tool refuses a spatial constraint where a level has one child."""
    below = [*(level.mesh for level in machine.levels[1:]), machine.mesh]
    single = [level.name for level, child in zip(machine.levels, below, strict=True) if level.mesh == child]
    for directive in (d for d in found if d.kind == "spatial" and d.level in single):
        text = f"{directive.level} has one child, so no loop can be spatial below it"
        directive.reader.wrong(text, "remove the constraint, or give the level below a larger mesh", key="target")


# loops


def _loops(directive: _Directive, problem: Problem, left_out: LeftOut) -> Loops:
    says = directive.says
    split = says.integer("split", 0, least=0) if says.has("split") else None
    places = {key: says.place_of(key) for key in _LOOPS if says.has(key)}
    factors = [_clipped(factor, problem, left_out) for factor in _factors(says, problem)]
    return Loops(tuple(factors), _permutation(says, problem), split, places)


def _factors(says: spec.Reader, problem: Problem) -> Iterator[Factor]:
    seen: set[str] = set()
    for text, place in _words(says, "factors"):
        at = 0
        while at < len(text):
            match = FACTOR.match(text, at)
            if not match or match["dim"] not in problem.bounds or match["dim"] in seen:
                says.wrong_at(place, f"cannot read the factors from {shown(text[at:])}", "write e.g. `P=4 Q<=2 R=0`")
                break
            seen.add(match["dim"])
            if match["relation"] == "<=" and int(match["end"]) < 1:
                says.wrong_at(place, f"{shown(match[0])} leaves no trip", "write 1 or more")
            yield Factor(match["dim"], int(match["end"]), match["relation"] == "<=", place)
            at = match.end()


def _clipped(factor: Factor, problem: Problem, left_out: LeftOut) -> Factor:
    """More than the dimension has is all of it, as in that tool."""
    bound = problem.bounds[factor.dim]
    if factor.end > bound and not factor.at_most:
        reason = f"{factor.dim}={factor.end} is more than the {bound} of the dimension, and is taken for all of it"
        left_out.tell(factor.place, factor.dim, reason)
        return Factor(factor.dim, bound, False, factor.place)
    return factor


def _permutation(says: spec.Reader, problem: Problem) -> tuple[str, ...]:
    """The dimensions that are listed, innermost first: one letter each, or separated."""
    words = [word for text, _ in _words(says, "permutation") for word in re.split(r"[\s,]+", text.strip()) if word]
    if len(words) == 1 and words[0] not in problem.bounds:
        words = list(words[0])
    wrong = [word for word in words if word not in problem.bounds or words.count(word) > 1]
    if wrong:
        mend = f"list each of {', '.join(problem.bounds)} once at most"
        says.wrong(f"{shown(wrong[0])} is no dimension, or is listed twice", mend, key="permutation")
    return () if wrong else tuple(words)


def _words(says: spec.Reader, key: str) -> list[tuple[str, Place]]:
    """Text, or the items of a list of texts, each with its place."""
    node = says.node_of(key)
    if isinstance(node, Items):
        return [(item.text, item.place) for item in node.items if isinstance(item, Scalar)]
    return [(says.text(key), says.place_of(key))] if node else []


# what is kept, and how much of the machine works


def _named(kept: Sequence[_Directive], key: str, problem: Problem) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for directive in kept:
        names = directive.says.names(key)
        for name in names:
            if name not in problem.tensors:
                mend = f"use one of: {', '.join(problem.tensors)}"
                directive.says.wrong(f"{shown(name)} is no tensor", mend, key=key)
        found[directive.level] = (*found.get(directive.level, ()), *names)
    return found


def _share(directive: _Directive, machine: Machine) -> Fraction:
    innermost = machine.levels[-1].name
    if directive.level != innermost:
        message = "the share of units that work can be bounded at the innermost memory only"
        directive.reader.wrong(message, f"write `target: {innermost}`", key="target")
    return directive.says.value("min", _least, Fraction(0), required=True)


def _least(value: object) -> Fraction:
    share = number(value)
    if not 0 <= share <= 1:
        raise Misread(f"{shown(value)} is no share", "give a number from 0 to 1")
    return share
