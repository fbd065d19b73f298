"""A mapping taken apart once more: the engines that counted it, ready to say what they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from polymap.mapping import Mapping as LoopNest
from polymap.mapping.nest import Storage
from polymap.model import Cost, SymbolicCost, symbolic
from polymap.model.counting import Engines
from polymap.model.evaluate import prepared
from polymap.model.nest import Access, Nest, Skeleton, nest, skeleton
from polymap.model.network import Haul, carried
from polymap.model.quantities import Quantities
from polymap.model.reading import Setting
from polymap.model.replay.chain import Chain, chain
from polymap.model.replay.rules import is_replayed
from polymap.polyhedral import integer_sets
from polymap.report.subject import Subject


@dataclass(frozen=True)
class Case:
    """A subject with its cost and all its numbers by name; None is not modelled."""

    subject: Subject
    cost: Cost
    known: Mapping[str, int | Fraction | None]

    def given(self, *names: str) -> dict[str, int | Fraction]:
        """Numbers of the result by name, for use in an equation; one that is not modelled counts nothing."""
        return {name: self.known[name] or 0 for name in names}

    @cached_property
    def loops(self) -> LoopNest:
        return self.subject.mapping.without_unit_loops()

    @cached_property
    def trips(self) -> list[int]:
        return [node.trip for node in self.loops.nodes if not isinstance(node, Storage)]

    @cached_property
    def setting(self) -> Setting:
        return prepared(self.subject.einsum, self.subject.architecture, self.subject.conventions)

    @cached_property
    def shape(self) -> Skeleton:
        return skeleton(self.loops.nodes, self.subject.einsum.tensors, self.setting.dimensions)

    @cached_property
    def walked(self) -> Nest:
        return nest(self.shape.slots, self.trips)

    @cached_property
    def engines(self) -> Engines:
        return Engines(self.subject.einsum, self.subject.conventions, self.walked, integer_sets)

    def access(self, tensor: str) -> Access:
        return next(access for access in self.setting.accesses if access.tensor.name == tensor)

    def homes(self, tensor: str) -> tuple[tuple[str, int], ...]:
        """Memories that hold a tensor, outermost first, and the loops above each."""
        return self.shape.homes[tensor]

    def carried(self, tensor: str) -> tuple[tuple[Quantities, ...], tuple[Haul, ...]]:
        """What every memory of a tensor holds and moves, and what crosses the networks between."""
        if tensor not in self._carried_before:
            self._carried_before[tensor] = _carried(self, tensor, self.engines)
        return self._carried_before[tensor]

    @cached_property
    def _carried_before(self) -> dict[str, tuple[tuple[Quantities, ...], tuple[Haul, ...]]]:
        """What was carried of a tensor: it may take long to count, and every number asks for it."""
        return {}

    @cached_property
    def chain(self) -> Chain | None:
        """The nest as another tool has it, if its conventions replay the mapping."""
        asked = (self.subject.einsum, self.subject.architecture, self.subject.mapping)
        rules = self.subject.conventions
        return chain(*asked) if rules.continuing_sweep and is_replayed(*asked, rules) else None

    # In the trips of the loops.

    @cached_property
    def formulas(self) -> SymbolicCost:
        """The loop nest in trips, for tensors whose counts are closed forms: their tiles have no holes."""
        whole = replace(self.subject.conventions, holes="hull")
        return symbolic(self.subject.einsum, self.subject.architecture, self.loops, whole)

    @cached_property
    def symbols(self) -> Engines:
        """The engines of a nest whose trips are symbols."""
        walked = nest(self.shape.slots, self.formulas.symbols)
        return Engines(self.subject.einsum, self.subject.conventions, walked)

    def carried_in_trips(self, tensor: str) -> tuple[tuple[Quantities, ...], tuple[Haul, ...]]:
        """As `carried`, in symbols."""
        return _carried(self, tensor, self.symbols)

    def loop_of(self, symbol: str) -> str:
        """The loop that a symbol such as `k0` stands for."""
        named = zip(self.formulas.symbols, self.loops.loops, strict=True)
        return next(str(loop) for found, loop in named if str(found) == symbol)

    def loop_at(self, position: int) -> str:
        """The loop at a position of the nest."""
        return str(self.loops.loops[position])


def _carried(case: Case, tensor: str, engines: Engines) -> tuple[tuple[Quantities, ...], tuple[Haul, ...]]:
    machine, access = case.subject.architecture, case.access(tensor)
    return carried(machine, access, case.homes(tensor), engines, engines.run.computes())
