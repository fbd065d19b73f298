"""Side conditions of a query: what energy, latency and utilisation a mapping must keep to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import floor, inf, prod

from polymap.architecture.hierarchy import Architecture
from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.quantity import Misread, energy_pj, number, time_s
from polymap.workload.einsum import Einsum

CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=)\s*(.+?)\s*")
KNOWN = "use 'energy <= 3 uJ', 'latency <= 2 ms', 'cycles <= 100000' or 'utilization >= 0.8'"


@dataclass(frozen=True)
class Conditions:
    """The most energy in pJ and the most cycles that all conditions allow; `texts` are the conditions as written."""

    energy_pj: Fraction | None = None
    cycles: int | None = None
    texts: tuple[str, ...] = ()

    def allow(self, energy: Fraction | float, cycles: int) -> bool:
        return energy <= self.most_energy and cycles <= self.most_cycles

    @property
    def most_energy(self) -> Fraction | float:
        return inf if self.energy_pj is None else self.energy_pj

    @property
    def most_cycles(self) -> int | float:
        return inf if self.cycles is None else self.cycles


def conditions(texts: Iterable[str], einsum: Einsum, architecture: Architecture) -> Conditions:
    """Conditions as bounds of energy and cycles: a utilisation asks for so few cycles. Raises `SpecError` with every
    mistake."""
    wrong, energies, cycles, kept = [], list[Fraction](), list[int](), []
    for text in texts:
        try:
            name, amount = _read(text)
            kept.append(text)
            if name == "energy":
                energies.append(amount)
            else:
                cycles.append(floor(_cycles(name, amount, einsum, architecture)))
        except Misread as mistake:
            wrong.append(Mistake(NOWHERE, f"condition '{text}': {mistake.message}", mistake.mend))
    if wrong:
        raise SpecError(wrong)
    return Conditions(min(energies, default=None), min(cycles, default=None), tuple(kept))


def _read(text: str) -> tuple[str, Fraction]:
    found = CONDITION.fullmatch(text)
    if found is None:
        raise Misread("this is no condition", KNOWN)
    name, sign, amount = found.groups()
    readers = {"energy": energy_pj, "latency": time_s, "cycles": number, "utilization": number}
    if name not in readers:
        raise Misread(f"there is no quantity '{name}'", KNOWN)
    if (sign == ">=") != (name == "utilization"):
        raise Misread(f"{name} is not bounded with {sign}", KNOWN)
    value = readers[name](amount)
    if value <= 0 or (name == "utilization" and value > 1):
        raise Misread(f"{amount} is out of range", "utilization lies between 0 and 1, all else is positive")
    return name, value


def _cycles(name: str, amount: Fraction, einsum: Einsum, architecture: Architecture) -> Fraction:
    """The most cycles that a condition allows."""
    if name == "utilization":
        return Fraction(einsum.computes) / (amount * prod(array.fanout for array in architecture.arrays))
    return amount * architecture.clock_hz if name == "latency" else amount
