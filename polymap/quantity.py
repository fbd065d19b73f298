"""Numbers with units, read once at the boundary into exact rationals.

A quantity is a decimal number and a unit: `64 KiB`, `3.2 pJ`, `12 words`, `16 words/cycle`. Decimal text is never
rounded: `0.1 pJ` is exactly 1/10. Units are case-sensitive. `KB`, `MB`, `GB` are the SI ones (1000, 1000^2, ... bytes);
`KiB`, `MiB`, `GiB` are the binary ones (1024, ...); `b` is a bit and `B` a byte. `u`, `µ` and `μ` all mean micro.

Each reader takes what a file or a caller gave (text, or a number that lacks its unit) and raises `Misread`,
which says what is wrong and how to mend it but not where: the spec room adds the place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction

LARGEST_COUNT = 2**40
LARGEST_CAPACITY_BITS = 2**50

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3}(?!\d))?")
_LARGEST = Fraction(10) ** 30
_LONGEST = 80
_TEN = Fraction(10)
_POWERS = {
    "a": -18,
    "f": -15,
    "p": -12,
    "n": -9,
    "u": -6,
    "m": -3,
    "": 0,
    "k": 3,
    "K": 3,
    "M": 6,
    "G": 9,
    "T": 12,
    "P": 15,
}
PREFIXES = {power: prefix for prefix, power in _POWERS.items() if prefix != "K"}
_SPELLINGS = str.maketrans({"µ": "u", "μ": "u", "²": "2", "^": None})


class Misread(ValueError):
    """A value that cannot be understood: what is wrong, and how to mend it; whoever knows the place adds it."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(f"{message}; {mend}" if mend else message)
        self.message, self.mend = message, mend


def _scaled(unit: str, prefixes: Iterable[str], one: Fraction = Fraction(1)) -> dict[str, Fraction]:
    """`unit` under each SI prefix; `one` is the size of the bare unit."""
    return {prefix + unit: one * _TEN ** _POWERS[prefix] for prefix in prefixes}


def _binary(unit: str, one: int) -> dict[str, Fraction]:
    return {f"{prefix}i{unit}": Fraction(one * 1024**power) for power, prefix in enumerate("KMGT", start=1)}


_BITS = {
    **dict.fromkeys(("b", "bit", "bits"), Fraction(1)),
    **dict.fromkeys(("B", "byte", "bytes"), Fraction(8)),
    **_binary("B", 8),
    **_scaled("B", ("k", "K", "M", "G", "T"), Fraction(8)),
    **_binary("b", 1),
    **_scaled("b", ("k", "K", "M", "G", "T")),
}
_WORDS = {"word": Fraction(1), "words": Fraction(1)}

UNITS: dict[str, dict[str, Fraction]] = {
    "capacity": _BITS,  # in bits
    "energy": _scaled("J", ("f", "p", "n", "u", "m", ""), _TEN**12),  # in pJ
    "frequency": _scaled("Hz", ("", "k", "M", "G")),  # in Hz
    "power": _scaled("W", ("f", "p", "n", "u", "m", "", "k")),  # in W
    "area": {"nm2": _TEN**-6, "um2": Fraction(1), "mm2": _TEN**6, "cm2": _TEN**8},  # in um2
    "time": _scaled("s", ("p", "n", "u", "m", "")),  # in s
    "energy-delay product": _scaled("J*s", ("f", "p", "n", "u", "m", "")),  # in J*s
    "length": _scaled("m", ("n", "u", "m", "")),  # in m
    "voltage": _scaled("V", ("m", "")),  # in V
    "temperature": {"K": Fraction(1)},  # in K
    "resistance": _scaled("ohm", ("", "k", "M", "G")),  # in ohm
    "capacitance": _scaled("F", ("a", "f", "p", "n", "u")),  # in F
}
_EXAMPLES = {
    "capacity": ("KiB", "B", "words"),
    "width": ("b", "B"),
    "rate": ("GB/s", "b/cycle", "words/cycle"),
    "energy": ("pJ",),
    "frequency": ("MHz", "GHz"),
    "power": ("mW", "uW"),
    "area": ("um2", "mm2"),
    "time": ("ms", "us"),
    "energy-delay product": ("J*s",),
    "length": ("nm",),
    "voltage": ("V",),
    "temperature": ("K",),
    "resistance": ("kohm",),
    "capacitance": ("fF",),
}


def shown(value: object) -> str:
    """A value as messages quote it: in backticks and not longer than a line."""
    text = " ".join((str(value).lower() if isinstance(value, bool) else str(value)).split())
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"


def near(word: str, known: Iterable[str]) -> str:
    """The known word most like `word`, or nothing; a difference in case alone counts as nearest."""
    known = list(known)
    same = [other for other in known if other.casefold() == word.casefold()]
    return next(iter(same or get_close_matches(word[:_LONGEST], known, 1)), "")


def choose(word: str, known: Iterable[str], listed: str) -> str:
    """How to mend a word that is not known: the nearest known one, if there is one, and what is `listed`.

    >>> choose("raed", ["read", "write"], "there are: read, write")
    'did you mean `read`? there are: read, write'
    """
    guess = near(word, known)
    return f"did you mean `{guess}`? {listed}" if guess else listed


def _write(number: object, dimension: str) -> str:
    """`write 64 KiB, 64 B or 64 words`."""
    *most, last = (f"`{number} {unit}`" for unit in _EXAMPLES[dimension])
    return f"write {', '.join(most)} or {last}" if most else f"write {last}"


def _split(value: object, dimension: str) -> tuple[Fraction, str, str]:
    """The number, its unit (never empty) and the number as it was written."""
    text = str(value).strip().translate(_SPELLINGS) if not isinstance(value, (bool, type(None))) else ""
    number = _NUMBER.match(text)
    if not number or len(text) > _LONGEST:
        raise Misread(f"{shown(value)} is not a quantity ({dimension})", _write(64, dimension))
    written, unit = number[0], "".join(text[number.end() :].split())
    if not unit:
        raise Misread(f"{shown(value)} has no unit ({dimension})", _write(written, dimension))
    if written.startswith("-"):
        raise Misread(f"{shown(value)} is negative", "give an amount that is 0 or more")
    return _in_range(Fraction(written), value), unit, written


def _in_range(amount: Fraction, value: object) -> Fraction:
    """Exponents beyond any machine are slips, and would not survive the way into a float."""
    if amount and not 1 / _LARGEST < abs(amount) < _LARGEST:
        raise Misread(f"{shown(value)} is out of range", "give a number between 1e-30 and 1e30")
    return amount


def _factor(units: dict[str, Fraction], unit: str, written: str, dimension: str) -> Fraction:
    if unit in units:
        return units[unit]
    guess = near(unit, units)
    mend = f"write `{written} {guess}`" if guess else _write(written, dimension)
    raise Misread(f"{shown(unit)} is not a unit of {dimension}", f"{mend}; known units: {', '.join(units)}")


def measure(value: object, dimension: str) -> Fraction:
    """An amount of one of the dimensions of `UNITS`, in the unit that the table names.

    >>> measure("0.86 uW", "power") == Fraction(86, 10**8)
    True
    """
    number, unit, written = _split(value, dimension)
    return number * _factor(UNITS[dimension], unit, written, dimension)


def measure_above_zero(value: object, dimension: str, wanted: str = "a positive amount") -> Fraction:
    """As `measure`, and not 0; `wanted` is what the mistake asks for."""
    return _positive(measure(value, dimension), value, wanted)


def _positive(amount: Fraction, value: object, wanted: str = "a positive amount") -> Fraction:
    if not amount:
        raise Misread(f"{shown(value)} is not more than 0", f"give {wanted}")
    return amount


def energy_pj(value: object) -> Fraction:
    """An energy in pJ, 0 or more."""
    return measure(value, "energy")


def frequency_hz(value: object) -> Fraction:
    """A positive frequency in Hz."""
    return measure_above_zero(value, "frequency")


def power_w(value: object) -> Fraction:
    """A power in W, 0 or more."""
    return measure(value, "power")


def area_um2(value: object) -> Fraction:
    """An area in um2, 0 or more."""
    return measure(value, "area")


def time_s(value: object) -> Fraction:
    """A time in s, 0 or more."""
    return measure(value, "time")


def edp_js(value: object) -> Fraction:
    """An energy-delay product in J*s, 0 or more."""
    return measure(value, "energy-delay product")


def _bits(value: object, word_bits: int | None, dimension: str) -> Fraction:
    number, unit, written = _split(value, dimension)
    if unit in _WORDS and word_bits is None:
        raise Misread(f"{shown(value)} does not say how wide a word is", "give `word:` as well, e.g. `word: 16 b`")
    words = dict.fromkeys(_WORDS, Fraction(word_bits or 1))
    return number * _factor({**_BITS, **words}, unit, written, dimension)


def _whole_bits(value: object, word_bits: int | None, dimension: str, below: int) -> int:
    bits = _positive(_bits(value, word_bits, dimension), value)
    if bits.denominator != 1:
        raise Misread(f"{shown(value)} is not a whole number of bits", "round it to whole bits")
    if bits >= below:
        raise Misread(f"{shown(value)} is too much", f"give less than 2^{below.bit_length() - 1} bits")
    return int(bits)


def capacity_bits(value: object, word_bits: int | None = None) -> int:
    """A positive capacity in whole bits; `N words` needs to know the `word_bits`.

    >>> capacity_bits("108 KiB"), capacity_bits("108 KB"), capacity_bits("12 words", 16)
    (884736, 864000, 192)
    """
    return _whole_bits(value, word_bits, "capacity", LARGEST_CAPACITY_BITS)


def width_bits(value: object, word_bits: int | None = None) -> int:
    """A positive width of a word or an access in whole bits, below 2^40."""
    return _whole_bits(value, word_bits, "width", LARGEST_COUNT)


def rate(value: object, clock_hz: Fraction) -> tuple[Fraction, bool]:
    """A positive data rate as (amount per clock cycle, whether the amount is words instead of bits).

    >>> rate("3.2 GB/s", Fraction(200_000_000)), rate("16 words/cycle", Fraction(1))
    ((Fraction(128, 1), False), (Fraction(16, 1), True))
    """
    number, unit, written = _split(value, "rate")
    data, _, per = unit.partition("/")
    if per not in ("cycle", "s"):
        raise Misread(f"{shown(unit)} is not a unit of rate", _write(written, "rate"))
    amount = number * _factor({**_BITS, **_WORDS}, data, written, "rate")
    return _positive(amount / (clock_hz if per == "s" else 1), value), data in _WORDS


def number(value: object) -> Fraction:
    """A plain number without a unit, exactly.

    >>> number("0.1")
    Fraction(1, 10)
    """
    if isinstance(value, (int, Fraction)) and not isinstance(value, bool):
        return _in_range(Fraction(value), value)
    text = str(value) if isinstance(value, (str, float, Decimal)) else ""
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        raise Misread(f"{shown(value)} is not a number", "write a decimal number without a unit, e.g. `0.5`")
    return _in_range(Fraction(text), value)


def count(value: object, least: int = 1, below: int = LARGEST_COUNT) -> int:
    """A whole number, `least` or more and less than `below`."""
    amount = number(value)
    if amount.denominator != 1:
        raise Misread(f"{shown(value)} is not a whole number", "write a whole number")
    if not least <= amount < below:
        raise Misread(f"{shown(value)} is out of range", f"give a whole number from {least} to {below - 1}")
    return int(amount)


def capacity_text(bits: int) -> str:
    """Bits as people write them: the largest binary unit that fits without a fraction.

    >>> capacity_text(884736), capacity_text(12)
    ('108 KiB', '12 b')
    """
    units = {**_binary("B", 8), "B": Fraction(8), "b": Fraction(1)}
    unit = max((unit for unit in units if not bits % units[unit]), key=units.__getitem__) if bits else "b"
    return f"{int(bits / units[unit])} {unit}"


def engineering(value: float, unit: str) -> str:
    """Four significant digits with an SI prefix.

    >>> engineering(1.23456e-5, "J"), engineering(0.0, "s"), engineering(200e6, "Hz")
    ('12.35 uJ', '0 s', '200 MHz')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    rounded = float(f"{value:.3e}")
    exponent = min(max(3 * math.floor(math.log10(abs(rounded)) / 3), min(PREFIXES)), max(PREFIXES))
    return f"{rounded / 10.0**exponent:.4g} {PREFIXES[exponent]}{unit}"
