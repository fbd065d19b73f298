"""What the mapper must answer where everything meets: held against all mappings of a problem, each priced alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

import polymap as pm
from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Mapping
from polymap.model.evaluate import evaluate
from polymap.workload.einsum import Einsum
from tests.oracles.every_point import every_point
from tests.oracles.uneven_loops import is_special
from tests.properties.strategies_together import UNEVEN, Together

Holds = Callable[[pm.Cost], bool]
PROVEN_NODES = 8
GIVEN_UP = ("which is not searched", "were given up")
REFUSED = ("optimize does not search", "optimize does not price", "optimize searches", "are searched in the")


@dataclass(frozen=True)
class Condition:
    """A side condition in words, and as a test of a cost."""

    text: str
    holds: Holds

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Exhausted:
    """A problem with all its mappings and what they cost; not `judged`: also those that break what is said."""

    problem: Together
    judged: bool = True

    @cached_property
    def priced(self) -> list[tuple[Mapping, pm.Cost]]:
        """The mappings are legal by the rules of legality, too."""
        try:
            listed = self.problem.mappings() if self.judged else self.problem.every()
            return [(mapping, self.cost(mapping)) for mapping in listed]
        except pm.PolymapError:  # an element is wider than an access, and links are replayed
            reject()

    def cost(self, mapping: Mapping) -> pm.Cost:
        problem = self.problem
        return evaluate(problem.einsum, problem.architecture, mapping, problem.rules, sets=every_point)

    def under(self, conditions: Sequence[Condition]) -> list[pm.Cost]:
        return [cost for _, cost in self.priced if all(condition.holds(cost) for condition in conditions)]


def moved(einsum: Einsum, machine: Architecture, cost: pm.Cost, level: str) -> int:
    """Bits that a memory reads, is filled with and updates, by tensor and kind."""
    memory, bits = machine.memory(level), 0
    for row in cost.traffic:
        if row.level == level:
            bits += (row.reads + row.fills + row.updates) * memory.element_bits(einsum.tensor(row.tensor))
    return bits


def held(cost: pm.Cost, level: str) -> int:
    """Bits that tiles take in each instance of a memory."""
    return next(row.occupied_bits for row in cost.components if row.level == level)


def value(problem: Together, cost: pm.Cost, objective: str) -> Fraction:
    """The objective in SI units, exactly."""
    if objective.startswith("traffic:"):
        return Fraction(moved(problem.einsum, problem.architecture, cost, objective.partition(":")[2]))
    joules, seconds = cost.energy / 10**12, Fraction(cost.cycles) / problem.architecture.clock_hz
    powers = {"energy": (1, 0), "latency": (0, 1), "edp": (1, 1), "ed2p": (1, 2), "energy^2*latency": (2, 1)}
    energy, latency = powers.get(objective, (1, 3))
    return joules**energy * seconds**latency


def ranked(problem: Together, cost: pm.Cost, objective: str) -> tuple[Fraction, Fraction, Fraction]:
    """The objective, then energy, then cycles; cycles first where only they count."""
    ties = (Fraction(cost.cycles), cost.energy) if objective == "latency" else (cost.energy, Fraction(cost.cycles))
    return (value(problem, cost, objective), *ties)


@st.composite
def objectives(draw: st.DrawFn, problem: Together) -> str:
    names = ["energy", "latency", "edp", "ed2p", "energy^2*latency", "energy*latency^3"]
    if problem.factors == "perfect":
        names += [f"traffic:{memory.name}" for memory in problem.architecture.memories]
    return draw(st.sampled_from(names))


@st.composite
def conditions(draw: st.DrawFn, exhausted: Exhausted) -> list[Condition]:
    """Up to two side conditions, near to what some mappings cost."""
    if not exhausted.priced:
        return [Condition("latency <= 1 s", lambda cost: True)] if draw(st.booleans()) else []
    kinds = [most_energy, most_cycles, least_utilization]
    kinds += [most_held] if sized(exhausted.problem) else []
    kinds += [most_moved] if exhausted.problem.factors == "perfect" else []
    return [draw(kind(exhausted)) for kind in draw(st.lists(st.sampled_from(kinds), max_size=2, unique=True))]


def some_cost(exhausted: Exhausted, of: Callable[[pm.Cost], Any]) -> st.SearchStrategy[Any]:
    """What some mapping needs of something, often little of it."""
    found = sorted({of(cost) for _, cost in exhausted.priced})
    return st.sampled_from((*found[:3], *found[:: max(1, len(found) // 5)]))


@st.composite
def most_energy(draw: st.DrawFn, exhausted: Exhausted) -> Condition:
    """No mapping needs exactly this energy, unless the text shows it exactly."""
    shown = f"{float(draw(some_cost(exhausted, lambda cost: cost.energy)) + draw(slack)):.9g}"
    return Condition(f"energy <= {shown} pJ", lambda cost: cost.energy <= Fraction(shown))


slack = st.sampled_from((Fraction(1, 7), Fraction(1, 7), Fraction(-1, 7)))


@st.composite
def most_cycles(draw: st.DrawFn, exhausted: Exhausted) -> Condition:
    cycles = max(1, draw(some_cost(exhausted, lambda cost: cost.cycles)) - draw(st.sampled_from((0, 0, 1))))
    return Condition(f"cycles <= {cycles}", lambda cost: cost.cycles <= cycles)


@st.composite
def least_utilization(draw: st.DrawFn, exhausted: Exhausted) -> Condition:
    share = draw(st.sampled_from((Fraction(1, 2), Fraction(1, 4), Fraction(1))))
    machine, computes = exhausted.problem.architecture, exhausted.problem.einsum.computes
    units = machine.instances(machine.compute.name)
    return Condition(f"utilization >= {float(share):g}", lambda cost: computes >= share * units * cost.cycles)


@st.composite
def most_held(draw: st.DrawFn, exhausted: Exhausted) -> Condition:
    level = draw(st.sampled_from(sized(exhausted.problem)))
    bits = draw(some_cost(exhausted, lambda cost: held(cost, level)))
    return Condition(f"size:{level} <= {bits} b", lambda cost: held(cost, level) <= bits)


@st.composite
def most_moved(draw: st.DrawFn, exhausted: Exhausted) -> Condition:
    problem = exhausted.problem
    level = draw(st.sampled_from([memory.name for memory in problem.architecture.memories]))
    bits = draw(some_cost(exhausted, lambda cost: moved(problem.einsum, problem.architecture, cost, level)))
    holds: Holds = lambda cost: moved(problem.einsum, problem.architecture, cost, level) <= bits  # noqa: E731
    return Condition(f"traffic:{level} <= {bits} b", holds)


def is_proven(problem: Together) -> bool:
    """Whether nothing that is known to leave a gap is in a problem: windows along links or in sweeps, many nodes that
    roam, domains that are no boxes."""
    windows = any(len(c.terms) > 1 or abs(c.terms[0][1]) != 1 for t in problem.einsum.tensors for c in t.coordinates)
    linked = any(is_special(array) for array in problem.architecture.arrays)
    sweeps = problem.rules.continuing_sweep
    return problem.einsum.is_box and not (windows and (linked or sweeps)) and nodes(problem) <= PROVEN_NODES


def leaves_gaps(problem: Together) -> bool:
    """Whether there may be classes that are given up: also those of links to where a tensor rests in no memory."""
    return not is_proven(problem) or any(is_special(array) for array in problem.architecture.arrays)


def nodes(problem: Together) -> int:
    """Nodes that a mapping can have below the outermost memory."""
    kept_by = problem.einsum.kept_by
    inner = problem.architecture.memories[1:] if problem.mapspace == UNEVEN else ()
    return sum(len({*kept_by(memory.keeps), *kept_by(memory.may_keep)}) for memory in inner)


def asked(problem: Together, conditions: Sequence[Condition]) -> dict[str, Any]:
    return {
        "conventions": problem.rules,
        "mapspace": problem.mapspace,
        "factors": problem.factors,
        "subject_to": [condition.text for condition in conditions],
        "constraints": problem.document,
    }


def answered(problem: Together, ask: Callable[[], Any]) -> Any:
    """The answer; None where a problem is refused, as one that is not searched."""
    try:
        return ask()
    except pm.Unsolved as unsolved:
        if any(words in str(unsolved) for words in GIVEN_UP) and leaves_gaps(problem):
            return None
        raise
    except pm.SpecError as refused:
        if all(any(words in mistake.message for words in REFUSED) for mistake in refused.mistakes):
            return None
        raise


def check_optimum(exhausted: Exhausted, objective: str, conditions: Sequence[Condition]) -> str:
    """The answer's status. Its bound is not above the optimum, its value not below; a proven one is it, ties too."""
    problem = exhausted.problem
    truth = min((ranked(problem, cost, objective) for cost in exhausted.under(conditions)), default=None)
    optimize: Any = pm.optimize
    ask = lambda seed=0: optimize(  # noqa: E731
        problem.einsum, problem.architecture, objective=objective, seed=seed, **asked(problem, conditions)
    )
    told = f"{problem}\n{objective} {[*map(str, conditions)]}"
    if truth is None:
        return check_none(problem, ask, told)
    found = answered(problem, ask)
    if found is None:
        return "refused"
    least = float(truth[0])
    assert found.lower_bound <= least * (1 + 1e-12), told
    assert least <= found.value * (1 + 1e-12), f"{told}\n{found.mapping}"
    assert all(condition.holds(found.cost) for condition in conditions), told
    assert all(said.holds(found.mapping) for said in problem.last_said()), told
    assert exhausted.cost(found.mapping) == found.cost, told
    if is_proven(problem):
        assert found.status == "optimal", told
    if found.status == "optimal":
        assert found.lower_bound == found.value
        assert abs(found.value - least) <= 1e-12 * least, told
        if problem.einsum.is_box:
            assert ranked(problem, found.cost, objective) == truth, f"{told}\n{found.mapping}"
    again = ask(seed=5)
    assert (again.mapping, again.cost, again.lower_bound) == (found.mapping, found.cost, found.lower_bound), told
    return str(found.status)


def check_none(problem: Together, ask: Callable[[], Any], told: str) -> str:
    """Where exhaustion finds nothing there is no answer, either; a gap may be left only where gaps are known."""
    allowed = (pm.Infeasible,) if is_proven(problem) else (pm.Infeasible, pm.Unsolved)
    try:
        found = answered(problem, ask)
    except allowed:
        return "infeasible"
    assert found is None, f"{told}\n{found.mapping}"
    return "refused"


def check_front(exhausted: Exhausted, axis: str, conditions: Sequence[Condition]) -> str:
    """A front that says it is complete has exactly the points that no mapping beats; any front has none that is beaten
    by another of its points."""
    problem = exhausted.problem
    of = (lambda cost: held(cost, axis.partition(":")[2])) if ":" in axis else (lambda cost: cost.cycles)
    truth = list[tuple[Fraction, int]]()
    for point in sorted({(cost.energy, of(cost)) for cost in exhausted.under(conditions)}):
        if not truth or point[1] < truth[-1][1]:
            truth.append(point)
    pareto: Any = pm.pareto
    told = f"{problem}\n{axis} {[*map(str, conditions)]}"
    ask = lambda: pareto(  # noqa: E731
        problem.einsum, problem.architecture, axes=f"energy,{axis}", **asked(problem, conditions)
    )
    if not truth:
        return check_none(problem, ask, told)
    front = answered(problem, ask)
    if front is None:
        return "refused"
    found = [(point.cost.energy, of(point.cost)) for point in front.points]
    if is_proven(problem):
        assert front.complete, told
    if front.complete:
        assert found == truth, told
    return "complete" if front.complete else "incomplete"


def limited(problem: Together) -> list[str]:
    """What a front can be over: cycles, and the sizes of memories that have one."""
    return ["latency", *(f"size:{level}" for level in sized(problem))]


def sized(problem: Together) -> list[str]:
    """The memories that have a capacity: in others a tensor at home need not be whole, unless a size is asked for."""
    return [memory.name for memory in problem.architecture.memories if memory.capacity_bits]
