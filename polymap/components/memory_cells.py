"""Cells of compute-in-memory arrays, as `specs/components/memory_cells.csv` has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from polymap.components.model import CannotPrice
from polymap.components.records import records


@dataclass(frozen=True)
class Pulse:
    """A set or a reset as its source states it: volts, amperes, ns, pJ, any of them None."""

    volts: float | None
    amperes: float | None
    ns: float | None
    pj: float | None

    def energy_pj(self, on_ohm: float) -> float | None:
        """As stated, or V^2 t / R, or I^2 R t, at the on-resistance; None where too little is stated."""
        if self.pj is not None or self.ns is None:
            return self.pj
        if self.volts is not None:
            return self.volts**2 / on_ohm * self.ns * 1e3
        return None if self.amperes is None else self.amperes**2 * on_ohm * self.ns * 1e3


@dataclass(frozen=True)
class Cell:
    """A cell: area in F^2, width in F of the transistors on its row line, and what its kind needs.

    A `resistive` cell conducts `on_ohm` to `off_ohm`, `access_ohm` in series; a `charge` cell charges `compute_ff`.
    `stated_program_pj` goes before what `pulses` of set and reset take.
    """

    name: str
    kind: str
    area_f2: float
    access_width_f: float
    source: str
    on_ohm: float | None = None
    off_ohm: float | None = None
    access_ohm: float = 0.0
    read_v: float | None = None
    read_ns: float | None = None
    compute_ff: float | None = None
    pulses: tuple[Pulse, ...] = ()
    stated_program_pj: float | None = None

    def conductance_s(self, value: float) -> float:
        """Siemens of a cell that stores a value from 0 to 1; linear in it, so that means go to means."""
        assert self.on_ohm is not None
        assert self.off_ohm is not None
        on, off = 1 / (self.on_ohm + self.access_ohm), 1 / (self.off_ohm + self.access_ohm)
        return off + (on - off) * value

    @property
    def program_pj(self) -> float | None:
        """The mean of set and reset, as far as they are stated."""
        assert self.on_ohm is not None
        stated = [pj for pulse in self.pulses if (pj := pulse.energy_pj(self.on_ohm)) is not None]
        return sum(stated) / len(stated) if stated else None

    @property
    def program_ns(self) -> float | None:
        """The longer of set and reset."""
        return max((pulse.ns for pulse in self.pulses if pulse.ns is not None), default=None)


@cache
def cells() -> dict[str, Cell]:
    """All cells by name."""
    return {row["cell"]: _cell(row) for row in records("memory_cells")}


def needed(cell: Cell, stated: float | None, own: float | None, attribute: str, example: str) -> float:
    """What the component states, else what the cell's source does. Raises CannotPrice if neither does."""
    amount = own if stated is None else stated
    if amount is None:
        raise CannotPrice(f"no `{attribute}` is known for `{cell.name}`", f"add `{attribute}: {example}`")
    return amount


def _cell(row: dict[str, str]) -> Cell:
    return Cell(
        name=row["cell"],
        kind=row["kind"],
        area_f2=float(row["area_f2"]),
        access_width_f=float(row["access_width_f"]),
        source=row["source"],
        on_ohm=_number(row["on_ohm"]),
        off_ohm=_number(row["off_ohm"]),
        access_ohm=_number(row["access_ohm"]) or 0.0,
        read_v=_number(row["read_v"]),
        read_ns=_number(row["read_ns"]),
        compute_ff=_number(row["compute_ff"]),
        pulses=tuple(_pulse(row, name) for name in ("set", "reset")),
    )


def _pulse(row: dict[str, str], name: str) -> Pulse:
    amperes = _number(row[f"{name}_ua"])
    volts, ns, pj = (_number(row[f"{name}_{unit}"]) for unit in ("v", "ns", "pj"))
    return Pulse(volts, None if amperes is None else amperes * 1e-6, ns, pj)


def _number(text: str) -> float | None:
    return float(text) if text else None
