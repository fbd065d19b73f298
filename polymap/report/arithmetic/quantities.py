"""What the engines counted of a tensor at a memory, and how reads, fills and updates follow from it."""

from __future__ import annotations

from typing import TypeAlias

from polymap.model.counting import Closed, Engine
from polymap.model.nest import Access
from polymap.model.tied import Tied
from polymap.model.uneven import Uneven
from polymap.polyhedral import IntegerSets
from polymap.report.arithmetic import closed, sets, tied, uneven
from polymap.report.arithmetic.case import Case
from polymap.report.arithmetic.equation import Equation, equation, leaf

Sides: TypeAlias = tuple[str, tuple[str, ...]]
_NOTES = {
    "tile": "the largest tile of one instance",
    "instances": "instances that run",
    "crossing": "what passes between here and the next inner level, equal copies once where the network shares them",
    "linked": "what the next inner instances take from a neighbour instead",
    "seen": "distinct elements that each instance ever holds: their first write needs no fetch",
    "arriving": "distinct elements that reach each instance from below: their first update adds to nothing",
}
_FETCHED = ("what all instances take from the next outer memory", "what all instances send up to the next outer memory")


def row(case: Case, level: str, tensor: str, name: str) -> Equation:
    """`reads`, `fills`, `updates`, `tile_elements` or `instances` of a tensor at a memory."""
    homes, access = case.homes(tensor), case.access(tensor)
    node = [memory for memory, _ in homes].index(level)
    number = f"{level}.{tensor}.{name}"
    if name in ("tile_elements", "instances"):
        what = "tile" if name == "tile_elements" else name
        return equation(number, f"{{{what}}}", [quantity(case, access, node, what)])
    template, wanted = _output(case, name, node) if access.tensor.is_output else _input(case, access, name, node)
    if not wanted:
        return leaf(number, 0, template)
    return equation(number, template, [_wanted(case, access, node, what) for what in wanted])


def _wanted(case: Case, access: Access, node: int, what: str) -> Equation:
    """A quantity of this node or, as `passed_on`, what its own instances take from one another."""
    if (
        what == "arriving"
        and case.subject.conventions.all_write_first
        and node + 1 < len(case.homes(access.tensor.name))
    ):
        return _sent_first(case, access, node)
    if what != "passed_on":
        return quantity(case, access, node, what)
    return equation(
        "passed_on", "{linked}", [quantity(case, access, node - 1, "linked")], note="read by its neighbours"
    )


def _sent_first(case: Case, access: Access, node: int) -> Equation:
    """What every instance below sends first, its copies added up on the way as all that it sends."""
    below = [quantity(case, access, node + 1, what) for what in ("seen", "fetched")]
    parts = [below[0], quantity(case, access, node, "crossing"), below[1]]
    note = "what every instance below sends first, as far as it is not added to another's on its way"
    return equation("arriving", "{seen} * {crossing} / {fetched}", parts, note=note)


def additions(case: Case, access: Access, node: int) -> Equation:
    """Updates that meet a partial sum."""
    parts = [_wanted(case, access, node, what) for what in ("crossing", "arriving")]
    return equation("additions", "{crossing} - {arriving}", parts, note="updates that meet a partial sum")


def _input(case: Case, access: Access, name: str, node: int) -> Sides:
    if name == "updates":
        return "nothing updates an input", ()
    if name == "fills":
        return ("{fetched}", ("fetched",)) if node else ("nothing fills the outermost memory of a tensor", ())
    nodes, _ = case.carried(access.tensor.name)
    if node and nodes[node - 1].linked:
        return "{crossing} + {passed_on}", ("crossing", "passed_on")
    return "{crossing}", ("crossing",)


def _output(case: Case, name: str, node: int) -> Sides:
    if name == "updates":
        return "{crossing}", ("crossing",)
    if name == "fills":
        return (
            ("{fetched} - {seen}", ("fetched", "seen"))
            if node
            else ("nothing fills the outermost memory of a tensor", ())
        )
    if node and case.subject.conventions.drains_are_read:
        return "{crossing} - {arriving} + {fetched}", ("crossing", "arriving", "fetched")
    return "{crossing} - {arriving}", ("crossing", "arriving")


def quantity(case: Case, access: Access, node: int, what: str) -> Equation:
    """One quantity, as its engine counted it; `Quantities` says what they are."""
    nodes, _ = case.carried(access.tensor.name)
    value, note = getattr(nodes[node], what), _NOTES.get(what) or _FETCHED[access.tensor.is_output]
    found = _counted(case, case.engines.of(access), access, node, what, value)
    # What an engine of its own says of a network is not its to say: then the number stands alone.
    return found if found.value == value else leaf(what, value, note)


def _counted(case: Case, engine: Engine, access: Access, node: int, what: str, value: int) -> Equation:
    note = _NOTES.get(what) or _FETCHED[access.tensor.is_output]
    if isinstance(engine, Closed):
        return closed.quantity(case, access, node, what, note)
    if what == "linked":
        return leaf(what, value, note)
    if isinstance(engine, Uneven):
        return uneven.quantity(case, engine, access, node, what, note)
    if isinstance(engine, IntegerSets):
        return sets.quantity(case, engine, access, node, what, note, value)
    return (
        tied.quantity(case, engine, access, node, what, note, value)
        if isinstance(engine, Tied)
        else leaf(what, value, note)
    )


# The run as a whole.


def cycles(case: Case, name: str) -> Equation:
    """Compute cycles: values of all temporal loops for which any instance runs."""
    note, engine = "steps of the temporal loops at which any instance runs", case.engines.run
    if isinstance(engine, Closed):
        return closed.run(case, name, lambda run: run.cycles(), note)
    if isinstance(engine, Uneven):
        return uneven.cycles(engine, name, note)
    if isinstance(engine, IntegerSets):
        return sets.run(engine, name, lambda run: run.cycles(), note)
    return leaf(name, engine.cycles(), note)


def used(case: Case, index: int, name: str) -> Equation:
    """Instances of a level, by its index in the hierarchy."""
    note, engine = "values of the loops over the arrays above, for which any step runs", case.engines.run
    if isinstance(engine, Closed):
        return closed.run(case, name, lambda run: run.used(index), note)
    if isinstance(engine, Uneven):
        return uneven.used(engine, index, name, note)
    if isinstance(engine, IntegerSets):
        return sets.run(engine, name, lambda run: run.used(index), note)
    return leaf(name, engine.used(index), note)


def computes(case: Case, name: str) -> Equation:
    """Points of the iteration domain."""
    note, engine = "points of the iteration domain", case.engines.run
    if isinstance(engine, (Closed, Uneven)):
        sizes = dict(case.subject.einsum.ranks)
        return equation(name, " * ".join(f"{{{rank}}}" for rank in sizes) or "1", given=sizes, note=note)
    if isinstance(engine, IntegerSets):
        return sets.run(engine, name, lambda run: run.computes(), note)
    return tied.computes(engine, name, note) if isinstance(engine, Tied) else leaf(name, engine.computes(), note)
