"""What memories and the compute level spend: accesses and energy, cycles at their ports, room, leakage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from polymap.architecture import Compute, Memory, Rate
from polymap.model.cost import Traffic
from polymap.model.energy import Price
from polymap.model.reading import Place, latency
from polymap.report.arithmetic.case import Case
from polymap.report.arithmetic.equation import Equation, equation, factor, leaf
from polymap.report.arithmetic.quantities import additions, used

FLOWS = ("reads", "fills", "updates")
ACCESSES = ("read_accesses", "fill_accesses", "update_accesses")
_ELEMENTS = ("read_elements", "filled_elements", "updated_elements")


def access_energy(case: Case, row: Traffic, name: str) -> Equation:
    """Energy of a tensor at a memory: accesses of an instance, each kind rounded up, at their prices."""
    price = case.setting.prices[row.level, row.tensor]
    places = min(row.instances, price.clusters) if price.clusters else row.instances
    terms, parts = _priced(case, row, ACCESSES, price.per_access, price.energies, price)
    times = f"{places} * {price.accesses_each}" if price.accesses_each > 1 else str(places)
    template = f"{times} * ({' + '.join(terms)})" if terms else "0"
    if any(price.elements):
        more, others = _priced(case, row, _ELEMENTS, 1, price.elements, price)
        template, parts = f"{template} + {places} * ({' + '.join(more) or '0'})", [*parts, *others]
    if price.addition and case.access(row.tensor).tensor.is_output:
        parts.append(_additions(case, row))
        template = f"{template} + {{additions}} * {factor(Fraction(price.addition, price.denominator))}"
    return equation(name, template, parts, note=_accesses_note(price))


def _accesses_note(price: Price) -> str:
    one = access_note(price.per_access)
    if price.accesses_each > 1:
        one = f"an element takes {price.accesses_each} accesses"
    return f"pJ; {one}; instances times accesses of one, at their energies"


def access_note(size: int) -> str:
    """How much an access moves."""
    return f"an access moves {size} elements" if size > 1 else "an access moves one element"


def _priced(
    case: Case, row: Traffic, names: Sequence[str], size: int, energies: Sequence[int], price: Price
) -> tuple[list[str], list[Equation]]:
    """One term per kind of flow that is there and costs something, and its accesses of `size` elements."""
    terms, parts = [], []
    for flow, name, energy in zip(FLOWS, names, energies, strict=True):
        if getattr(row, flow) and energy:
            parts.append(accesses(case, f"{row.level}.{row.tensor}", flow, size, name))
            terms.append(f"{{{name}}}*{factor(Fraction(energy, price.denominator))}")
    return terms, parts


def accesses(case: Case, row: str, flow: str, size: int, name: str) -> Equation:
    """Accesses of `size` elements by one instance, for one flow of a row `LEVEL.TENSOR`."""
    moved, instances = f"{row}.{flow}", f"{row}.instances"
    over = f"({{{instances}}} * {size})" if size > 1 else f"{{{instances}}}"
    return equation(name, f"ceil({{{moved}}} / {over})", given=case.given(moved, instances), note="per instance")


def _additions(case: Case, row: Traffic) -> Equation:
    access = case.access(row.tensor)
    node = [level for level, _ in case.homes(row.tensor)].index(row.level)
    return additions(case, access, node)


def port_cycles(case: Case, memory: Memory, name: str, spread: int = 0) -> Equation:
    """Cycles of the busiest port of a memory; its traffic is over `spread` instances, if not over those in use."""
    whole = case.subject.conventions.cycles_in_floats
    parts = [_port(case, memory, kind, rate, flows, spread, whole) for kind, rate, flows in _ports(memory)]
    if not parts:
        return leaf(name, 0, "no bandwidth is given")
    ports = ", ".join(f"{{{part.name}}}" for part in parts)
    found = equation(name, f"max({ports})" if len(parts) > 1 else ports, parts)
    stated = case.known[name]
    return leaf(name, stated, _IN_FLOATS) if whole and stated is not None and stated != found.value else found


_IN_FLOATS = (
    "compute cycles over the share of its demand that the busiest port serves, in floating point: a hair more than a "
    "whole number is one cycle more"
)


def _ports(memory: Memory) -> Iterator[tuple[str, Rate, tuple[tuple[str, ...], ...]]]:
    """Every port with a limit, and the flows through it: reads, and fills with updates."""
    bandwidth = memory.bandwidth
    limits = (
        ("read_port", bandwidth.read, (FLOWS[:1],)),
        ("write_port", bandwidth.write, (FLOWS[1:],)),
        ("shared_port", bandwidth.shared, (FLOWS[:1], FLOWS[1:])),
    )
    for kind, rate, flows in limits:
        if rate is not None:
            yield kind, rate, flows


def _port(
    case: Case, memory: Memory, kind: str, rate: Rate, flows: Sequence[Sequence[str]], spread: int, whole: bool
) -> Equation:
    """Cycles of one port: what all instances move, or with `whole` elements what an instance moves, over the rate."""
    used = f"{memory.name}.instances"
    over, names, terms = str(spread) if spread else f"{{{used}}}", [used], []
    for row in case.cost.traffic:
        if row.level != memory.name:
            continue
        tensor = case.subject.einsum.tensor(row.tensor)
        each = memory.bandwidth.scale_of(tensor.name) * (1 if rate.in_words else memory.element_bits(tensor))
        for moved in flows:
            mine = [f"{row.level}.{row.tensor}.{flow}" for flow in moved if getattr(row, flow) and each]
            names += mine
            text = " + ".join(f"{{{name}}}" for name in mine)
            many = f"({text})" if len(mine) > 1 else text
            terms += [f"{factor(each)}*{f'ceil({many} / {over})' if whole else many}"] if mine else []
    unit = "elements" if rate.in_words else "bits"
    total, pace = " + ".join(terms) or "0", factor(rate.per_cycle)
    needed = f"({total}) / {pace}" if whole else f"({total}) / ({over} * {pace})"
    template = f"ceil({needed})" if case.subject.conventions.whole_cycles else needed
    note = f"{unit} of one instance over {unit} per cycle" if whole else f"{unit} over instances and {unit} per cycle"
    return equation(kind, template, given=case.given(*names), note=note)


def occupied_bits(case: Case, memory: Memory, name: str) -> Equation:
    """Bits of the tiles of one instance, times buffering."""
    rows = [row for row in case.cost.traffic if row.level == memory.name]
    tiles = [f"{row.level}.{row.tensor}.tile_elements" for row in rows]
    bits = [memory.element_bits(case.subject.einsum.tensor(row.tensor)) for row in rows]
    terms = [f"{each}*{{{tile}}}" for each, tile in zip(bits, tiles, strict=True)]
    template = f"{memory.buffering} * ({' + '.join(terms) or '0'})"
    return equation(name, template, given=case.given(*tiles), note="buffering times the bits of the largest tiles")


def leakage(case: Case, place: Place, name: str) -> Equation:
    """Energy that the powered instances leak."""
    if not place.leakage:
        return leaf(name, 0, "no leakage is given")
    each = leaked(case, place.level)
    return equation(
        name, "{leaked} * {powered_cycles} * {powered}", [each, _powered_cycles(case), _powered(case, place)], note="pJ"
    )


def leaked(case: Case, level: Memory | Compute) -> Equation:
    """What one instance leaks in a cycle."""
    clock = factor(Fraction(case.subject.architecture.clock_hz))
    text = f"{factor(level.leakage_w)} * 10**12 / {clock}"
    return equation("leaked", text, note="pJ per cycle and instance: W times pJ per J over cycles per s")


def _powered_cycles(case: Case) -> Equation:
    idle = 0 if case.subject.conventions.latency_leaks else latency(case.subject.architecture)
    note = "nothing leaks while networks fill and drain" if idle else ""
    template = f"{{cycles}} - {idle}" if idle else "{cycles}"
    return equation("powered_cycles", template, given=case.given("cycles"), note=note)


def _powered(case: Case, place: Place) -> Equation:
    """Instances that leak."""
    if place.gated:
        gate = used(case, place.gate, "gates")
        return equation(
            "powered", f"{place.gated} * {{gates}}", [gate], note="instances below those that gate their power"
        )
    if case.subject.conventions.idle_instances_leak:
        return leaf("powered", place.instances, "all instances of the machine: idle ones leak too")
    level = f"{place.level.name}.instances"
    return equation("powered", f"{{{level}}}", given=case.given(level), note="instances that the mapping uses")


def compute_energy(case: Case, compute: Compute, name: str) -> Equation:
    computes = f"{compute.name}.computes"
    each = factor(Fraction(compute.energy_pj))
    return equation(name, f"{{{computes}}} * {each}", given=case.given(computes), note=f"{each} pJ each")
