"""What the components of a machine cost: every action of every level, area and leakage, each with its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from polymap.architecture import Architecture, Array, Compute, Level, Memory
from polymap.components.component import AREA, ENERGY, LEAKAGE
from polymap.components.estimate import Estimate
from polymap.components.listening import Asked
from polymap.components.provenance import lines
from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import near, shown
from polymap.report.numbers import area
from polymap.report.table import Row, table

ACTIONS = ("level", "component", "action", "energy", "from", "to", "delay", "source")
LEVELS = ("level", "instances", "area each", "area", "leakage each", "leakage", "source")
LONGEST_SOURCE = 60
ABSENT = "-"


@dataclass(frozen=True)
class Amounts:
    """What one instance of a level costs. What the file says outright is an estimate without an error.

    `delays` are those of actions; `asked` is the component that numbers come from, if there is one, and `parts` are
    those of a network, by what they price.
    """

    level: str
    kind: str
    instances: int
    energies: Mapping[str, Estimate]
    delays: Mapping[str, Estimate]
    area: Estimate
    leakage: Estimate
    asked: Asked | None
    parts: tuple[tuple[str, Asked], ...] = ()

    @property
    def component(self) -> str:
        """Class and model, or where the numbers stand."""
        asked = [self.asked] if self.asked else [part for _, part in self.parts]
        found = (each.component for each in asked if each.component)
        return ", ".join(f"{one.prices} ({one.model.name})" for one in found) or "in the file"

    def all(self) -> Iterator[tuple[str, Estimate]]:
        """Everything there is an amount of, as `--explain` names it."""
        yield from self.energies.items()
        yield from (("area", self.area), ("leakage", self.leakage))
        yield from ((f"{action}.delay", delay) for action, delay in self.delays.items())


def amounts(machine: Architecture, asked: Sequence[Asked]) -> tuple[Amounts, ...]:
    """The amounts of all levels that have any, outermost first."""
    by_level = {each.question.name: each for each in asked}
    found = (_amounts(machine, level, by_level.get(level.name)) for level in machine.hierarchy if _costs(level))
    return tuple(replace(each, parts=tuple(_parts(each, by_level))) for each in found)


def _parts(level: Amounts, asked: Mapping[str, Asked]) -> Iterator[tuple[str, Asked]]:
    """The components of a network."""
    known = ((what, f"{level.level}.{what}") for what in level.energies)
    return ((what, asked[name]) for what, name in known if name in asked)


def _costs(level: Level) -> bool:
    return not isinstance(level, Array) or level.wiring is not None


def _amounts(machine: Architecture, level: Level, asked: Asked | None) -> Amounts:
    component = asked.component if asked else None
    priced = {each.name: each for each in component.priced} if component else {}
    energies = {action: _used(level, action, pj, ENERGY, machine.source) for action, pj in _energies(level)}
    others = {name: each.energy for name, each in priced.items() if name not in energies}
    delays = {name: each.delay for name, each in priced.items() if each.delay}
    kind = type(level).__name__.lower()
    area_um2, leakage_w = (0.0, Fraction(0)) if isinstance(level, Array) else (level.area_um2, level.leakage_w)
    area = _used(level, "area", Fraction(area_um2), AREA, machine.source)
    leakage = _used(level, "leakage", leakage_w * 10**6, LEAKAGE, machine.source)
    instances = machine.instances(level.name)
    return Amounts(level.name, kind, instances, {**energies, **others}, delays, area, leakage, asked)


def _energies(level: Level) -> Iterator[tuple[str, Fraction]]:
    """Energies that the machine counts with; those of a network only where there are any."""
    if isinstance(level, Memory):
        yield from (("read", level.read_pj), ("write", level.write_pj), ("update", level.update_pj))
        yield from ((name, pj) for name, pj in (("address", level.address_pj), ("reduce", level.reduce_pj)) if pj)
    elif isinstance(level, Compute):
        yield "compute", level.energy_pj
    elif level.wiring:
        wiring = level.wiring
        hop = ("hop", wiring.hop_pj) if wiring.hop_pj is not None else ("hop of one bit", wiring.hop_of(1))
        yield from (each for each in (hop, ("router", wiring.router_pj), ("reduce", wiring.reduce_pj)) if each[1])


def _used(level: Level, what: str, amount: Fraction, unit: str, source: str) -> Estimate:
    """What the machine counts with: the estimate of a model, or what the file of this source says."""
    estimates = dict(level.estimates)
    if what in estimates:
        return estimates[what]
    if what == "update" and "write" in estimates and isinstance(level, Memory) and level.update_pj == level.write_pj:
        return estimates["write"].named("as a write")
    if not amount and unit in (AREA, LEAKAGE):
        return Estimate.given(0.0, unit, "0 in the file, or not given")
    where = f"in {level.place}" if str(level.place) else "in the file"
    return Estimate.given(float(amount), unit, where, getattr(level, "source", "") or source)


# text


def components_text(machine: Architecture, levels: Sequence[Amounts]) -> str:
    """The table of all actions, and that of area and leakage with their totals."""
    actions = [row for level in levels for row in _action_rows(level)]
    standing = [level for level in levels if level.kind != "array"]
    headline = f"{machine.name}: what one action of one instance costs"
    rows, totals = [_level_row(level) for level in standing], [_totals(standing)]
    below = ["", "area and leakage", *table(*_flushed(LEVELS, rows), 1, totals)]
    return "\n".join([headline, "", *table(*_flushed(ACTIONS, actions), 3), *below])


def _flushed(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> tuple[Row, list[Row]]:
    """Cells of the last column, which is text, all begin at its left edge."""
    width = max(len(row[-1]) for row in (header, *rows))
    first, *others = ((*row[:-1], row[-1].ljust(width)) for row in (header, *rows))
    return first, [*others]


def _action_rows(level: Amounts) -> Iterator[tuple[str, ...]]:
    for at, (action, energy) in enumerate(level.energies.items()):
        low, high = energy.interval
        delay = level.delays.get(action)
        name, component = (level.level, level.component) if at == 0 else ("", "")
        interval = (_picojoules(low), _picojoules(high)) if energy.sigma else (ABSENT, ABSENT)
        yield name, component, action, _picojoules(energy.value), *interval, _delay(delay), _source(energy)


def _picojoules(value: float) -> str:
    return f"{value:.4g} pJ"


def _delay(delay: Estimate | None) -> str:
    return f"{delay.value:.4g} ns" if delay else ABSENT


def _source(estimate: Estimate, *others: Estimate) -> str:
    """Who says so, and whether it or another number of the row left its table."""
    first, *more = estimate.origin.citations or (estimate.origin.what,)
    text = first if len(first) <= LONGEST_SOURCE else f"{first[: LONGEST_SOURCE - 3]}..."
    outside = "extrapolated: " if any(each.origin.extrapolated for each in (estimate, *others)) else ""
    return f"{outside}{text} and {len(more)} more" if more else f"{outside}{text}"


def _level_row(level: Amounts) -> tuple[str, ...]:
    count = level.instances
    areas = area(level.area.value), area(level.area.value * count)
    leakages = _power(level.leakage.value), _power(level.leakage.value * count)
    return level.level, f"{count:,}", *areas, *leakages, _source(level.area, level.leakage)


def _totals(levels: Sequence[Amounts]) -> tuple[str, ...]:
    um2 = sum(level.area.value * level.instances for level in levels)
    leakage = sum(level.leakage.value * level.instances for level in levels)
    return "total", "", "", area(um2), "", _power(leakage), ""


def _power(microwatts: float) -> str:
    if microwatts >= 1e6:
        return f"{microwatts / 1e6:.4g} W"
    return f"{microwatts / 1e3:.4g} mW" if microwatts >= 1e3 else f"{microwatts:.4g} uW"


# explanation


def explained(levels: Sequence[Amounts], name: str) -> str:
    """The tree of `LEVEL.ACTION`, `LEVEL.area` or `LEVEL.leakage`, or of everything of a LEVEL. Raises SpecError."""
    level_name, _, what = name.partition(".")
    level = next((each for each in levels if each.level == level_name), None)
    if level is None:
        raise _unknown("level", level_name, [each.level for each in levels])
    known = dict(level.all())
    if what and what not in known:
        raise _unknown(f"amount of {level_name}", what, list(known))
    wanted = [(what, known[what])] if what else list(known.items())
    text = "\n\n".join("\n".join(lines(f"{level_name}.{each}", amount)) for each, amount in wanted)
    return f"{level_name} is {level.component}\n\n{text}"


def _unknown(what: str, name: str, known: list[str]) -> SpecError:
    guess = near(name, known)
    mend = f"{f'did you mean `{guess}`? ' if guess else ''}there are: {', '.join(known)}"
    return SpecError(Mistake(Place(), f"there is no {what} {shown(name)}", mend))
