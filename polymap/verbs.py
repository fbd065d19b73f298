"""The verbs of `import polymap`: they accept names, paths, mappings or values, and call the rooms that do the work."""

from __future__ import annotations

from fractions import Fraction
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, overload

from polymap.errors import NOWHERE, IllegalMapping, Mistake, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Mapping as Table

    from polymap.architecture import Architecture
    from polymap.architecture import Source as ArchitectureSource
    from polymap.components.component import Component
    from polymap.components.technology import Technology
    from polymap.constraints import Source as ConstraintsSource
    from polymap.constraints.statements import Constraints
    from polymap.explore.cache import Source as CacheSource
    from polymap.frontends.model import Model
    from polymap.mapper.progress import OnProgress
    from polymap.mapper.result import Front, NetworkResult, Result
    from polymap.mapper.verification import Verification
    from polymap.mapping import Mapping
    from polymap.mapping import Source as MappingSource
    from polymap.model.conventions import Conventions
    from polymap.model.cost import Cost
    from polymap.model.formulas import SymbolicCost
    from polymap.workload import Einsum, Network
    from polymap.workload import Source as WorkloadSource

LEAST_SECONDS = 0.001  # of a search whose deadline has passed: the first mapping is better than none


@overload
def optimize(
    work: Einsum,
    arch: ArchitectureSource,
    *,
    objective: str = ...,
    conventions: str | Conventions = ...,
    mapspace: str | None = ...,
    factors: str = ...,
    subject_to: str | Sequence[str] = ...,
    constraints: ConstraintsSource | None = ...,
    gap: float = ...,
    time_limit: float | None = ...,
    deadline_ms: float | None = ...,
    seed: int = ...,
    workers: int = ...,
    cache: CacheSource | None = ...,
    on_progress: OnProgress | None = ...,
) -> Result: ...


@overload
def optimize(
    work: WorkloadSource,
    arch: ArchitectureSource,
    *,
    objective: str = ...,
    conventions: str | Conventions = ...,
    mapspace: str | None = ...,
    factors: str = ...,
    subject_to: str | Sequence[str] = ...,
    constraints: ConstraintsSource | None = ...,
    gap: float = ...,
    time_limit: float | None = ...,
    deadline_ms: float | None = ...,
    seed: int = ...,
    workers: int = ...,
    cache: CacheSource | None = ...,
    on_progress: OnProgress | None = ...,
) -> Result | NetworkResult: ...


def optimize(
    work: WorkloadSource,
    arch: ArchitectureSource,
    *,
    objective: str = "energy",
    conventions: str | Conventions = "polymap",
    mapspace: str | None = None,
    factors: str = "perfect",
    subject_to: str | Sequence[str] = (),
    constraints: ConstraintsSource | None = None,
    gap: float = 0.0,
    time_limit: float | None = None,
    deadline_ms: float | None = None,
    seed: int = 0,
    workers: int = 1,
    cache: CacheSource | None = None,
    on_progress: OnProgress | None = None,
) -> Result | NetworkResult:
    """The mapping of least energy, latency or a product of their powers, with a lower bound that proves how good it is.

    `work` and `arch` are values, shipped names, paths or Python mappings of a file's form; a network gives a
    `NetworkResult`. `objective` is `energy`, `latency`, `edp`, `ed2p`, a product such as `energy^2*latency`, or
    `traffic:MEMORY`: the bits that a memory reads, is filled with and updates.
    `mapspace` is `uneven` (the default: storage nodes stand anywhere) or `even` (as in Timeloop; the default under its
    conventions). `factors` are `perfect` or `imperfect`: trips divide their rank, or cover it. `subject_to` is a
    condition such as `latency <= 2 ms` or `utilization >= 0.8`, or a list of them, `constraints` are statements that
    the mapping must meet (a path, a shipped name, text, or a Python mapping). `gap` is the relative gap at which the
    search may stop; 0 asks for a proof of optimality. `time_limit` is in seconds of searching; `deadline_ms`, in its
    place, counts from the call on, the reading of inputs included. Layers of a network are searched in up to `workers`
    processes; their number changes no answer. `cache` is a folder where answers are kept and looked up, which changes
    none either. `on_progress` hears a few times per second how far the search is. Raises `SpecError` for what cannot be
    understood, `Infeasible` if no legal mapping exists, `Unsolved` if the time limit passes before one is found.
    """
    from polymap.architecture import architecture
    from polymap.explore.cache import opened
    from polymap.explore.network import optimize_network
    from polymap.explore.run import optimize_once
    from polymap.mapper.query import Query
    from polymap.mapping.kept import check_kept
    from polymap.workload import Network

    called = monotonic()
    machine, subject = architecture(arch), understood(work)
    check_kept(machine, einsums(subject))
    rules = known_statements(constraints, einsums(subject), machine)
    limit = time_limit if deadline_ms is None else seconds_left(deadline_ms, called, time_limit)
    query = Query(objective, conventions, mapspace, conditions(subject_to), gap, limit, seed, rules, factors)
    with opened(cache) as known:
        if isinstance(subject, Network):
            return optimize_network(subject, machine, query, workers, on_progress, known)
        return optimize_once(subject, machine, query, known, on_progress)


def conditions(subject_to: str | Sequence[str]) -> tuple[str, ...]:
    """One condition, or a list of them, as a tuple."""
    return (subject_to,) if isinstance(subject_to, str) else tuple(subject_to)


def seconds_left(deadline_ms: float, called: float, time_limit: float | None) -> float:
    """What a deadline leaves to the search. Raises `SpecError` where it is none, or a time limit is given, too."""
    if time_limit is not None:
        raise SpecError(Mistake(NOWHERE, "`deadline_ms` and `time_limit` both limit the time", "give one of them"))
    if not deadline_ms > 0:
        raise SpecError(Mistake(NOWHERE, f"a deadline of {deadline_ms} ms leaves no time", "give a positive one"))
    return max(LEAST_SECONDS, deadline_ms / 1000 - (monotonic() - called))


def pareto(
    work: WorkloadSource,
    arch: ArchitectureSource,
    *,
    axes: str = "energy,latency",
    tolerance: float = 0.0,
    conventions: str | Conventions = "polymap",
    mapspace: str | None = None,
    factors: str = "perfect",
    subject_to: str | Sequence[str] = (),
    constraints: ConstraintsSource | None = None,
    time_limit: float | None = None,
    seed: int = 0,
    on_point: Callable[[Result], None] | None = None,
) -> Front:
    """All mappings of one einsum that no other is as good as in both energy and latency, from the least energy on.

    With `axes` of `energy,size:MEMORY` it is energy and the bits that tiles take in an instance of a memory. If
    `complete`, it is proven that no other is missing; with a `tolerance`, that every mapping has a point of no more
    energy that needs at most `1 + tolerance` times the cycles or bits. Other arguments are those of `optimize`.
    `on_point` hears of each point as it is found. Raises `SpecError`, `Infeasible` and `Unsolved` as `optimize` does.
    """
    from polymap.architecture import architecture
    from polymap.mapper.pareto import pareto as front
    from polymap.mapper.query import Query
    from polymap.mapping.kept import check_kept

    machine, einsum = architecture(arch), single(work)
    check_kept(machine, [einsum])
    rules = known_statements(constraints, [einsum], machine)
    query = Query("energy", conventions, mapspace, conditions(subject_to), 0.0, time_limit, seed, rules, factors)
    if not 0 <= tolerance < inf:
        mend = "give a number of at least 0, e.g. 0.1"
        raise SpecError(Mistake(NOWHERE, f"a tolerance of {tolerance} makes no sense", mend))
    return front(einsum, machine, query, axes, Fraction(str(tolerance)), on_point)


def evaluate(
    work: WorkloadSource,
    arch: ArchitectureSource,
    nest: MappingSource,
    *,
    conventions: str | Conventions = "polymap",
    constraints: ConstraintsSource | None = None,
) -> Cost:
    """What a mapping of one einsum costs: exact counts, energy and cycles.

    Each argument is a value, a path, a Python mapping of a file's form, or a shipped name. Raises `SpecError` for what
    cannot be understood and `IllegalMapping` with every broken rule and every broken statement of `constraints`.
    """
    from polymap.architecture import architecture
    from polymap.mapping import mapping
    from polymap.mapping.kept import check_kept

    einsum, machine, loops = single(work), architecture(arch), mapping(nest)
    check_kept(machine, [einsum])
    broken = [] if constraints is None else statements_broken(constraints, einsum, machine, loops)
    return legal_cost(einsum, machine, loops, conventions, broken)


def component(
    prices: str,
    /,
    *,
    technology: Technology | dict[str, object] | str | None = None,
    model: str = "",
    calibrate: dict[str, object] | None = None,
    folders: Sequence[str] = (),
    **attributes: object,
) -> Component:
    """One component of the class `prices`, such as `sram`, with energies, area and leakage.

    `attributes` are written as in a file (`capacity="8 KiB"`), and so are `technology` (`"45 nm"`) and
    `calibrate`, factors on what the model says, with their reasons. `model` is the name of the only model to ask.
    `folders` hold components of one's own; Python files in them are executed. Raises `SpecError` for what cannot be
    understood, and with the reason of each model if none has an answer.
    """
    from polymap.components.plugins import registry
    from polymap.components.read import called

    return called(prices, attributes, registry(*folders), technology, model, calibrate)


def known_statements(source: ConstraintsSource | None, einsums: list[Einsum], arch: Architecture) -> Constraints | None:
    """The statements that are asked for, if any. Raises `SpecError` for names that nobody has."""
    if source is None:
        return None
    from polymap.constraints import constraints as read
    from polymap.constraints.check import check_names

    rules = read(source)
    check_names(rules, einsums, arch)
    return rules


def statements_broken(
    constraints: ConstraintsSource, einsum: Einsum, arch: Architecture, nest: Mapping, file: str = ""
) -> list[Mistake]:
    """The statements that a mapping breaks; `file` is the mapping's. Raises `SpecError` for names that nobody has."""
    from polymap.constraints import constraints as read
    from polymap.constraints.check import violations

    return violations(read(constraints), einsum, arch, nest, file)


def legal_cost(
    einsum: Einsum, arch: Architecture, nest: Mapping, conventions: str | Conventions, broken: list[Mistake]
) -> Cost:
    """The cost of a mapping. Raises `IllegalMapping` with the rules it breaks and whatever else is `broken`."""
    from polymap.mapper.sets import integer_sets
    from polymap.model.evaluate import evaluate as price

    try:
        cost = price(einsum, arch, nest, conventions, sets=integer_sets)
    except IllegalMapping as error:
        raise IllegalMapping([*error.mistakes, *broken]) from None
    if broken:
        raise IllegalMapping(broken)
    return cost


def verify(
    result: Result | NetworkResult | Front | dict[str, object],
    *,
    arch: ArchitectureSource | None = None,
    work: WorkloadSource | None = None,
    time_limit: float | None = None,
) -> Verification:
    """Everything in a result, a front, or the document of one, computed again: counts, energy, time, objective.

    Counts are made by integer sets. Its lower bound is proven again by a walk of all classes of mappings, for at
    most `time_limit` seconds (60). `arch` and `work` stand in for the inputs that a document carries. Raises
    `SpecError` for what is no result.
    """
    from polymap.mapper.result import Front, NetworkResult, Result, expect
    from polymap.mapper.verification import given
    from polymap.mapper.verification import verify as check

    expect(result, Result, NetworkResult, Front, dict)
    return check(result if isinstance(result, dict) else result.to_dict(), given(arch, work, time_limit))


def symbolic(
    work: WorkloadSource,
    arch: ArchitectureSource,
    skeleton: MappingSource,
    *,
    conventions: str | Conventions = "polymap",
) -> SymbolicCost:
    """Footprints, counts, energy and cycles of a loop nest as sympy expressions in its trips.

    The trips that `skeleton` gives do not matter: each loop stands for any trip greater than 1. The expressions print,
    differentiate, and `compile()` to numpy. Raises `SpecError` for what cannot be understood, `IllegalMapping` with
    every rule that the nest breaks whatever its trips are, and `PolymapError` where closed forms do not apply (see
    `model.symbolic`).
    """
    from polymap.architecture import architecture
    from polymap.mapping import mapping
    from polymap.mapping.kept import check_kept
    from polymap.mapping.legality import check_skeleton
    from polymap.model import symbolic as formulas

    einsum, machine, nest = single(work), architecture(arch), mapping(skeleton)
    check_kept(machine, [einsum])
    check_skeleton(einsum, machine, nest)
    return formulas(einsum, machine, nest, conventions)


def codegen(
    work: WorkloadSource, arch: ArchitectureSource, nest: MappingSource, *, language: str = "c", count: bool = False
) -> str:
    """The source of a function that runs a mapping of one einsum: its loops, buffers, and what moves between them.

    The function is called like the einsum and takes its tensors, in its order, as arrays whose first element is the
    least that is accessed; it writes the output, which equals the einsum bit for bit on integers. `language` is `c`,
    `python` (on numpy arrays) or `mlir` (a transform script: tile sizes, without buffers). With `count` the code
    counts reads, fills and updates of every tensor at every memory as `evaluate` does under the conventions `polymap`.
    Raises `SpecError` for what cannot be understood, `IllegalMapping`, and `PolymapError` with every reason why code
    for this mapping would not do what the model counts.
    """
    from polymap.architecture import architecture
    from polymap.mapping import mapping
    from polymap.mapping.kept import check_kept
    from polymap.report.code import code

    einsum, machine, loops = single(work), architecture(arch), mapping(nest)
    check_kept(machine, [einsum])
    return code(einsum, machine, loops, language, count)


def einsums(subject: Einsum | Network) -> list[Einsum]:
    """What is run: the einsum itself, or those of a network's layers."""
    from polymap.workload import Network

    return [layer.einsum for layer in subject.layers] if isinstance(subject, Network) else [subject]


def layers(source: Any, sizes: Table[str, int] | None = None) -> Model:
    """The distinct einsums of a network with their repeat counts, and every operation that becomes none.

    `source` is a workload (a value, a shipped name, a path, a mapping), einsum text, the path of a network file (ONNX
    `.onnx`, MLIR `.mlir`, an exported program of PyTorch `.pt2`), or an object of one of these packages or of JAX.
    `sizes` sets sizes that the network leaves open, such as `{"batch": 8}`, and those of the ranks of einsum text.
    The model can be optimized. Raises `SpecError` with every mistake.
    """
    from polymap.frontends.reading import model

    return model(source, sizes)


def understood(work: WorkloadSource) -> Einsum | Network:
    """What is to be mapped: a workload, or the products of a network that a front end reads. Raises `SpecError`."""
    from polymap.frontends.reading import read

    return read(work).work


def single(work: WorkloadSource) -> Einsum:
    """The einsum that is meant; raises `SpecError` for a network of several layers, which a mapping cannot fit."""
    from polymap.workload import Network

    subject = understood(work)
    if not isinstance(subject, Network):
        return subject
    if len(subject.layers) == 1:
        return subject.layers[0].einsum
    names = ", ".join(layer.einsum.name for layer in subject.layers[:6])
    more = ", ..." if len(subject.layers) > 6 else ""
    message = f"'{subject.name}' is a network of {len(subject.layers)} layers, and a mapping is of one einsum"
    raise SpecError(Mistake(NOWHERE, message, f"name the layer, {subject.name}/LAYER, one of: {names}{more}"))
