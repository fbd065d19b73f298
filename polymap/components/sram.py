"""SRAM: CACTI 7 as a table, interpolated in the logarithms of capacity, width, banks and node.

Up to 32 words per bank a memory is priced as a register file of flip-flops, from 64 on as CACTI's SRAM; between, as
the geometric mean of both, weighted by the logarithm of the words. More than 8 banks of one size cost for each
doubling what 8 cost over 4. Below 22 and above 90 nm the table's end is scaled as an SRAM macro. Leakage is never
fitted through nodes, of which CACTI's is no smooth function: that of the nearest node is scaled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from polymap import quantity
from polymap.components import cmos, registers, sram_table
from polymap.components.attributes import one_of
from polymap.components.estimate import Estimate, Origin, added
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.registers import File, Files
from polymap.components.sram_setting import Setting, Term, setting
from polymap.components.sram_table import FIRST_CAPACITY, FIRST_WIDTH, LEAST_WORDS, MOST_BANKS, SOURCE, Place, logarithm
from polymap.components.technology import Technology

if TYPE_CHECKING:
    import numpy as np

UNITS = {"read": "pJ", "write": "pJ", "area": "um2", "leakage": "uW", "delay": "ns"}
MOST_WORDS_OF_FLIP_FLOPS = 64  # per bank; from LEAST_WORDS to there both models count
LARGEST_BITS, LEAST_WIDTH, MOST_WIDTH, LARGEST_BANKS = 2**28, 8, 1024, 256

CAPACITY = Attribute("capacity", quantity.capacity_bits, "b", what="bits of all banks")
WIDTH = Attribute("width", quantity.width_bits, "b", what="bits of one access")
BANKS = Attribute("banks", quantity.count, default=1, what="banks of equal size, one of which answers an access")
PORTS = Attribute("ports", partial(quantity.count, below=3), default=1, what="read-write ports: 1 or 2")
DEVICE = Attribute("device", one_of("lstp", "hp", "lop"), default="lstp", what="ITRS device of cells and periphery")
ATTRIBUTES = (CAPACITY, WIDTH, BANKS, PORTS, DEVICE)
ACTIONS = (Action("read", what="one access of the width"), Action("write", what="one access of the width"))


@dataclass(frozen=True)
class Memory:
    """A question to the model; capacity and width in bits."""

    capacity: float
    width: float
    banks: int = 1
    ports: int = 1
    device: str = "lstp"

    @property
    def words(self) -> float:
        """Words per bank."""
        return self.capacity / (self.width * self.banks)

    def __str__(self) -> str:
        size = quantity.capacity_text(self.capacity) if isinstance(self.capacity, int) else f"{self.capacity:g} b"
        banks = f"{self.banks} bank{'s' if self.banks > 1 else ''}"
        return f"{size} of {self.width:g} b, {banks}, {self.ports} port{'s' if self.ports > 1 else ''}"


def estimate(amount: str, memory: Memory, asked: Technology) -> Estimate:
    """`read` or `write` in pJ, `area` in um2, `leakage` in uW or `delay` in ns. Raises CannotPrice where it may not
    leave a table; see `check` for the others."""
    if memory.words <= LEAST_WORDS:
        return _of_flip_flops(amount, memory, asked)
    found = macro(amount, memory, asked)
    if memory.words >= MOST_WORDS_OF_FLIP_FLOPS:
        return found
    return _between(amount, memory, _of_flip_flops(amount, memory, asked), found)


# CACTI


def macro(amount: str, memory: Memory, asked: Technology) -> Estimate:
    """The amount by CACTI's table alone, which begins at 32 words per bank."""
    found = setting(amount, memory.device, memory.ports, memory.banks, asked)
    at = sram_table.place(amount, math.log2(memory.capacity) - found.shift, math.log2(memory.width))
    value = math.exp(_logarithm(found.terms, at) + found.offset)
    errors = added(found.errors, _to_the_other_node(found, at)) if found.rival else found.errors
    return Estimate(value, UNITS[amount], lambda: _origin(amount, memory, asked, value), errors)


def _logarithm(terms: tuple[Term, ...], at: Place) -> float:
    total = 0.0
    for term in terms:
        total += term.weight * logarithm(term.cube, term.banks, at)
    return total


def _to_the_other_node(found: Setting, at: Place) -> tuple[tuple[str, float]]:
    """Leakage may be as far off as the node on the other side is, halfway between the two; nothing at a node."""
    apart = _logarithm(found.rival, at) - _logarithm(found.terms, at)
    return (("cacti7_nodes", 2 * abs(apart) * found.rival_share),)


def _origin(amount: str, memory: Memory, asked: Technology, value: float) -> Origin:
    found = setting(amount, memory.device, memory.ports, memory.banks, asked)
    at = sram_table.place(amount, math.log2(memory.capacity) - found.shift, math.log2(memory.width))
    rows = tuple(row for term in found.terms for row in _rows(term, at, UNITS[amount]))
    in_table = value / math.exp(found.offset)
    mean = Origin("product of rows to the power of their weights", SOURCE, in_table, UNITS[amount], parts=rows)
    what = f"{amount} of {memory}, {memory.device.upper()} at {asked.node_nm:g} nm"
    parts = (mean, *(each.origin for each in found.factors))
    return Origin(what, "", value, UNITS[amount], outside=bool(_beyond(memory)), parts=parts)


def _rows(term: Term, at: Place, unit: str) -> Iterator[Origin]:
    """The points of a cube with their weights: exponents of a product."""
    for corner in sram_table.corners(term.cube, term.banks, at):
        size = quantity.capacity_text(2 ** (FIRST_CAPACITY + corner.capacity))
        what = f"CACTI 7, {term.what}: {size} of {2 ** (FIRST_WIDTH + corner.width)} b, {2**corner.banks} banks"
        logarithm = term.cube.logs[corner.banks][corner.capacity][corner.width]
        yield Origin(what, "", math.exp(logarithm), unit, weight=term.weight * corner.weight)


# flip-flops, and between


def _of_flip_flops(amount: str, memory: Memory, asked: Technology) -> Estimate:
    """Banks of registers: one of them is accessed, all of them leak."""
    file = File(memory.words, memory.width)
    if amount == "delay":
        return registers.delay(file, asked)
    found = registers.priced(file, amount, asked)
    if amount in ("read", "write") or memory.banks == 1:
        return found
    return found.times(memory.banks, f"{memory.banks} banks")


def _between(amount: str, memory: Memory, flip_flops: Estimate, macro: Estimate) -> Estimate:
    """The geometric mean, from flip-flops at 32 words per bank to the macro at 64."""
    share = math.log2(memory.words / LEAST_WORDS)
    value = flip_flops.value ** (1 - share) * macro.value**share
    errors = added(_weighted(1 - share, flip_flops), _weighted(share, macro))

    def told() -> Origin:
        what = f"{amount} of {memory}, between flip-flops and an SRAM: product of both to the power of their weights"
        both = ((1 - share, flip_flops), (share, macro))
        parts = tuple(Origin(e.origin.what, "", e.value, e.unit, weight, parts=(e.origin,)) for weight, e in both)
        return Origin(what, "", value, macro.unit, parts=parts)

    return Estimate(value, macro.unit, told, errors)


def _weighted(weight: float, amount: Estimate) -> tuple[tuple[str, float], ...]:
    return tuple([(name, weight * sigma) for name, sigma in amount.errors])


# what is covered


def check(memory: Memory, asked: Technology) -> None:
    """Raises CannotPrice for what neither CACTI's table nor flip-flops cover."""
    cmos.is_outside(Technology(asked.node_nm, extrapolate=asked.extrapolate))
    if memory.words < 1:
        what = f"a bank of {memory.capacity / memory.banks:g} b holds no word of {memory.width:g} b"
        raise CannotPrice(what, "give less `width`, fewer `banks` or more `capacity`")
    if memory.ports > 1 and memory.words < MOST_WORDS_OF_FLIP_FLOPS:
        what = f"{memory.words:g} words per bank are fewer than CACTI's sweep of two ports has"
        raise CannotPrice(what, f"give at least {MOST_WORDS_OF_FLIP_FLOPS} words per bank, or one port")
    beyond = _beyond(memory)
    if beyond and not asked.extrapolate:
        raise CannotPrice(beyond, "stay inside, or add `extrapolate: true` to the technology")


def _beyond(memory: Memory) -> str:
    """What of a memory lies outside of the table; nothing if it is inside."""
    if memory.words <= LEAST_WORDS:
        return ""
    if memory.capacity * MOST_BANKS > LARGEST_BITS * max(memory.banks, MOST_BANKS):
        return f"{memory} has more than the {quantity.capacity_text(LARGEST_BITS)} (of 8 banks) of CACTI's sweep"
    if not LEAST_WIDTH <= memory.width <= MOST_WIDTH:
        return f"a width of {memory.width:g} b is outside of CACTI's sweep ({LEAST_WIDTH} to {MOST_WIDTH} b)"
    if memory.banks > LARGEST_BANKS:
        return f"{memory.banks} banks are more than {LARGEST_BANKS}, to which those of CACTI's sweep are continued"
    return ""


def _asked(given: Given) -> Memory:
    return Memory(*(given[attribute.name] for attribute in ATTRIBUTES))


class Sram(Model):
    """CACTI 7's SRAM, and a register file where it is too small to be one."""

    name = "cacti7_sram"
    prices = "sram"
    source = SOURCE
    attributes = ATTRIBUTES
    actions = ACTIONS

    def check(self, given: Given) -> None:
        check(_asked(given), given.technology)

    def energy(self, action: str, given: Given) -> Estimate:
        return estimate(action, _asked(given), given.technology)

    def delay(self, action: str, given: Given) -> Estimate:
        return estimate("delay", _asked(given), given.technology)

    def area(self, given: Given) -> Estimate:
        return estimate("area", _asked(given), given.technology)

    def leakage(self, given: Given) -> Estimate:
        return estimate("leakage", _asked(given), given.technology)


MODELS = (Sram(),)


# arrays


def values(
    amount: str, capacities: Any, widths: Any, asked: Technology, banks: int = 1, ports: int = 1, device: str = "lstp"
) -> np.ndarray[Any, Any]:
    """What `estimate` has as value, for arrays of capacities and widths in bits that go together.

    Raises CannotPrice if one of them lies outside of the table.
    """
    import numpy as np

    bits, width = np.broadcast_arrays(np.asarray(capacities, dtype=float), np.asarray(widths, dtype=float))
    doubtful = _doubtful(bits, width, banks, ports)
    for place in zip(*np.nonzero(doubtful)):
        check(Memory(float(bits[place]), float(width[place]), banks, ports, device), asked)
    check(Memory(LARGEST_BITS, MOST_WIDTH, banks, ports, device), asked)
    found = setting(amount, device, ports, banks, asked)
    at = sram_table.places(amount, np.log2(bits) - found.shift, np.log2(width))
    logs = found.offset + sum(term.weight * sram_table.logarithms(term.cube, term.banks, at) for term in found.terms)
    amounts = np.asarray(np.exp(logs))
    small = bits < MOST_WORDS_OF_FLIP_FLOPS * width * banks
    if small.any():
        words = bits[small] / (width[small] * banks)
        share = np.clip(np.log2(words / LEAST_WORDS), 0, 1)  # of the macro, as in `_between`
        amounts[small] = amounts[small] ** share * _flip_flops(amount, words, width[small], asked, banks) ** (1 - share)
    return amounts


def _flip_flops(amount: str, words: Any, width: Any, asked: Technology, banks: int) -> Any:
    """Arrays of what `_of_flip_flops` has as value."""
    one = registers.value(Files(words, width), amount, asked)
    return one * banks if amount in ("area", "leakage") else one


def _doubtful(bits: Any, width: Any, banks: int, ports: int) -> Any:
    """Which of an array may lie outside of the table."""
    small = bits < (MOST_WORDS_OF_FLIP_FLOPS if ports > 1 else 1) * width * banks
    large = bits * MOST_BANKS > LARGEST_BITS * max(banks, MOST_BANKS)
    return small | large | (width < LEAST_WIDTH) | (width > MOST_WIDTH)
