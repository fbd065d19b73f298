"""The answer to a query: a mapping, its cost, a lower bound that holds for every mapping, and how both were found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from polymap.architecture.hierarchy import Architecture
from polymap.components.estimate import Estimate, total
from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.mapper.certificate import Certificate
from polymap.mapping.nest import Mapping
from polymap.model.conventions import Conventions
from polymap.model.cost import Cost, Cycles
from polymap.quantity import shown
from polymap.workload.einsum import Einsum

INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Search:
    """What was searched: classes of mappings in the space, how many a bound closed, how many the solver closed.

    `final` tells whether neither a time limit nor an interrupt had a say: the same question has the same answer.
    """

    classes: int
    bounded: int
    solved: int
    cpu_s: float
    seed: int
    mapspace: str
    subject_to: tuple[str, ...] = ()
    note: str = ""
    certificate: Certificate | None = None
    constraints: tuple[str, ...] = ()
    rules: str = ""  # the statements as a document `polymap: constraints/1`, in JSON
    final: bool = False
    factors: str = "perfect"


@dataclass(frozen=True)
class Result:
    """One einsum on one architecture.

    `status` is optimal, feasible (a better mapping may exist: see `gap`) or evaluated (a given mapping was priced).
    `value` and `lower_bound` are in the unit of the objective: J, s or J*s; both are None when evaluated.
    """

    status: str
    objective: str | None
    value: float | None
    lower_bound: float | None
    mapping: Mapping
    cost: Cost
    einsum: Einsum
    architecture: Architecture
    conventions: Conventions
    search: Search | None = None

    @property
    def gap(self) -> float | None:
        """`(value - lower_bound) / value`; 0 is a proof of optimality."""
        return relative_gap(self.value, self.lower_bound)

    @property
    def interrupted(self) -> bool:
        """Whether a Ctrl-C ended the search."""
        return self.search is not None and self.search.note == INTERRUPTED

    @property
    def energy_pj(self) -> float:
        return self.cost.energy_pj

    @property
    def energy_estimate(self) -> Estimate:
        """The energy in pJ with its errors and origin: what the component models say of every action."""
        from polymap.model import uncertainty

        return uncertainty.energy(self.cost, self.einsum, self.architecture)

    @property
    def area_estimate(self) -> Estimate:
        """The area of the machine in um2 with its errors and origin."""
        from polymap.model import uncertainty

        return uncertainty.area(self.architecture)

    def _repr_html_(self) -> str:
        from polymap.mapper.shown import result_html

        return result_html(self)

    def plan(self) -> dict[str, object]:
        """The mapping as plain integers: loops with their steps, buffers with tiles, shapes and bits.

        Its keys are described in `polymap.mapping.plan` and docs/guides/compilers.md.
        """
        from polymap.mapping.plan import plan

        return plan(self.einsum, self.architecture, self.mapping)

    def to_dict(self) -> dict[str, object]:
        """The document `polymap.result/1` as plain data; its keys are described in docs/reference/result.md."""
        from polymap.mapper.document import document

        return document(self)

    def to_json(self, indent: int | None = 2) -> str:
        """The document `polymap.result/1` as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`, one row per level and tensor; raises `PolymapError` where pandas is not installed."""
        from polymap.mapper.frame import level_frame

        return level_frame(self)


@dataclass(frozen=True)
class NetworkResult:
    """The results of a network's distinct layers, each with its repeat count; totals weigh layers by repeat.

    `unfinished` names the layers that have no mapping, because a limit or an interrupt came first: totals are without
    them, and the network as a whole has no value.
    """

    name: str
    layers: tuple[tuple[int, Result], ...]
    unfinished: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """`optimal` if every layer is, `partial` if one has no mapping, else `feasible`."""
        if self.unfinished:
            return "partial"
        return "optimal" if all(result.status == "optimal" for _, result in self.layers) else "feasible"

    @property
    def energy(self) -> Fraction:
        return sum((repeat * result.cost.energy for repeat, result in self.layers), Fraction(0))

    @property
    def energy_estimate(self) -> Estimate:
        """The energy in pJ with its errors and origin; layers run on one machine, so their errors go together."""
        return total("energy", [(float(repeat), result.energy_estimate) for repeat, result in self.layers], "pJ")

    @property
    def cycles(self) -> Cycles:
        return sum(repeat * result.cost.cycles for repeat, result in self.layers)

    @property
    def edp(self) -> Fraction:
        """The sum of the layers' energy-delay products times repeats, in J*s."""
        return sum((repeat * result.cost.edp for repeat, result in self.layers), Fraction(0))

    @property
    def computes(self) -> int:
        return sum(repeat * result.cost.computes for repeat, result in self.layers)

    @property
    def utilization(self) -> float:
        """Computes performed over computes that all physical units could have performed in the whole run."""
        costs = [(repeat, result.cost) for repeat, result in self.layers]
        possible = sum(repeat * cost.physical_compute_instances * cost.cycles for repeat, cost in costs)
        return float(self.computes / possible) if possible else 0.0

    @property
    def objective(self) -> str | None:
        """What every layer was optimised for; None if the network has no layers."""
        return self.layers[0][1].objective if self.layers else None

    @property
    def value(self) -> float | None:
        """Sum of the layers' objective values times repeats, in the objective's unit; for `edp` a sum of products."""
        return None if self.unfinished else sum_known([(repeat, result.value) for repeat, result in self.layers])

    @property
    def lower_bound(self) -> float | None:
        """No choice of mappings, one per layer, has a smaller `value`; layers without a mapping add nothing."""
        return sum_known([(repeat, result.lower_bound) for repeat, result in self.layers])

    @property
    def gap(self) -> float | None:
        """`(value - lower_bound) / value`; 0 is a proof of optimality."""
        return relative_gap(self.value, self.lower_bound)

    def _repr_html_(self) -> str:
        from polymap.mapper.shown import network_html

        return network_html(self)

    def to_dict(self) -> dict[str, object]:
        """The network's document `polymap.result/1`: summed totals and one document per distinct layer."""
        from polymap.mapper.document import network_document

        return network_document(self)

    def to_json(self, indent: int | None = 2) -> str:
        """The network's document as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with one row per distinct layer; raises `PolymapError` where pandas is not installed."""
        from polymap.mapper.frame import layer_frame

        return layer_frame(self)


@dataclass(frozen=True)
class Front:
    """Mappings of one einsum, from least energy to fewest cycles (or bits of a memory); none is as good as another in
    both.

    If `complete`, it is proven that no other mapping that keeps to the conditions `subject_to` has less energy, or
    needs less than `1 / (1 + tolerance)` of the other axis, than every point that is as good as it in the other one.
    """

    einsum: Einsum
    architecture: Architecture
    points: tuple[Result, ...]
    complete: bool
    axes: tuple[str, ...] = ("energy", "latency")
    tolerance: Fraction = Fraction(0)
    subject_to: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        from polymap.mapper.shown import front_html

        return front_html(self)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with one row per point; raises `PolymapError` where pandas is not installed."""
        from polymap.mapper.frame import point_frame

        return point_frame(self)

    def to_dict(self) -> dict[str, object]:
        """The document `polymap.pareto/1`: axes, tolerance, conditions, `complete`, a result document each."""
        from polymap.mapper.document import front_document

        return front_document(self)

    def to_json(self, indent: int | None = 2) -> str:
        """The document as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)


def expect(value: object, *kinds: type) -> None:
    """Raises `SpecError` for what is no result of one of these kinds, e.g. the name of its file."""
    if not isinstance(value, kinds):
        said = f"{shown(value)} ({type(value).__name__}) is no {' or '.join(kind.__name__ for kind in kinds)}"
        asked = "what `pm.pareto` returned" if kinds == (Front,) else "what `pm.optimize` returned"
        document = ", or its document: `json.load(open(FILE))`" if dict in kinds else ""
        raise SpecError(Mistake(NOWHERE, said, f"give {asked}{document}"))


def sum_known(values: list[tuple[int, float | None]]) -> float | None:
    """Sum of repeat times value; None if a value is missing or there are none."""
    known = [repeat * value for repeat, value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def relative_gap(value: float | None, lower_bound: float | None) -> float | None:
    """`(value - lower_bound) / value`, at least 0; None where one is missing, NaN (no proof) where one is NaN."""
    if value is None or lower_bound is None:
        return None
    return 0.0 if value <= lower_bound else (value - lower_bound) / value
