"""The equation of any number of a result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import TypeAlias

from polymap.architecture import Compute, Memory
from polymap.model import Cost
from polymap.model.reading import latency
from polymap.report.arithmetic import levels as spending
from polymap.report.arithmetic import networks, quantities, replayed, replayed_costs
from polymap.report.arithmetic.case import Case
from polymap.report.arithmetic.equation import Equation, equation, factor, leaf
from polymap.report.subject import Subject

COUNTS = ("tile_elements", "instances", "reads", "fills", "updates")
UNSAID = "counted; its steps are not spelled out"
Made: TypeAlias = Iterator[tuple[str, Callable[[], Equation]]]


def arithmetic(subject: Subject, cost: Cost, known: Mapping[str, int | Fraction | None]) -> Callable[[str], Equation]:
    """The equation of a number that is modelled, by its name; `known` are all numbers of the result by name.

    Its value is what its printed text gives, and equal to the number.
    """
    case = Case(subject, cost, known)
    made = {**dict(_common(case)), **dict(_replayed(case) if case.chain else _counted(case))}

    def of(number: str) -> Equation:
        value = known[number]
        assert value is not None
        found = made[number]() if number in made else leaf(number, value, UNSAID)
        # What the text does not give is shown as it is: better no arithmetic than a wrong one.
        return found if found.value == value else leaf(number, value, UNSAID)

    return of


def _common(case: Case) -> Made:
    """Numbers that follow from others, whatever counted these."""
    compute, architecture = case.cost.compute_level, case.subject.architecture
    yield "energy_pj", partial(_energy, case)
    yield (
        "latency_s",
        partial(_of, case, "latency_s", f"{{cycles}} / {factor(Fraction(architecture.clock_hz))}", "cycles"),
    )
    yield "edp_js", partial(_of, case, "edp_js", "{energy_pj} / 10**12 * {latency_s}", "energy_pj", "latency_s")
    yield "area_um2", partial(_area, case)
    yield "computes", partial(_of, case, "computes", f"{{{compute}.computes}}", f"{compute}.computes")
    units = f"{{computes}} / ({case.cost.physical_compute_instances} * {{cycles}})"
    yield "utilization", partial(_of, case, "utilization", units, "computes", "cycles")
    yield f"{compute}.energy_pj", partial(spending.compute_energy, case, architecture.compute, f"{compute}.energy_pj")
    for memory in architecture.memories:
        name = f"{memory.name}.occupied_bits"
        yield name, partial(spending.occupied_bits, case, memory, name)
    yield f"{compute}.occupied_bits", lambda: leaf(f"{compute}.occupied_bits", 0, "the compute level keeps nothing")


def _of(case: Case, name: str, template: str, *others: str) -> Equation:
    return equation(name, template, given=case.given(*others))


def _energy(case: Case) -> Equation:
    parts = [name for name, value in case.known.items() if name.endswith((".energy_pj", ".leakage_pj")) and value]
    template = " + ".join(f"{{{name}}}" for name in parts) or "0"
    return equation("energy_pj", template, given=case.given(*parts), note="pJ; what is 0 or not modelled is left out")


def _area(case: Case) -> Equation:
    machine = case.subject.architecture
    levels: list[Memory | Compute] = [*machine.memories, machine.compute]
    terms = [(machine.instances(level.name), level) for level in levels if level.area_um2]
    text = " + ".join(f"{times}*{factor(Fraction(level.area_um2))}" for times, level in terms) or "0"
    return equation("area_um2", text, note=", ".join(f"{times} {level.name}" for times, level in terms))


def _counted(case: Case) -> Made:
    """Numbers that the engines of the model count."""
    yield "cycles", partial(_cycles, case)
    for row in case.cost.traffic:
        for count in COUNTS:
            yield f"{row.level}.{row.tensor}.{count}", partial(quantities.row, case, row.level, row.tensor, count)
        name = f"{row.level}.{row.tensor}.energy_pj"
        yield name, partial(spending.access_energy, case, row, name)
    for place in case.setting.places:
        level = place.level.name
        yield f"{level}.instances", partial(quantities.used, case, place.index, f"{level}.instances")
        yield f"{level}.leakage_pj", partial(spending.leakage, case, place, f"{level}.leakage_pj")
        if isinstance(place.level, Memory):
            yield f"{level}.cycles", partial(spending.port_cycles, case, place.level, f"{level}.cycles")
    compute = case.cost.compute_level
    yield f"{compute}.cycles", partial(quantities.cycles, case, f"{compute}.cycles")
    yield f"{compute}.computes", partial(quantities.computes, case, f"{compute}.computes")
    yield from _networks(case)


def _replayed(case: Case) -> Made:
    """Numbers that another tool's walk counts."""
    assert case.chain is not None
    again = replayed.Replay(case, case.chain)
    yield from replayed.equations(again)
    yield from replayed_costs.equations(again)


def _cycles(case: Case) -> Equation:
    limited = [p.level.name for p in case.setting.places if p.ports or isinstance(p.level, Compute)]
    names = [f"{level}.cycles" for level in limited]
    slowest = f"max({', '.join(f'{{{name}}}' for name in names)})" if len(names) > 1 else f"{{{names[0]}}}"
    extra = latency(case.subject.architecture)
    note = "the slowest level" + (", and the cycles in which networks fill and drain" if extra else "")
    return equation("cycles", f"{slowest} + {extra}" if extra else slowest, given=case.given(*names), note=note)


def _networks(case: Case) -> Made:
    for tensor in case.subject.einsum.tensors:
        _, hauls = case.carried(tensor.name)
        for haul in hauls:
            prefix = f"{haul.array.name}.{haul.tensor}.to_{haul.child}"
            for what in ("words", "delivered", "word_hops", "link_words"):
                yield f"{prefix}.{what}", partial(networks.count, case, haul, what, f"{prefix}.{what}")
            yield f"{prefix}.energy_pj", partial(networks.energy, case, haul, f"{prefix}.energy_pj")
