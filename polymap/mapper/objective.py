"""What is minimised: each objective ranks (energy in pJ, cycles) by its value first and a tie-breaker second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from polymap.errors import NOWHERE, Mistake, SpecError

TOLERANCE = 1e-9  # relative; what a bound may lack to a value that attains it
ROUNDING = 1e-11  # relative; a bound this close to a value is taken for equal


@dataclass(frozen=True)
class Objective:
    """`rank(energy_pj, cycles)` sorts mappings; `si(rank, clock_hz)` is the value in `unit`."""

    name: str
    unit: str
    rank: Callable[[Any, Any], tuple[Any, ...]]
    si: Callable[[Any, Fraction], Any]


ENERGY = Objective("energy", "J", lambda energy, cycles: (energy, cycles), lambda value, _: value / 10**12)
LATENCY = Objective("latency", "s", lambda energy, cycles: (cycles, energy), lambda value, clock: value / clock)
EDP = Objective("edp", "J*s", lambda e, cycles: (e * cycles, e, cycles), lambda value, clock: value / clock / 10**12)
OBJECTIVES = {objective.name: objective for objective in (ENERGY, LATENCY, EDP)}


def objective(name: str) -> Objective:
    """The objective called `name`; raises `SpecError` for an unknown one."""
    if name not in OBJECTIVES:
        raise SpecError(Mistake(NOWHERE, f"unknown objective '{name}'", f"use one of: {', '.join(OBJECTIVES)}"))
    return OBJECTIVES[name]


def may_reach(bound: tuple[Any, ...], rank: tuple[Any, ...]) -> bool:
    """Whether something bounded from below by `bound` can be better than `rank`, rounding errors forgiven."""
    for low, value in zip(bound, rank):
        if low > value * (1 + ROUNDING):
            return False
        if low < value * (1 - ROUNDING):
            return True
    return False
