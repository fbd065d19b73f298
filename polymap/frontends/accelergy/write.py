"""What an architecture counts with, as Accelergy writes it: a table of energies (ERT) and one of areas (ART)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from polymap import spec
from polymap.architecture import Architecture, Array, Compute, Level, Memory

VERSION = "0.4"


def reference_tables(machine: Architecture) -> tuple[dict[str, str], tuple[str, ...]]:
    """The files `ERT.yaml` and `ART.yaml`, and what they have no place for.

    Energies in pJ per access of a memory's width, or per operation; `leak` in pJ per cycle and instance; areas in um2.
    """
    levels = [level for level in machine.hierarchy if not isinstance(level, Array)]
    energies = [{"name": _path(machine, level), "actions": list(_actions(machine, level))} for level in levels]
    areas = [{"name": _path(machine, level), "area": level.area_um2} for level in levels]
    files = {"ERT.yaml": _file("ERT", energies), "ART.yaml": _file("ART", areas)}
    return files, tuple(_left_out(machine))


def _file(key: str, tables: list[dict[str, Any]]) -> str:
    return spec.dump({key: {"version": VERSION, "tables": tables}})


def _path(machine: Architecture, level: Level) -> str:
    return f"{machine.name}.{level.name}[1..{machine.instances(level.name)}]"


def _actions(machine: Architecture, level: Memory | Compute) -> Iterator[dict[str, Any]]:
    cycle_s = float(1 / machine.clock_hz)
    leak = level.leakage_w / machine.clock_hz * 10**12
    for name, energy in (*_energies(level), ("leak", leak)):
        arguments = {"global_cycle_seconds": cycle_s, "action_latency_cycles": 1}
        yield {"name": name, "arguments": arguments, "energy": float(energy)}


def _energies(level: Memory | Compute) -> tuple[tuple[str, Fraction], ...]:
    if isinstance(level, Compute):
        return (("compute", level.energy_pj),)
    return (("read", level.read_pj), ("write", level.write_pj), ("update", level.update_pj))


def _left_out(machine: Architecture) -> Iterator[str]:
    for level in machine.hierarchy:
        where = f"{level.place}: {level.name}"
        if isinstance(level, Array) and level.wiring:
            yield f"{where}: energies of a network have no place in these tables"
        if isinstance(level, Memory) and (level.address_pj or level.reduce_pj):
            yield f"{where}: energies of addresses and of adding have no place in these tables"
        if level.estimates:
            yield f"{where}: errors and sources of its energies have no place in these tables"
