"""What an infeasible query is told: the demands that are named clash, any one left out some mapping is left, and what
the others need is what they need. Every demand is looked at on all mappings of the machine without capacities."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import polymap as pm
from polymap.architecture.hierarchy import Architecture, Memory
from polymap.constraints.bind import bind
from polymap.constraints.facts import facts
from polymap.constraints.limits import Limit
from polymap.mapping.legality import mistakes
from polymap.mapping.nest import Mapping
from tests.properties.strategies_together import Together
from tests.properties.together import Condition, Exhausted, answered, asked, held, moved

Allows = Callable[[Mapping, pm.Cost], bool]
LEAST = re.compile(r"'(.*)'; the least that the others need is ([0-9.e+,-]+) (\w+)(?::.*)?")


@dataclass(frozen=True)
class Clash:
    """A problem, all mappings of its machine without capacities, and the demands that a query makes of them, by their
    words."""

    problem: Together
    open: Exhausted
    conditions: tuple[Condition, ...]

    @cached_property
    def demands(self) -> dict[str, Allows]:
        found: dict[str, Allows] = {}
        for limit in bind(pm.constraints(self.problem.document or {"polymap": "constraints/1"}), *self.posed).limits:
            found[limit.statement.text] = lambda mapping, cost, limit=limit: self._obeys(limit, mapping)  # type: ignore[misc]
        for condition in self.conditions:
            found[condition.text] = lambda mapping, cost, holds=condition.holds: holds(cost)  # type: ignore[misc]
        for memory in self.problem.architecture.memories:
            if memory.capacity_bits is not None:
                machine, text = self._only(memory), f"{memory.name} holds {memory.capacity_bits} b"
                found[text] = lambda mapping, cost, machine=machine: self._fits(machine, mapping)  # type: ignore[misc]
        return found

    @property
    def posed(self) -> tuple[pm.Einsum, Architecture]:
        return self.problem.einsum, self.problem.architecture

    def _only(self, memory: Memory) -> Architecture:
        """The machine with one of its capacities."""
        machine = self.open.problem.architecture
        return replace(machine, hierarchy=tuple(memory if x.name == memory.name else x for x in machine.hierarchy))

    def _obeys(self, limit: Limit, mapping: Mapping) -> bool:
        return not [*limit.broken(facts(*self.posed, mapping))]

    def _fits(self, machine: Architecture, mapping: Mapping) -> bool:
        return not mistakes(self.problem.einsum, machine, mapping)

    @cached_property
    def meets(self) -> list[tuple[pm.Cost, frozenset[str]]]:
        """Of every mapping its cost and the demands that it meets."""
        return [
            (cost, frozenset(text for text, allows in self.demands.items() if allows(mapping, cost)))
            for mapping, cost in self.open.priced
        ]

    def under(self, texts: Sequence[str]) -> list[pm.Cost]:
        return [cost for cost, met in self.meets if met >= {*texts}]


def check_conflict(clash: Clash) -> str:
    """How a query ends: with the names of demands that clash, each of them needed; or with a mapping."""
    problem = clash.problem
    optimize: Any = pm.optimize
    told = f"{problem}\n{[*map(str, clash.conditions)]}"
    if clash.under([*clash.demands]):
        return "feasible"
    try:
        found = answered(problem, lambda: optimize(*clash.posed, **asked(problem, clash.conditions)))
    except pm.Infeasible as error:
        return check_told(clash, [mistake.message for mistake in error.mistakes], told)
    assert found is None, f"{told}\n{found.mapping}"
    return "refused"


def check_told(clash: Clash, messages: list[str], told: str) -> str:
    heading, *rest = messages
    if "this demand" not in heading and "demands together" not in heading:
        return "the machine, or one statement alone"
    named = [(next((text for text in clash.demands if said.startswith(f"'{text}'")), ""), said) for said in rest]
    members, rest = [text for text, _ in named if text], [said for text, said in named if text]
    told = f"{told}\n{messages}"
    assert not clash.under(members), told
    for member, said in zip(members, rest, strict=True):
        others = [other for other in members if other != member]
        left = clash.under(others)
        assert left, f"{told}\n{member}"
        check_least(clash, said, left, told)
    return f"a conflict of {len(members)}"


def check_least(clash: Clash, said: str, left: list[pm.Cost], told: str) -> None:
    """The least that the mappings left need of what a member bounds."""
    found = LEAST.fullmatch(said)
    if found is None:
        return
    member, number, unit = found.groups()
    least = float(number.replace(",", ""))
    memory = re.match(r"size:(\w+)|traffic:(\w+)|(\w+) holds", member)
    if unit == "pJ":
        assert abs(least - min(float(cost.energy) for cost in left)) <= 1e-5 * least, told
    elif unit == "cycles":
        assert least == min(cost.cycles for cost in left), told
    elif memory and memory[2]:
        assert least == min(moved(*clash.posed, cost, memory[2]) for cost in left), told
    elif memory:  # less may be enough where the machine would not have to keep what it keeps
        assert least <= min(held(cost, memory[1] or memory[3]) for cost in left), told
