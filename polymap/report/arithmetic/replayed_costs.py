"""Energies and cycles of a mapping that is replayed, and what crosses its networks, as that tool prices them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

from polymap.architecture import Compute, Memory
from polymap.model.cost import Transport
from polymap.model.reading import latency
from polymap.model.replay.counts import Flow
from polymap.report.arithmetic.equation import Equation, equation, factor, leaf
from polymap.report.arithmetic.levels import ACCESSES, FLOWS, access_note, accesses, leaked, port_cycles
from polymap.report.arithmetic.replayed import Replay

Made = Iterator[tuple[str, Callable[[], Equation]]]


def equations(again: Replay) -> Made:
    """The numbers that follow from what the walk counts."""
    case = again.case
    for flow in again.flows:
        if flow.is_kept:
            name = f"{again.chain.memories[flow.level].name}.{flow.tensor}.energy_pj"
            yield name, partial(_energy, again, flow, name)
    for level, memory in enumerate(again.chain.memories):
        cycles = partial(port_cycles, case, memory, f"{memory.name}.cycles", _spread(again, level))
        yield f"{memory.name}.cycles", cycles
        yield f"{memory.name}.leakage_pj", partial(_leakage, again, memory, level)
    compute = case.subject.architecture.compute
    yield f"{compute.name}.leakage_pj", partial(_leakage, again, compute, -1)
    yield f"{compute.name}.energy_pj", partial(_computed, again)
    yield "cycles", partial(_cycles, again)
    for row in case.cost.networks:
        prefix = f"{row.array}.{row.tensor}.to_{row.child}"
        for what in ("words", "delivered", "word_hops", "link_words", "energy_pj"):
            yield f"{prefix}.{what}", partial(_crossing, again, row, f"{prefix}.{what}", what)


def _spread(again: Replay, level: int) -> int:
    """Instances of a level if all spatial loops made their full trips."""
    return again.chain.spread(level, 0) * again.chain.spread(level, 1)


def _energy(again: Replay, flow: Flow, name: str) -> Equation:
    """Accesses of an instance at their prices, times instances or the clusters that share accesses."""
    memory, spread = again.chain.memories[flow.level], _spread(again, flow.level)
    tensor = again.case.subject.einsum.tensor(flow.tensor)
    size = max(1, memory.width_bits // memory.cluster // memory.element_bits(tensor))
    clusters = min(Fraction(spread), Fraction(again.case.subject.architecture.instances(memory.name), memory.cluster))
    row = f"{memory.name}.{flow.tensor}"
    kinds = zip(FLOWS, ACCESSES, (memory.read_pj, memory.write_pj, memory.update_pj), strict=True)
    priced = [(accesses(again.case, row, what, size, kind), pj) for what, kind, pj in kinds if pj]
    said = [(part, pj) for part, pj in priced if part.value]
    terms = [f"{{{part.name}}}*{factor(pj)}" for part, pj in said]
    instances = f"{memory.name}.instances"
    share = f" * {factor(clusters / spread)}" if clusters != spread else ""
    template = f"({' + '.join(terms) or '0'}) * {{{instances}}}{share}{_more(again, flow, memory, clusters)}"
    note = f"pJ; {access_note(size)}; accesses of one instance at their energies, times instances"
    return equation(name, template, [part for part, _ in said], again.case.given(instances), note=note)


def _more(again: Replay, flow: Flow, memory: Memory, clusters: Fraction) -> str:
    """What addresses and adders take."""
    is_output = again.case.subject.einsum.tensor(flow.tensor).is_output
    addressed = flow.fills + (flow.updates if is_output else flow.reads)
    text = f" + {addressed} * {factor(clusters)} * {factor(memory.address_pj)}" if memory.address_pj else ""
    adds = again.case.subject.conventions.sums_are_fetched or flow.level < len(again.chain.memories) - 1
    if is_output and adds and memory.reduce_pj:
        text += f" + {flow.reads * flow.instances} * {factor(memory.reduce_pj)}"
    return text


def _leakage(again: Replay, level: Memory | Compute, index: int) -> Equation:
    """Energy that leaks while nothing but networks is idle."""
    case, name = again.case, f"{level.name}.leakage_pj"
    if not level.leakage_w:
        return leaf(name, 0, "no leakage is given")
    row = case.cost.component(level.name)
    each = leaked(case, level)
    idle = latency(case.subject.architecture)
    powered = equation("powered_cycles", f"{{cycles}} - {idle}" if idle else "{cycles}", given=case.given("cycles"))
    instances = leaf(
        "powered", row.leakage / (each.value * powered.value), "instances that leak: in use, or gated with them"
    )
    return equation(name, "{leaked} * {powered_cycles} * {powered}", [each, powered, instances], note="pJ")


def _computed(again: Replay) -> Equation:
    compute = again.case.subject.architecture.compute
    instances = f"{compute.name}.instances"
    walked = leaf("walked", again.walked.computes, f"computes of the {again.walked.units} units that the walk sees")
    template = f"{{walked}} * {{{instances}}} / {again.walked.units} * {factor(Fraction(compute.energy_pj))}"
    return equation(f"{compute.name}.energy_pj", template, [walked], again.case.given(instances), note="pJ")


def _cycles(again: Replay) -> Equation:
    levels = [memory.name for memory in again.case.subject.architecture.memories]
    names = [f"{level}.cycles" for level in [*levels, again.case.cost.compute_level]]
    extra = latency(again.case.subject.architecture)
    template = f"max({', '.join(f'{{{name}}}' for name in names)})" + (f" + {extra}" if extra else "")
    return equation("cycles", template, given=again.case.given(*names), note="the slowest level")


def _crossing(again: Replay, row: Transport, name: str, what: str) -> Equation:
    """A number of a network: that of one parent times the parents in use."""
    level = next(n for n, memory in enumerate(again.chain.memories) if memory.name == row.parent)
    flow = next(flow for flow in again.flows if (flow.level, flow.tensor) == (level, row.tensor))
    records = flow.records if what == "word_hops" else flow.entering
    one = {
        "words": lambda: " + ".join(factor(record.words) for record in records),
        "delivered": lambda: " + ".join(f"{factor(record.words)}*{record.multicast}" for record in records),
        "word_hops": lambda: " + ".join(factor(record.hops) for record in records),
        "link_words": lambda: str(flow.links),
        "energy_pj": lambda: _network_energy(again, row, flow),
    }[what]()
    instances = f"{row.parent}.instances"
    each = equation("each", one or "0", note=_NOTES[what])
    whole = f"{{each}} * {{{instances}}}"
    exact = equation(name, whole, [each], again.case.given(instances))
    if what == "energy_pj" or isinstance(exact.value, int):
        return exact
    return equation(name, f"floor({whole} + 0.5)", [each], again.case.given(instances), note="rounded")


_NOTES = {
    "words": "words that leave one parent, by how many children take each at once",
    "delivered": "words times the children that take them, of one parent",
    "word_hops": "hops of the words of one parent, by how many children take each at once",
    "link_words": "words that the children of one parent pass to each other",
    "energy_pj": "pJ of one parent: hops, routers, links and adders",
}


def _network_energy(again: Replay, row: Transport, flow: Flow) -> str:
    architecture, tensor = again.case.subject.architecture, again.case.subject.einsum.tensor(row.tensor)
    array = next(array for array in architecture.arrays if array.name == row.array)
    assert array.wiring is not None
    hop, router = array.wiring.hop_of(architecture.memory(row.parent).element_bits(tensor)), array.wiring.router_pj
    hops = " + ".join(factor(record.hops) for record in flow.records) or "0"
    terms = [f"{f'({hops})' if ' ' in hops else hops} * {factor(hop)}"]
    if router:
        terms.append(f"{_routers(flow, tensor.is_output and array.returns_sums)} * {factor(router)}")
    if flow.links:
        terms.append(f"{flow.links} * {factor(hop + 2 * router)}")
    if tensor.is_output and array.wiring.reduce_pj:
        sums = " + ".join(f"{factor(record.words)}*{record.multicast - 1}" for record in flow.records) or "0"
        terms.append(f"({sums}) * {factor(array.wiring.reduce_pj)}")
    return " + ".join(terms)


def _routers(flow: Flow, returns: bool) -> str:
    """Routers that words pass, cut to an integer record by record."""
    passed = ""
    for record in flow.records:
        words = 2 * record.words - flow.partition if returns else record.words
        if words:
            more = f"(1 + floor({factor(record.hops)} / {factor(words)})) * {factor(words)}"
            passed = f"floor({passed} + {more})" if passed else f"floor({more})"
    return passed or "0"
