"""Where the CPU time of a search goes: each phase's own time, what runs inside it as another phase left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import process_time
from typing import Any

from cases import Case

import polymap as pm
from polymap.mapper import search
from polymap.mapper.incumbent import Incumbent
from polymap.mapper.search import Search
from polymap.mapper.solving import Solver
from polymap.report.table import table

# Phase: the methods, or functions of a module, that it is.
PHASES: dict[str, tuple[tuple[Any, str], ...]] = {
    "enumerate": ((Search, "_enqueue"),),
    "relaxation": ((Search, "_relax"),),
    "open": ((Search, "_open"),),
    "programs": ((Search, "_program"), (Search, "_ports"), (Search, "_order")),
    "mappings": ((Search, "_attain"), (Search, "_trace")),
    "pricing": ((Incumbent, "offer"),),
    "solver": ((Solver, "close"),),
    "ties": ((search, "settle"),),
}


@dataclass
class Clock:
    """CPU seconds by phase."""

    spent: dict[str, float] = field(default_factory=lambda: dict.fromkeys([*PHASES, "rest"], 0.0))
    running: list[str] = field(default_factory=lambda: ["rest"])
    last: float = field(default_factory=process_time)

    def switch(self) -> None:
        """What has passed since the last switch belongs to the running phase."""
        now = process_time()
        self.spent[self.running[-1]] += now - self.last
        self.last = now

    def timed(self, phase: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.switch()
            self.running.append(phase)
            try:
                return method(*args, **kwargs)
            finally:
                self.switch()
                self.running.pop()

        return call


def phases(chosen: Sequence[Case], objectives: Sequence[str]) -> Iterator[str]:
    """One table: a row per search (per layer of a network), a column per phase."""
    rows = [row(case, einsum, objective) for case in chosen for einsum in layers(case) for objective in objectives]
    yield "\n".join(table(("einsum", "objective", *PHASES, "rest", "CPU s"), rows))


def layers(case: Case) -> list[pm.Einsum]:
    work = case.work()
    return [layer.einsum for layer in work.layers] if isinstance(work, pm.Network) else [work]


def row(case: Case, einsum: pm.Einsum, objective: str) -> tuple[str, ...]:
    """One search, its methods wrapped by a clock."""
    clock, kept = Clock(), {(owner, name): getattr(owner, name) for each in PHASES.values() for owner, name in each}
    for phase, methods in PHASES.items():
        for owner, name in methods:
            setattr(owner, name, clock.timed(phase, kept[owner, name]))
    try:
        clock.last = process_time()
        pm.optimize(einsum, case.architecture(), objective=objective, **case.asked(), time_limit=60)
        clock.switch()
    finally:
        for (owner, name), method in kept.items():
            setattr(owner, name, method)
    return einsum.name, objective, *(f"{each:.2f}" for each in clock.spent.values()), f"{sum(clock.spent.values()):.2f}"
