"""Numbers of a mapping that is replayed: what another tool's walk moved, visit by visit, and its roundings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

from polymap.model.replay.chain import Chain, chosen
from polymap.model.replay.counts import Flow, flows
from polymap.model.replay.tally import Walked
from polymap.model.replay.traced import Visit, visits
from polymap.model.replay.walk import walk
from polymap.report.arithmetic.case import Case
from polymap.report.arithmetic.equation import Equation, equation, factor, leaf

Made = Iterator[tuple[str, Callable[[], Equation]]]
HABITS = "per instance, by the habits of this memory and the choices of the conventions"
RULE = "the first iteration of a loop, and the second for all later ones; where the last ones are shorter, these too"


def equations(again: Replay) -> Made:
    """The numbers that the walk counts, by name; energies and cycles follow from them."""
    for flow in again.flows:
        if flow.is_kept:
            yield from again.row(flow)
    compute = again.case.cost.compute_level
    yield f"{compute}.computes", again.computes
    yield f"{compute}.cycles", again.cycles
    yield f"{compute}.instances", partial(again.instances, f"{compute}.instances", -1)
    for level, memory in enumerate(again.chain.memories):
        yield f"{memory.name}.instances", partial(again.instances, f"{memory.name}.instances", level)


@dataclass(frozen=True)
class Replay:
    """The walk of a case, made once more and looked at."""

    case: Case
    chain: Chain

    @cached_property
    def walked(self) -> Walked:
        return walk(self.chain, self.case.subject.einsum.tensors, self.case.subject.conventions)

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        return flows(self.chain, self.walked, self.case.subject.einsum.tensors, self.case.subject.conventions)

    @cached_property
    def visits(self) -> list[Visit]:
        return visits(self.chain, self.case.subject.einsum.tensors, self.case.subject.conventions)

    # Counts of a tensor at a memory.

    def row(self, flow: Flow) -> Made:
        name = f"{self.chain.memories[flow.level].name}.{flow.tensor}"
        yield f"{name}.tile_elements", lambda: leaf(f"{name}.tile_elements", flow.tile, "the largest tile of the walk")
        yield f"{name}.instances", partial(self.instances, f"{name}.instances", flow.level)
        for what, made in (("reads", self._reads), ("fills", self._fills), ("updates", self._updates)):
            yield f"{name}.{what}", partial(self._times, f"{name}.{what}", flow, made)

    def _times(self, name: str, flow: Flow, made: Callable[[Flow], Equation]) -> Equation:
        """A count per instance, rounded as that tool does, times the instances."""
        each, instances = made(flow), f"{self.chain.memories[flow.level].name}.instances"
        return equation(name, f"{{each}} * {{{instances}}}", [each], self.case.given(instances))

    def _reads(self, flow: Flow) -> Equation:
        moved = self._moved(flow)
        if not self.case.subject.einsum.tensor(flow.tensor).is_output:
            return _rounded([("+", moved), ("+", self._peers(flow))], flow.reads)
        return _rounded([("+", moved), ("+", self._peers(flow)), ("-", self._first(flow))], flow.reads)

    def _fills(self, flow: Flow) -> Equation:
        if not flow.fills:
            return leaf("each", 0, "nothing comes from above")
        received = self._received(flow)
        if not self.case.subject.einsum.tensor(flow.tensor).is_output:
            return _rounded([("+", received), ("+", self._peers(flow))], flow.fills, cut=True)
        return _rounded([("+", received), ("+", self._peers(flow)), ("-", self._first(flow))], flow.fills)

    def _updates(self, flow: Flow) -> Equation:
        if not self.case.subject.einsum.tensor(flow.tensor).is_output:
            return leaf("each", 0, "nothing updates an input")
        return _rounded([("+", self._moved(flow))], flow.updates)

    def _first(self, flow: Flow) -> Equation:
        """Elements whose first write is free."""
        memory, tensor = self.chain.memories[flow.level], self.case.subject.einsum.tensor(flow.tensor)
        if self.case.subject.conventions.first_updates_read or chosen(memory.reads_first, tensor):
            return leaf("first", 0, "first updates read, too")
        return leaf("first", flow.partition, "elements that an instance ever sees: their first write is free")

    def _peers(self, flow: Flow) -> Equation:
        """Words per instance that neighbours pass on."""
        above = [other for other in self.flows if (other.level, other.tensor) == (flow.level + 1, flow.tensor)]
        links = above[0].links if above else 0
        note = "words that neighbours pass on, over instances"
        return (
            equation("passed_on", f"{links} / {max(1, flow.instances)}", note=note)
            if links
            else leaf("passed_on", 0, "")
        )

    def _received(self, flow: Flow) -> Equation:
        """Words that come from above per instance: what all children of the level above receive, over the children."""
        tally = self.walked.tallies[flow.level + 1][self._tensor(flow)]
        terms = [
            f"{words}*{shared}" if shared > 1 else str(words) for (shared, _), words in sorted(tally.accesses.items())
        ]
        fan = self.chain.fan(flow.level + 1)
        delivered = self._steps("delivered", flow.level + 1, self._tensor(flow), " + ".join(terms) or "0")
        return equation(
            "received", f"{{delivered}} / {fan}", [delivered], note="delivered to all children, over the children"
        )

    def _moved(self, flow: Flow) -> Equation:
        """Words that the walk moves below one instance."""
        records = [record for record in flow.records if not record.passed_on]
        terms = " + ".join(factor(record.words) for record in records) or "0"
        return self._steps("moved", flow.level, self._tensor(flow), terms)

    def _steps(self, name: str, level: int, tensor: int, text: str) -> Equation:
        """A sum of words below a level, and the visits of the walk that make it where these alone do."""
        found = equation(name, text)
        mine = [visit for visit in self.visits if (visit.level, visit.tensor) == (level, tensor) and visit.words]
        walked = sum(visit.times * visit.words for visit in mine)
        if not walked or found.value % walked:
            return equation(name, text, note="words below one instance, after what bypasses and neighbours leave")
        groups, many = found.value // walked, Counter[tuple[int, int, int]]()
        for visit in mine:
            many[visit.loop, visit.times, visit.words] += 1
        terms = [_term(count * times, words) for (_, times, words), count in many.items()]
        details = [self._visit(loop, count * times, words) for (loop, times, words), count in many.items()]
        rule = RULE if self.case.subject.conventions.extrapolates else "every iteration of every loop"
        steps = equation("walked", " + ".join(terms), note=f"words to one child: {rule}", details=details)
        note = (
            "words below one instance" if groups == 1 else f"words below one instance, {groups} for each to one child"
        )
        return equation(name, f"{{walked}} * {groups}" if groups != 1 else "{walked}", [steps], note=note)

    def _visit(self, loop: int, times: int, words: int) -> str:
        when = f"as `{self._loop(loop)}` moves on" if loop >= 0 else "at the first visit"
        return f"{_often(times)} {words} words {when}"

    def _loop(self, index: int) -> str:
        loop = self.chain.loops[index]
        last = "" if loop.is_perfect else f", the last time {loop.last}"
        return f"for {loop.rank} in {loop.end}{last}"

    def _tensor(self, flow: Flow) -> int:
        return [tensor.name for tensor in self.case.subject.einsum.tensors].index(flow.tensor)

    # The run as a whole.

    def instances(self, name: str, level: int) -> Equation:
        """Instances in use, cut to an integer: an imperfect loop counts with the average of its trips."""
        used = self.chain.used(max(0, level)) * (self.chain.fan(0) if level < 0 else 1)
        return equation(
            name, f"floor({factor(used)})", note="the product of the loops above, short ones by their average"
        )

    def computes(self) -> Equation:
        name = f"{self.case.cost.compute_level}"
        template = f"floor({{walked}} * {{{name}.instances}} / {self.walked.units})"
        walked = leaf("walked", self.walked.computes, f"computes of the {self.walked.units} units that the walk sees")
        return equation(f"{name}.computes", template, [walked], self.case.given(f"{name}.instances"))

    def cycles(self) -> Equation:
        name = self.case.cost.compute_level
        if self.chain.is_perfect:
            given = self.case.given(f"{name}.computes", f"{name}.instances")
            return equation(f"{name}.cycles", f"ceil({{{name}.computes}} / {{{name}.instances}})", given=given)
        loops = [loop for loop in reversed(self.chain.loops) if not loop.is_spatial and loop.end > 1]
        text = " * ".join(str(loop.end) for loop in loops) or "1"
        return equation(f"{name}.cycles", text, note="all temporal trips: a short last trip does not shorten the run")


def _rounded(terms: list[tuple[str, Equation]], value: int, cut: bool = False) -> Equation:
    """A sum, rounded to the nearest integer or cut."""
    said = [(sign, term) for sign, term in terms if term.value or len(terms) == 1] or terms[:1]
    text = " ".join(f"{sign} {{{term.name}}}" for sign, term in said).removeprefix("+ ")
    parts = [term for _, term in said]
    exact = equation("each", text, parts, note="per instance")
    if isinstance(exact.value, int):
        return exact if exact.value == value else leaf("each", value, HABITS)
    turned = equation("each", f"floor({text})" if cut else f"floor({text} + 0.5)", parts, note="per instance, rounded")
    return turned if turned.value == value else leaf("each", value, HABITS)


def _term(times: int, words: int) -> str:
    return f"{times}*{words}" if times > 1 else str(words)


def _often(times: int) -> str:
    return "once" if times == 1 else f"{times} times"
