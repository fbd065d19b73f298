"""The accelerator: memories, each of some operands and shared along some dimensions of the array -> levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from polymap import spec
from polymap.frontends.amounts import amount, decimal
from polymap.frontends.aside import LeftOut
from polymap.frontends.zigzag.layers import ROLES
from polymap.frontends.zigzag.ports import Ports, ports
from polymap.quantity import shown

STATE = "S"
ASIDE = {
    "latency": "cycles of one access are not modelled",
    "area": "areas have no unit there",
    "mem_type": "read by that tool's model of memories, whose answers are the costs",
    "min_r_granularity": "every access is of the whole width here",
    "min_w_granularity": "every access is of the whole width here",
    "double_buffering": "there, tiles are fetched ahead wherever there is room",
}
LARGEST = 2**49  # bits; more has no limit


@dataclass(frozen=True)
class _Memory:
    """One memory; `serves` are the dimensions along which all instances share it."""

    name: str
    size: int
    operands: tuple[str, ...]
    serves: frozenset[str]
    ports: Ports
    read_pj: Fraction
    write_pj: Fraction
    reader: spec.Reader


def machine(top: spec.Reader, left_out: LeftOut) -> dict[str, Any]:
    """The architecture document. Mistakes are noted."""
    array = top.child("operational_array", required=True)
    sizes = _sizes(array)
    memories = [
        _memory(name, reader, sizes, left_out) for name, reader in top.named_children("memories", required=True)
    ]
    if top.has("dataflows"):
        left_out.tell(top.place_of("dataflows"), "dataflows", "what is unrolled where comes from the mapping")
        top.node_of("dataflows")
    _check_array(array, left_out)
    inwards = memories[::-1]  # listed from the array; of equals the later one is outside
    ordered = sorted(inwards, key=lambda memory: -len(memory.serves))
    _check_order(ordered, memories)
    energy = amount(array.number("unit_energy", required=True), "pJ")
    left_out.tell(top.place, "clock", "there is no clock there, and 1 GHz here: cycles do not depend on it")
    return {
        "polymap": "architecture/1",
        "name": top.text("name", "converted"),
        "source": "converted from ZigZag's files",
        "clock": "1 GHz",
        "hierarchy": [*_levels(ordered, sizes), {"compute": _unlike("MAC", memories), "energy": energy}],
    }


def _sizes(array: spec.Reader) -> dict[str, int]:
    names = array.names("dimensions", required=True)
    sizes = array.values("sizes", _count, required=True)
    if len(names) != len(sizes):
        array.wrong(f"{len(names)} dimensions have {len(sizes)} sizes", "give each a size", key="sizes")
    return dict(zip(names, sizes))


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise spec.Misread(f"{shown(value)} is no size", "write a whole number of 1 or more")
    return value


def _check_array(array: spec.Reader, left_out: LeftOut) -> None:
    left_out.known(
        array, {"unit_area": "areas have no unit there", "systolic_dimensions": "draining takes no cycles here"}
    )
    left_out.known(array, {"input_precision": "operands take the bits that the layers give them"})
    if array.flag("is_imc"):
        array.wrong(
            "arrays that compute in memory are not converted", "describe it with components of polymap", key="is_imc"
        )
        array.ignore_rest()
    for key in ("imc_type", "adc_resolution", "bit_serial_precision"):
        array.has(key)


def _memory(name: str, reader: spec.Reader, sizes: dict[str, int], left_out: LeftOut) -> _Memory:
    left_out.known(reader, ASIDE)
    operands = reader.names("operands", required=True)
    if STATE in operands:
        left_out.tell(reader.place_of("operands"), STATE, "the operand S is the state of an operator that is no einsum")
    unknown = [operand for operand in operands if operand not in (*ROLES, STATE)]
    if unknown:
        reader.wrong(f"{shown(unknown[0])} is no operand", f"use {', '.join(ROLES)}", key="operands")
    serves = reader.names("served_dimensions", required=True)
    for dimension in (dimension for dimension in serves if dimension not in sizes):
        reader.wrong(
            f"the array has no dimension {shown(dimension)}", f"it has {', '.join(sizes)}", key="served_dimensions"
        )
    if reader.flag("auto_cost_extraction"):
        text = "costs that CACTI gives there are not known here"
        reader.wrong(text, "write `r_cost` and `w_cost` out", key="auto_cost_extraction")
    size = reader.integer("size", required=True, below=2**62)
    held = tuple(operand for operand in operands if operand in ROLES)
    costs = reader.number("r_cost", required=True), reader.number("w_cost", required=True)
    return _Memory(name, size, held, frozenset(serves), ports(reader, left_out), *costs, reader)


def _check_order(ordered: Sequence[_Memory], memories: Sequence[_Memory]) -> None:
    """Memories form a chain: each shares among no dimension that one above it does not."""
    for above, below in pairwise(ordered):
        if not below.serves <= above.serves:
            text = f"{below.name} serves {_listed(below)} and {above.name} {_listed(above)}: neither is above the other"
            below.reader.wrong(text, "let one serve what the other does", key="served_dimensions")
    for operand in ROLES:
        given = [memory.name for memory in reversed(memories) if operand in memory.operands]
        found = [memory.name for memory in ordered if operand in memory.operands]
        if given != found:
            text = f"the memories of {operand} are not listed from the array inwards"
            memories[0].reader.wrong(text, "list those first that serve fewer dimensions")
    lacking = [operand for operand in ROLES if ordered and operand not in ordered[0].operands]
    if lacking:
        text = f"the outermost memory does not hold {', '.join(lacking)}"
        ordered[0].reader.wrong(text, "let it hold all operands", key="operands")


def _listed(memory: _Memory) -> str:
    return f"[{', '.join(sorted(memory.serves))}]"


# levels


def _levels(ordered: Sequence[_Memory], sizes: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Memories outermost first; an array stands wherever the ones below serve fewer dimensions."""
    shared = frozenset(sizes)
    for at, memory in enumerate(ordered):
        yield from _array(shared - memory.serves, sizes, ordered)
        shared &= memory.serves
        yield _level(memory, is_outermost=at == 0)
    yield from _array(shared, sizes, ordered)


def _array(apart: frozenset[str], sizes: dict[str, int], memories: Sequence[_Memory]) -> Iterator[dict[str, Any]]:
    shape = {name: size for name, size in sizes.items() if name in apart}
    if shape:
        name = "array" if len(shape) == len(sizes) else f"array_{'_'.join(shape)}"
        yield {"array": _unlike(name, memories), "shape": shape}


def _unlike(name: str, memories: Sequence[_Memory]) -> str:
    """A name that no memory has."""
    while any(memory.name == name for memory in memories):
        name += "_"
    return name


def _level(memory: _Memory, is_outermost: bool) -> dict[str, Any]:
    """Costs are of accesses of the whole width; a write of another width is scaled to that of a read."""
    width = memory.ports.read_width
    write_pj = memory.write_pj * width / memory.ports.write_width
    capacity = {} if is_outermost else {"capacity": f"{min(memory.size, LARGEST)} b"}
    held = [role for operand, role in ROLES.items() if operand in memory.operands]
    return {
        "memory": memory.name,
        **capacity,
        "width": f"{width} b",
        "energy": {"read": amount(memory.read_pj, "pJ"), "write": amount(write_pj, "pJ")},
        "bandwidth": {port: f"{decimal(Fraction(rate))} b/cycle" for port, rate in memory.ports.rates.items()},
        **({} if len(held) == len(ROLES) else {"keeps": held}),
    }
