"""Demands -> the document `polymap: constraints/1`. What it cannot say is told, with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polymap.frontends.amounts import decimal
from polymap.frontends.aside import LeftOut
from polymap.frontends.timeloop.machine import Machine
from polymap.frontends.timeloop.problem import Problem
from polymap.frontends.timeloop.targets import Demands, Factor, Loops

Document = dict[str, Any]


@dataclass(frozen=True)
class Fan:
    """The array below a level: its name and shape, in the converted architecture."""

    name: str
    shape: Mapping[str, int]


def rules(demands: Demands, machine: Machine, problem: Problem, fans: Mapping[str, Fan], left_out: LeftOut) -> Document:
    """The constraints document; `fans` are the arrays of the converted architecture, by the memory above them."""
    top: Document = {
        "keep": _keeps(demands, machine, problem),
        "parallel": dict(_parallel(demands, problem, fans, left_out)),
        "loops": dict(_temporal(demands, problem, left_out)),
    }
    if demands.share:
        top["utilization"] = {machine.compute: f"at least {decimal(demands.share)}"}
    return {"polymap": "constraints/1", **{section: said for section, said in top.items() if said}}


def _keeps(demands: Demands, machine: Machine, problem: Problem) -> Document:
    """As demanded; besides, that tool keeps everything in the outermost memory that it is not told to bypass."""
    outermost = machine.levels[0].name
    found: Document = {}
    for level in (level.name for level in machine.levels):
        never = [name for name in problem.tensors if name in demands.bypass.get(level, ())]
        kept = problem.tensors if level == outermost else demands.keep.get(level, ())
        must = [name for name in problem.tensors if name in kept and name not in never]
        said = {"must": must, "never": never}
        found[level] = {how: names for how, names in said.items() if names}
    return {level: said for level, said in found.items() if said}


# temporal loops


def _temporal(demands: Demands, problem: Problem, left_out: LeftOut) -> Iterator[tuple[str, Document]]:
    for level, loops in demands.temporal.items():
        _tell_homeless(level, loops, demands, problem, left_out)
        said = _said(loops, problem, left_out)
        if order := _order(loops, problem):
            said["order"] = order
        if said:
            yield level, said


def _tell_homeless(level: str, loops: Loops, demands: Demands, problem: Problem, left_out: LeftOut) -> None:
    """Loops belong to the memory whose storage node is nearest above them, and a memory that keeps nothing has none."""
    free = _unfixed(loops, problem)
    if {*problem.tensors} <= {*demands.bypass.get(level, ())} and free:
        place = next(iter(loops.places.values()), None)
        reason = f"{level} keeps nothing, so the loops there belong to the memory above and these limits bind nothing"
        if place:
            left_out.tell(place, level, reason)


def _said(loops: Loops, problem: Problem, left_out: LeftOut) -> Document:
    """`never` and `factors` of loops, spatial or temporal."""
    known = [factor for factor in loops.factors if factor.dim in problem.ranks]
    for factor in (factor for factor in loops.factors if factor not in known):
        reason = f"dimension {factor.dim} has one point and is in no tensor, so it has no loops"
        left_out.tell(factor.place, factor.dim, reason)
    never, factors = _fixed(loops, problem), {f.dim: _amount(f, problem) for f in known if f.end != 1}
    if len(never) == len(problem.ranks):
        return {"only": []}
    return {key: value for key, value in (("never", never), ("factors", factors)) if value}


def _amount(factor: Factor, problem: Problem) -> object:
    if factor.at_most:
        return f"at most {factor.end}"
    return "whole" if factor.end in (0, problem.bounds[factor.dim]) else factor.end


def _order(loops: Loops, problem: Problem) -> str:
    """What is listed stands innermost, the first innermost of all; other loops stand outside.

    Nothing, if no two loops are left to be ordered.
    """
    inner = [dim for dim in reversed(loops.permutation) if dim in problem.ranks]
    has_others = len(inner) < len(problem.ranks)
    is_empty = len(problem.ranks) - len(_fixed(loops, problem)) < 2
    return "" if is_empty or not inner else " ".join(["..."] * has_others + inner)


def _fixed(loops: Loops, problem: Problem) -> list[str]:
    """The ranks that have no loops here."""
    return [factor.dim for factor in loops.factors if factor.end == 1 and factor.dim in problem.ranks]


# spatial loops


def _parallel(
    demands: Demands, problem: Problem, fans: Mapping[str, Fan], left_out: LeftOut
) -> Iterator[tuple[str, Document]]:
    for level, loops in demands.spatial.items():
        fan = fans[level]
        if said := _said(loops, problem, left_out):
            yield fan.name, said
        yield from _along(loops, fan, problem, left_out)


def _along(loops: Loops, fan: Fan, problem: Problem, left_out: LeftOut) -> Iterator[tuple[str, Document]]:
    """Which dimensions run along X and along Y."""
    free = _unfixed(loops, problem)
    wide = [axis for axis, size in fan.shape.items() if size > 1]
    along = _split(loops, len(problem.bounds), free)
    if along is None:
        _tell_open(loops, len(wide) > 1, left_out)
        return
    for axis, dims in along.items():
        allowed = [dim for dim in free if dim in dims]
        if axis in wide and len(allowed) < len(free):
            yield f"{fan.name}.{axis}", {"only": allowed}


def _unfixed(loops: Loops, problem: Problem) -> list[str]:
    """The dimensions that may have loops here."""
    fixed = _fixed(loops, problem)
    return [dim for dim in problem.ranks if dim not in fixed and problem.bounds[dim] > 1]


def _split(loops: Loops, dimensions: int, free: Sequence[str]) -> dict[str, set[str]] | None:
    """The dimensions along X and Y; None if the split is open, or which dimensions come before it."""
    listed = loops.permutation
    if loops.split is None:
        return None
    is_known = loops.split <= len(listed) or loops.split >= dimensions or {*free} <= {*listed}
    first = {*free} if loops.split >= dimensions else {*listed[: loops.split]}
    return {"X": first, "Y": {*free} - first} if is_known else None


def _tell_open(loops: Loops, is_square: bool, left_out: LeftOut) -> None:
    """What a permutation or a split says beyond sets of dimensions."""
    if loops.split is not None:
        reason = "a split among dimensions whose order is open cannot be said, so X and Y are left open"
        left_out.tell(loops.places["split"], "split", reason)
    elif loops.permutation and is_square:
        reason = "that X takes the first dimensions and Y the others cannot be said without a split"
        left_out.tell(loops.places["permutation"], "permutation", reason)
    elif loops.permutation:
        reason = "the order of spatial loops numbers the instances and is left open"
        left_out.tell(loops.places["permutation"], "spatial permutation", reason)
