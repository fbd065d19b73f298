"""Registers, register files of flip-flops, and FIFOs, from the flip-flop and the gate of Aladdin's table.

A file of N words is N registers and a tree of N - 1 two-input multiplexers per bit. When the address changes half of
the multiplexers of a read switch, and the output; a write clocks the flip-flops of one word and drives a select line
per stage, the other words are not clocked. One bit of Aladdin's bitwise operator stands for a two-input multiplexer.
Delays count gates: two inverters with a fan-out of four (FO4) for each stage of the tree and for a flip-flop.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log2
from typing import Any

from polymap import quantity
from polymap.components import aladdin
from polymap.components.estimate import Estimate, Origin, added, total
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.scaling import scaled
from polymap.components.technology import Technology

# The flip-flop is measured; that a gate stands for a multiplexer, and what else a file has, is an assumption.
FLIP_FLOP_SIGMA, FILE_SIGMA = 0.5, aladdin.ASSUMED_SIGMA
FO4_PS, FO4_MADE, FO4_SOURCE = 10.9, Technology(45.0, "hp", 1.1), "Stillmaker and Baas, Integration 58 (2017), table 2"
FO4_PER_STAGE = 2
SWITCHING = 0.5
MOST_WORDS = 1024

WIDTH = Attribute("width", quantity.width_bits, "b", what="bits of one word")
WORDS = Attribute("words", quantity.count, what="words")
READ, WRITE = Action("read", what="one word is read"), Action("write", what="one word is written")


@dataclass(frozen=True)
class File:
    """So many words of so many bits, of flip-flops; words may be fractional where files are compared with SRAMs."""

    words: float
    width: float

    @property
    def stages(self) -> float:
        return log2(self.words)

    @property
    def flip_flops(self) -> float:
        return self.words * self.width

    @property
    def multiplexers(self) -> float:
        return (self.words - 1) * self.width

    def parts(self, amount: str) -> tuple[float, float]:
        """How many flip-flops and multiplexers an amount (read, write, area, leakage) is the sum of."""
        if amount == "read":
            return 0.0, self.width + SWITCHING * self.multiplexers
        if amount == "write":
            return self.width, self.stages
        return self.flip_flops, self.multiplexers


@dataclass(frozen=True, eq=False)
class Files(File):
    """Many of them: arrays of words and widths."""

    words: Any
    width: Any

    @property
    def stages(self) -> Any:
        import numpy as np

        return np.log2(self.words)


def priced(file: File, amount: str, asked: Technology, sigma: float = FILE_SIGMA) -> Estimate:
    """Energy of a read or write in pJ, area in um2 or leakage in uW."""
    of = _of(amount)
    errors = _bits(of, asked, sigma)[2]
    return Estimate(value(file, amount, asked), aladdin.UNITS[of], lambda: _told(file, amount, asked).origin, errors)


def value(file: File, amount: str, asked: Technology) -> Any:
    """The number alone, of an energy, `area`, `leakage` or `delay`: of one file, or of `Files`."""
    if amount == "delay":
        return _gates(file) * _inverter(asked).value
    flip_flops, multiplexers = file.parts(amount)
    flip_flop, multiplexer, _ = _bits(_of(amount), asked, FILE_SIGMA)
    return flip_flops * flip_flop + multiplexers * multiplexer


def _of(amount: str) -> str:
    return "energy" if amount in ("read", "write") else amount


@lru_cache(maxsize=4096)
def _bits(of: str, asked: Technology, sigma: float) -> tuple[float, float, tuple[tuple[str, float], ...]]:
    """What one flip-flop and one multiplexer bring to an amount, and the errors that they share."""
    one = scaled(_bit("register_bit", of), "cmos_logic", aladdin.MADE, asked)
    other = scaled(_bit("bitwise", of), "cmos_logic", aladdin.MADE, asked)
    return one.value, other.value, added(one.errors, (("register_file", sigma),))


def _told(file: File, amount: str, asked: Technology) -> Estimate:
    """The same amount as the sum of its parts, for the tree that it comes from."""
    of = _of(amount)
    what = f"{amount} of {file.words:g} words of {file.width:g} b in flip-flops"
    counts = zip(("register_bit", "bitwise"), file.parts(amount))
    parts = [(count, _bit(name, of)) for name, count in counts if count]
    return scaled(total(what, parts, aladdin.UNITS[of]), "cmos_logic", aladdin.MADE, asked)


def _bit(name: str, of: str) -> Estimate:
    """One flip-flop, or one multiplexer, as Aladdin's 40 nm have it."""
    unit = aladdin.unit(name)
    return Estimate(unit.per_bit(of), aladdin.UNITS[of], lambda: _bit_origin(unit, of))


def _bit_origin(unit: aladdin.Unit, of: str) -> Origin:
    return Origin("one bit", "", unit.per_bit(of), aladdin.UNITS[of], parts=(unit.origin(of),))


def delay(file: File, asked: Technology) -> Estimate:
    """Time in ns from clock or select to output."""
    gates, one = _gates(file), _inverter(asked)
    errors = added(one.errors, (("register_file", FILE_SIGMA),))
    return Estimate(gates * one.value, "ns", lambda: one.times(gates, f"{gates:g} of them in a row").origin, errors)


def _gates(file: File) -> Any:
    return FO4_PER_STAGE * (1 + file.stages)


@lru_cache(maxsize=4096)
def _inverter(asked: Technology) -> Estimate:
    one = Estimate.given(FO4_PS / 1000, "ns", "an inverter with a fan-out of four in 45 nm", FO4_SOURCE)
    return scaled(one, "cmos_logic", FO4_MADE, asked)


class RegisterFile(Model):
    """A register file of flip-flops with one read and one write port."""

    name = "aladdin_register_file"
    prices = "register_file"
    source = aladdin.SOURCE
    attributes: tuple[Attribute, ...] = (WORDS, WIDTH)
    actions = (READ, WRITE)

    def check(self, given: Given) -> None:
        if given["words"] > MOST_WORDS:
            raise CannotPrice(f"{given['words']} words are too many for flip-flops", "use `sram`")

    def energy(self, action: str, given: Given) -> Estimate:
        return priced(self.file(given), action, given.technology)

    def delay(self, action: str, given: Given) -> Estimate:
        return delay(self.file(given), given.technology)

    def area(self, given: Given) -> Estimate:
        return priced(self.file(given), "area", given.technology)

    def leakage(self, given: Given) -> Estimate:
        return priced(self.file(given), "leakage", given.technology)

    def file(self, given: Given) -> File:
        return File(given["words"], given["width"])


class Register(RegisterFile):
    """One word of flip-flops."""

    name = "aladdin_register"
    prices = "register"
    attributes = (WIDTH,)

    def check(self, given: Given) -> None:
        """Any width will do."""

    def file(self, given: Given) -> File:
        return File(1, given["width"])

    def energy(self, action: str, given: Given) -> Estimate:
        return priced(self.file(given), action, given.technology, FLIP_FLOP_SIGMA)


class Fifo(RegisterFile):
    """A register file with a head and a tail counter; a push or a pop also counts one of them up."""

    name = "aladdin_fifo"
    prices = "fifo"

    def energy(self, action: str, given: Given) -> Estimate:
        moved = super().energy(action, given)
        counted = _counter(given["words"], "energy", given.technology)
        return total(f"{action} of a FIFO", [(1, moved), (1, counted)], "pJ")

    def area(self, given: Given) -> Estimate:
        counters = _counter(given["words"], "area", given.technology)
        return total("area of a FIFO", [(1, super().area(given)), (2, counters)], "um2")

    def leakage(self, given: Given) -> Estimate:
        """The table has no leakage of counters: their flip-flops stand for them."""
        pointers = priced(File(1, 2 * _pointer_bits(given["words"])), "leakage", given.technology)
        return total("leakage of a FIFO", [(1, super().leakage(given)), (1, pointers)], "uW")


def _pointer_bits(words: int) -> int:
    return max(1, ceil(log2(words)))


def _counter(words: int, of: str, asked: Technology) -> Estimate:
    unit, bits = aladdin.unit("counter"), _pointer_bits(words)
    return unit.times(of, bits / unit.bits, f"{bits} of its {unit.bits} b", asked, "register_file", FILE_SIGMA)


MODELS = (Register(), RegisterFile(), Fifo())
