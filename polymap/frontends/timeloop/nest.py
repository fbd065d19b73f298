"""The section `mapping`: directives per level -> loops and what each level keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from polymap import spec
from polymap.frontends.aside import LeftOut
from polymap.frontends.timeloop.machine import Level, Machine
from polymap.frontends.timeloop.problem import Problem
from polymap.quantity import shown
from polymap.spec import Items, Scalar

FACTOR = re.compile(
    r"(?:(?P<named>[A-Za-z_]\w*?)\s*=+\s*|(?P<short>[A-Za-z_]+))"
    r"(?P<end>\d{1,18}(?!\d))(?:\s*,\s*(?P<last>\d{1,18}(?!\d)))?"
)
BETWEEN = re.compile(r"[\s,]*")
KINDS = {"temporal": "temporal", "spatial": "spatial", "datatype": "datatype", "bypass": "datatype"}


@dataclass(frozen=True)
class Trips:
    """One loop: `end` trips, `last` where it is cut short; `axis` 0 is X, 1 is Y, -1 is time."""

    dim: str
    end: int
    last: int
    axis: int


@dataclass(frozen=True)
class Stage:
    """One level of the nest: its loops, innermost first, the tensors it keeps, and those its array serves apart.

    `refetched`, `read_first` and `passing` are tensors without reuse in time, without a free first write, and whose
    accesses all go on to the level above.
    """

    temporal: tuple[Trips, ...] = ()
    spatial: tuple[Trips, ...] = ()
    keeps: tuple[str, ...] = ()
    unshared: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()
    refetched: tuple[str, ...] = ()
    read_first: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()


@dataclass
class _Directives:
    """The readers of one level's directives, by kind."""

    level: Level
    by_kind: dict[str, spec.Reader] = field(default_factory=dict)
    kept: list[spec.Reader] = field(default_factory=list)


def stages(top: spec.Reader, machine: Machine, problem: Problem, left_out: LeftOut) -> tuple[Stage, ...]:
    """One stage per level, outermost first. Mistakes are noted."""
    given = {level.name: _Directives(level) for level in machine.levels}
    directives = top.children("mapping", required=True)
    for reader in directives:
        _sort(reader, given)
    _check_fans(machine, given)
    found = tuple(_stage(given[level.name], problem, left_out) for level in machine.levels)
    # The loops of a level that is not there are in no stage, and would be missed again.
    if all(reader.text("target") in given for reader in directives):
        _check_bounds(top, found, problem)
        _check_kept(top, found, problem)
    return found


def _sort(reader: spec.Reader, given: Mapping[str, _Directives]) -> None:
    target, kind = reader.text("target", required=True), KINDS.get(reader.text("type", required=True))
    if target not in given:
        reader.ignore_rest()
        reader.wrong(f"the architecture has no memory {shown(target)}", f"it has {', '.join(given)}", key="target")
    elif kind is None:
        reader.ignore_rest()
        reader.wrong("the type of a directive is unknown", f"use one of: {', '.join(KINDS)}", key="type")
    elif kind == "datatype":
        given[target].kept.append(reader)
    elif kind in given[target].by_kind:
        reader.ignore_rest()
        reader.wrong(f"a second {kind} directive for {target}", "write them as one")
    else:
        given[target].by_kind[kind] = reader


def _check_fans(machine: Machine, given: Mapping[str, _Directives]) -> None:
    """That tool refuses a spatial directive where a level has one child."""
    below = [*(level.mesh for level in machine.levels[1:]), machine.mesh]
    for level, child in zip(machine.levels, below, strict=True):
        directive = given[level.name].by_kind.get("spatial")
        if directive and level.mesh == child:
            text = f"{level.name} has one child, so no loop can be spatial below it"
            directive.wrong(text, "remove the directive, or give the level below a larger mesh", key="target")


def _stage(directives: _Directives, problem: Problem, left_out: LeftOut) -> Stage:
    kinds = directives.by_kind
    spatial, temporal = kinds.get("spatial"), kinds.get("temporal")
    return Stage(
        temporal=tuple(_loops(temporal, problem, len(problem.bounds), -1, left_out)) if temporal else (),
        spatial=tuple(_spatial(spatial, problem, left_out)) if spatial else (),
        keeps=_keeps(directives.kept, problem, left_out),
        unshared=_tensors(spatial, "no_reuse", problem),
        unlinked=_tensors(spatial, "no_link_transfer", problem),
        refetched=_tensors(temporal, "no_temporal_reuse", problem),
        read_first=_tensors(temporal, "rmw_first_update", problem),
        passing=tuple(name for reader in directives.kept for name in _tensors(reader, "no_coalesce", problem)),
    )


def _tensors(reader: spec.Reader | None, key: str, problem: Problem) -> tuple[str, ...]:
    if reader is None or not reader.has(key):
        return ()
    names = reader.names(key)
    for name in names:
        if name not in problem.tensors:
            reader.wrong(f"{shown(name)} is no tensor", f"use one of: {', '.join(problem.tensors)}", key=key)
    return names


def _keeps(readers: Sequence[spec.Reader], problem: Problem, left_out: LeftOut) -> tuple[str, ...]:
    """Everything but what the last directive that names it lists under `bypass`."""
    bypassed: set[str] = set()
    for reader in readers:
        keep, bypass = _tensors(reader, "keep", problem), _tensors(reader, "bypass", problem)
        for name in (name for name in keep if name in bypass):
            left_out.tell(reader.place_of("keep"), name, f"{name} is kept and bypassed, and that tool bypasses it")
        bypassed = (bypassed - {*keep}) | {*bypass}
    return tuple(name for name in problem.tensors if name not in bypassed)


# loops


def _spatial(reader: spec.Reader, problem: Problem, left_out: LeftOut) -> Iterator[Trips]:
    split = reader.integer("split", len(problem.bounds), least=0)
    return _loops(reader, problem, split, 0, left_out)


def _loops(reader: spec.Reader, problem: Problem, split: int, axis: int, left_out: LeftOut) -> Iterator[Trips]:
    """The loops of a directive, innermost first; of a spatial one the first `split` run along X, the others along Y."""
    factors = _factors(reader, problem, left_out)
    for place, dim in enumerate(_permutation(reader, problem)):
        end, last = factors.get(dim, (1, 1))
        yield Trips(dim, end, last, axis if place < split else 1)


def _factors(reader: spec.Reader, problem: Problem, left_out: LeftOut) -> dict[str, tuple[int, int]]:
    """(trips, trips of the last round) of each dimension that is named; 0 trips are the whole bound."""
    text, found, at = _text(reader, "factors").partition("#")[0].strip(), dict[str, tuple[int, int]](), 0
    while at < len(text):
        match = FACTOR.match(text, at)
        dim = (match["named"] or match["short"]) if match else ""
        if not match or dim not in problem.bounds:
            reader.wrong(f"cannot read the factors from {shown(text[at:])}", "write e.g. `P=4 Q=2`", key="factors")
            return {}
        if dim in found:
            reader.wrong(f"{dim} has two factors here", "write one of them", key="factors")
        found[dim] = _trips(reader, match, problem.bounds[dim], left_out)
        between = BETWEEN.match(text, match.end())
        at = between.end() if between else len(text)
    return found


def _trips(reader: spec.Reader, match: re.Match[str], bound: int, left_out: LeftOut) -> tuple[int, int]:
    end = int(match["end"])
    if not end:
        left_out.tell(reader.place_of("factors"), "0", "a factor of 0 is the whole bound, as that tool takes it")
    end = end or bound
    last = int(match["last"] or end)
    if not 1 <= last <= end:
        reader.wrong(f"{shown(match[0])} is no number of trips", "write 1 or more", key="factors")
    return end, last


def _permutation(reader: spec.Reader, problem: Problem) -> tuple[str, ...]:
    """The dimensions, innermost first; those not listed follow in the order of their declaration."""
    text = _text(reader, "permutation")
    words = re.split(r"[\s,]+", text) if re.search(r"[\s,]", text) else [text] if text in problem.bounds else list(text)
    listed = [word for word in words if word]
    wrong = [word for word in listed if word not in problem.bounds or listed.count(word) > 1]
    if wrong:
        mend = f"list each of {', '.join(problem.bounds)} once"
        reader.wrong(f"{shown(wrong[0])} is no dimension, or is listed twice", mend, key="permutation")
    return tuple(dict.fromkeys(word for word in (*listed, *problem.bounds) if word in problem.bounds))


def _text(reader: spec.Reader, key: str) -> str:
    """Text, or a list of words."""
    if reader.is_list(key):
        node = reader.node_of(key)
        items = node.items if isinstance(node, Items) else ()
        return " ".join(item.text for item in items if isinstance(item, Scalar))
    return reader.text(key).strip()


# what must hold


def _check_bounds(top: spec.Reader, found: Sequence[Stage], problem: Problem) -> None:
    """The trips of every dimension, the last ones cut short, cover its bound exactly."""
    for dim, bound in problem.bounds.items():
        loops = [loop for stage in found for loop in (*stage.temporal[::-1], *stage.spatial[::-1]) if loop.dim == dim]
        covered = 0
        for loop in loops:
            covered = covered * loop.end + loop.last - 1
        if dim not in problem.ranks and any(loop.end > 1 for loop in loops):
            top.wrong(f"there are loops over {dim}, which no tensor depends on", f"write {dim}=1", key="mapping")
        if covered + 1 != bound:
            message = f"the loops over {dim} cover {covered + 1}, but its bound is {bound}"
            top.wrong(message, "make the factors cover the bound exactly", key="mapping")


def _check_kept(top: spec.Reader, found: Sequence[Stage], problem: Problem) -> None:
    for tensor in problem.tensors:
        if not any(tensor in stage.keeps for stage in found):
            top.wrong(f"{tensor} bypasses every level", "let one level keep it", key="mapping")
