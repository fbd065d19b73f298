"""Side conditions of a query: what energy, time, utilisation, size and traffic of memories a mapping must keep to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import floor, inf, prod

from polymap.architecture.hierarchy import Architecture, Memory
from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.mapper.objective import moved_bits
from polymap.model.cost import Cost
from polymap.quantity import Misread, energy_pj, measure, near, number, time_s
from polymap.workload.einsum import Einsum

CONDITION = re.compile(r"\s*([^<>=]+?)\s*([<>=]+)\s*(.+?)\s*")
READERS: dict[str, Callable[[object], Fraction]] = {
    "energy": energy_pj,
    "latency": time_s,
    "cycles": number,
    "utilization": number,
    "size": partial(measure, dimension="capacity"),
    "traffic": partial(measure, dimension="capacity"),
}
OF_A_MEMORY = ("size", "traffic")
KNOWN = (
    "use 'energy <= 3 uJ', 'latency <= 2 ms', 'cycles <= 100000', 'utilization >= 0.8', 'size:MEMORY <= 64 KiB' or"
    " 'traffic:MEMORY <= 2 MiB'"
)


@dataclass(frozen=True)
class Condition:
    """One condition as written: a quantity (of a memory, `level`) and the most or least of it, in pJ, s or bits."""

    text: str
    quantity: str
    level: str
    amount: Fraction


@dataclass(frozen=True)
class Conditions:
    """The most energy in pJ, the most cycles, the most bits that tiles may take in each instance of a memory, and that
    a memory may move, that all conditions allow; `texts` are the conditions as written."""

    energy_pj: Fraction | None = None
    cycles: Fraction | None = None
    sizes: tuple[tuple[str, int], ...] = ()
    traffic: tuple[tuple[str, int], ...] = ()
    texts: tuple[str, ...] = ()

    def allow(self, energy: Fraction | float, cycles: Fraction | float, moved: Mapping[str, float]) -> bool:
        """Whether a mapping that needs at least so much, and moves at least so many bits at memories, may keep to
        them."""
        light = all(moved.get(level, 0) <= most for level, most in self.traffic)
        return light and energy <= self.most_energy and cycles <= self.most_cycles

    def hold(self, cost: Cost, einsum: Einsum, architecture: Architecture) -> bool:
        """Whether a mapping keeps to them."""
        moved = {level: moved_bits(cost, einsum, architecture, level) for level, _ in self.traffic}
        sizes = dict(self.sizes)
        fits = all(row.occupied_bits <= sizes.get(row.level, inf) for row in cost.components)
        return fits and self.allow(cost.energy, cost.cycles, moved)

    @property
    def most_energy(self) -> Fraction | float:
        return inf if self.energy_pj is None else self.energy_pj

    @property
    def most_cycles(self) -> Fraction | float:
        return inf if self.cycles is None else self.cycles

    def shrunk(self, architecture: Architecture) -> Architecture:
        """The architecture with memories of the sizes that the conditions leave."""
        sizes = dict(self.sizes)

        def level(memory: Memory) -> Memory:
            known = memory.capacity_bits
            most = sizes[memory.name]
            return replace(memory, capacity_bits=most if known is None else min(most, known))

        found = architecture.hierarchy
        levels = (level(here) if isinstance(here, Memory) and here.name in sizes else here for here in found)
        return replace(architecture, hierarchy=tuple(levels)) if sizes else architecture


def conditions(texts: Iterable[str], einsum: Einsum, architecture: Architecture) -> Conditions:
    """Conditions as bounds of energy, cycles and sizes: a utilisation asks for so few cycles. Raises `SpecError` with
    every mistake."""
    wrong, found = [], list[Condition]()
    for text in texts:
        try:
            found.append(_read(text, architecture))
        except Misread as mistake:
            wrong.append(Mistake(NOWHERE, f"condition '{text}': {mistake.message}", mistake.mend))
    if wrong:
        raise SpecError(wrong)
    energies = [condition.amount for condition in found if condition.quantity == "energy"]
    cycles = list(_cycles(found, einsum, architecture))
    return Conditions(
        min(energies, default=None),
        min(cycles, default=None),
        tuple(_least_by_level(found, "size").items()),
        tuple(_least_by_level(found, "traffic").items()),
        tuple(condition.text for condition in found),
    )


def _read(text: str, architecture: Architecture) -> Condition:
    found = CONDITION.fullmatch(text)
    if found is None:
        raise Misread("this is no condition", KNOWN)
    name, sign, amount = found.groups()
    quantity, _, level = (part.strip() for part in name.partition(":"))
    if quantity not in READERS:
        guess = near(quantity, READERS)
        raise Misread(f"there is no quantity '{quantity}'", f"did you mean '{guess}'? {KNOWN}" if guess else KNOWN)
    _check_level(quantity, level, architecture)
    wanted = ">=" if quantity == "utilization" else "<="
    if sign != wanted:
        raise Misread(f"{name} is not bounded with {sign}", f"write '{name} {wanted} {amount}'")
    value = READERS[quantity](amount)
    if value < 0 or (value == 0 and quantity not in OF_A_MEMORY) or (quantity == "utilization" and value > 1):
        raise Misread(f"{amount} is out of range", "utilization lies between 0 and 1, all else is positive")
    return Condition(text, quantity, level, value)


def _check_level(quantity: str, level: str, architecture: Architecture) -> None:
    if quantity in OF_A_MEMORY:
        if mistake := no_memory(level, architecture):
            raise Misread(*mistake)
    elif level:
        raise Misread(f"{quantity} is of the whole machine, not of {level}", f"write '{quantity}' alone")


def no_memory(level: str, architecture: Architecture) -> tuple[str, str] | None:
    """What is wrong with the name of a memory, and how to mend it; None if there is such a memory.

    >>> import polymap as pm
    >>> no_memory("bufer", pm.architecture("teaching"))
    ("there is no memory 'bufer'", "did you mean 'buffer'? memories: DRAM, buffer, registers")
    """
    names = [memory.name for memory in architecture.memories]
    if level in names:
        return None
    guess, listed = near(level, names), f"memories: {', '.join(names)}"
    message = f"there is no memory '{level}'" if level else "the name of a memory is missing"
    return message, f"did you mean '{guess}'? {listed}" if guess else listed


def _cycles(found: Iterable[Condition], einsum: Einsum, architecture: Architecture) -> Iterator[Fraction]:
    """The most cycles that each condition allows."""
    for condition in found:
        if condition.quantity == "utilization":
            units = prod(array.fanout for array in architecture.arrays)
            yield Fraction(einsum.computes) / (condition.amount * units)
        elif condition.quantity in ("latency", "cycles"):
            yield condition.amount * (architecture.clock_hz if condition.quantity == "latency" else 1)


def _least_by_level(found: Iterable[Condition], quantity: str) -> dict[str, int]:
    least: dict[str, int] = {}
    for condition in found:
        if condition.quantity == quantity:
            amount = floor(condition.amount)
            least[condition.level] = min(amount, least.get(condition.level, amount))
    return least
