"""Arithmetic and small logic: Horowitz's rough energies in 45 nm, and the units that Aladdin had synthesised in 40 nm.

Both price the same classes where they can, so that their disagreement, up to nine times, is seen (`candidates`).
Between and beyond the operands of the tables amounts follow power laws: through the points of the table where it has
several, else adders in proportion to the bits and multipliers to their square. A floating-point unit goes with the
bits of the significand, plus an adder for the exponents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

from polymap import quantity
from polymap.components import aladdin
from polymap.components.attributes import bits as whole_bits
from polymap.components.attributes import positive
from polymap.components.estimate import Estimate, total
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.operands import Curve, Format, Point, floats, integers
from polymap.components.records import records
from polymap.components.scaling import scaled
from polymap.components.technology import Technology

HOROWITZ = "Horowitz, ISSCC 2014 (horowitz_45nm.csv)"
HOROWITZ_MADE = Technology(45.0, "hp", 0.9)
# They differ by 1.4 (log) where both have a number; the rough energies agree better with what chips report.
HOROWITZ_SIGMA, ALADDIN_SIGMA, SMALL_SIGMA = 0.5, 1.3, 0.5
DENSITY_SIGMA = 0.7
FLOAT_STAGES = 3
MOST_BITS = 1024

COMPUTE = Action("compute", what="one operation")


def _width(value: object) -> int:
    """Bits of an operand, with or without the unit: `8` or `8 b`."""
    return whole_bits(value, below=MOST_BITS + 1)


def _mantissa(value: object) -> int:
    return quantity.count(value, least=0, below=MOST_BITS)


def _exponent(value: object) -> int:
    return quantity.count(value, below=MOST_BITS)


BITS = Attribute("bits", _width, "b", what="bits of each operand")
ACCUMULATOR = Attribute("accumulator", _width, "b", default=None, what="bits of the sum: twice `bits` unless given")
EXPONENT = Attribute("exponent", _exponent, "b", what="bits of the exponent")
MANTISSA = Attribute("mantissa", _mantissa, "b", what="bits of the mantissa without the hidden one")
SUM_EXPONENT = Attribute("accumulator_exponent", _exponent, "b", default=None, what="of the sum: as of the operands")
SUM_MANTISSA = Attribute("accumulator_mantissa", _mantissa, "b", default=None, what="of the sum: as of the operands")
INPUTS = Attribute("inputs", partial(quantity.count, least=2), what="words to choose from")
CLOCK = Attribute("clock", positive("time", 1e-9), "ns", default=1.0, what="that the unit is synthesised for")

Amount = Callable[[str, Given], Estimate]


@dataclass(frozen=True)
class Unit(Model):
    """A unit with the one action `compute`; `amount` gives its energy, area, leakage or delay."""

    name: str
    prices: str
    source: str
    amount: Amount = field(compare=False)
    attributes: tuple[Attribute, ...]
    actions: tuple[Action, ...] = (COMPUTE,)

    def energy(self, action: str, given: Given) -> Estimate:
        return self.amount("energy", given)

    def area(self, given: Given) -> Estimate:
        return self.amount("area", given)

    def leakage(self, given: Given) -> Estimate:
        return self.amount("leakage", given)

    def delay(self, action: str, given: Given) -> Estimate:
        return self.amount("delay", given)


def _format(given: Given) -> Format:
    return Format(given["exponent"], given["mantissa"])


def _sum_format(given: Given) -> Format:
    own = _format(given)
    exponent, mantissa = given["accumulator_exponent"], given["accumulator_mantissa"]
    return Format(own.exponent if exponent is None else exponent, own.mantissa if mantissa is None else mantissa)


def _with(given: Given, **changed: object) -> Given:
    return Given({**given.values, **changed}, given.stated)


def _integer_sum(given: Given) -> Given:
    bits = given["accumulator"]
    return _with(given, bits=2 * given["bits"] if bits is None else bits)


def _float_sum(given: Given) -> Given:
    found = _sum_format(given)
    return _with(given, exponent=found.exponent, mantissa=found.mantissa)


def _multiply_add(
    what: str, given: Given, multiplier: Amount, adder: Amount, operands: Callable[[Given], Given]
) -> Estimate:
    """A multiplier, and an adder of the width of the sum, one after the other."""
    parts = multiplier(what, given), adder(what, operands(given))
    return total(f"{what} of a multiplier and an adder", [(1, part) for part in parts], parts[0].unit)


# Horowitz


@cache
def _horowitz(unit: str, what: str) -> Curve:
    rows = [row for row in records("horowitz_45nm") if row["unit"] == unit]
    column, of = aladdin.COLUMNS[what], aladdin.UNITS[what]
    amounts = [(row["format"], float(row[column])) for row in rows]
    if unit.startswith("fp"):
        adder = _horowitz("int_adder", what).points[0]
        return floats(amounts, adder.amount / adder.bits, of, HOROWITZ, "horowitz", HOROWITZ_SIGMA)
    points = [Point(f"{unit}, {name}", float(row["bits"]), amount) for row, (name, amount) in zip(rows, amounts)]
    return integers(points, of, HOROWITZ, "horowitz", HOROWITZ_SIGMA)


# Units of Aladdin that leak per area as those of Horowitz, which has no leakage.
_ALIKE = {"int_adder": "int_adder", "int_multiplier": "int_multiplier", "fp_adder": "fp32_adder"}


def _horowitz_amount(what: str, given: Given, unit: str) -> Estimate:
    if what == "delay":
        raise CannotPrice("Horowitz's energies come without delays")
    if what == "leakage":
        return _leakage_of(_horowitz_amount("area", _with_technology(given, HOROWITZ_MADE), unit), unit, given)
    curve = _horowitz(unit, what)
    if unit.startswith("fp"):
        found = curve.at(_format(given).significand, given["exponent"]).named(f"{unit}, {_format(given)}")
    else:
        found = curve.at(given["bits"]).named(f"{unit}, {given['bits']} b")
    return scaled(found, "cmos_logic", HOROWITZ_MADE, given.technology)


def _with_technology(given: Given, technology: Technology) -> Given:
    return Given(given.values, technology)


def _leakage_of(area: Estimate, unit: str, given: Given) -> Estimate:
    """The area in 45 nm times the leakage per area of Aladdin's unit of the kind."""
    like = aladdin.unit(_ALIKE.get(unit, "int_multiplier"))
    at_45 = like.times("leakage", 1 / like.amount("area"), "per um2", Technology(45.0), "density", DENSITY_SIGMA)
    found = at_45.times(area.value, f"um2 of {unit}", HOROWITZ, False, **dict(area.errors))
    return scaled(found, "cmos_logic", Technology(45.0), given.technology)


# Aladdin


def _aladdin_integer(what: str, given: Given, unit: str, exponent: int = 1, sigma: float = ALADDIN_SIGMA) -> Estimate:
    """In proportion to a power of the bits."""
    made = aladdin.unit(unit, given["clock"])
    if what == "delay":
        return _made_for(given, 1)
    share, bits = given["bits"] / made.bits, given["bits"]
    how = f"{bits} of its {made.bits} b" + (", squared" if exponent == 2 else "")
    return made.times(what, share**exponent, how, given.technology, "aladdin", sigma)


def _made_for(given: Given, stages: int) -> Estimate:
    """The clock a unit was synthesised for, which it meets, once per pipeline stage."""
    clock = Estimate.given(
        stages * given["clock"], "ns", f"{stages} cycles of the clock it is made for", aladdin.SOURCE
    )
    return scaled(
        clock.times(1.0, "it may be faster", aladdin=SMALL_SIGMA), "cmos_logic", aladdin.MADE, given.technology
    )


def _aladdin_float(what: str, given: Given, unit: str) -> Estimate:
    """Through single and double precision."""
    if what == "delay":
        return _made_for(given, FLOAT_STAGES)
    found = _aladdin_curve(unit, what, given["clock"]).at(_format(given).significand, given["exponent"])
    return scaled(found.named(f"fp_{unit}, {_format(given)}"), "cmos_logic", aladdin.MADE, given.technology)


@cache
def _aladdin_curve(unit: str, what: str, clock_ns: float) -> Curve:
    adder = aladdin.unit("int_adder", clock_ns)
    points = [(name, aladdin.unit(f"{name}_{unit}", clock_ns).amount(what)) for name in ("fp32", "fp64")]
    return floats(points, adder.per_bit(what), aladdin.UNITS[what], aladdin.SOURCE, "aladdin", ALADDIN_SIGMA)


def multiplexer(what: str, inputs: int, bits: int, asked: Technology, clock_ns: float = aladdin.CLOCK_NS) -> Estimate:
    """A tree of two-input multiplexers, for each of which a bit of the bitwise operator stands: the one at the output
    switches, and half of the others."""
    made = aladdin.unit("bitwise", clock_ns)
    gates = bits * (1 + 0.5 * (inputs - 2)) if what == "energy" else bits * (inputs - 1)
    how = f"{gates:g} two-input multiplexers for {inputs} inputs of {bits} b"
    return made.times(what, gates / made.bits, how, asked, "aladdin", aladdin.ASSUMED_SIGMA)


def _multiplexer(what: str, given: Given) -> Estimate:
    if what == "delay":
        return _made_for(given, 1)
    return multiplexer(what, given["inputs"], given["bits"], given.technology, given["clock"])


_SMALL = ("comparator", "counter", "bitwise")
_RIVALS: Mapping[str, tuple[Amount, Amount]] = {
    "int_adder": (partial(_horowitz_amount, unit="int_adder"), partial(_aladdin_integer, unit="int_adder")),
    "int_multiplier": (
        partial(_horowitz_amount, unit="int_multiplier"),
        partial(_aladdin_integer, unit="int_multiplier", exponent=2),
    ),
    "fp_adder": (partial(_horowitz_amount, unit="fp_adder"), partial(_aladdin_float, unit="adder")),
    "fp_multiplier": (partial(_horowitz_amount, unit="fp_multiplier"), partial(_aladdin_float, unit="multiplier")),
}


def _two(prices: str, amounts: tuple[Amount, Amount], *attributes: Attribute) -> tuple[Model, Model]:
    first = Unit(f"horowitz_{prices}", prices, HOROWITZ, amounts[0], attributes)
    return first, Unit(f"aladdin_{prices}", prices, aladdin.SOURCE, amounts[1], (*attributes, CLOCK))


def _multiply_adds(kind: str, operands: Callable[[Given], Given]) -> tuple[Amount, Amount]:
    pairs = zip(_RIVALS[f"{kind}_multiplier"], _RIVALS[f"{kind}_adder"])
    first, second = (partial(_multiply_add, multiplier=unit, adder=adder, operands=operands) for unit, adder in pairs)
    return first, second


def _one(prices: str, amount: Amount, *attributes: Attribute) -> Model:
    return Unit(f"aladdin_{prices}", prices, aladdin.SOURCE, amount, (*attributes, CLOCK))


MODELS: tuple[Model, ...] = (
    *_two("int_adder", _RIVALS["int_adder"], BITS),
    *_two("int_multiplier", _RIVALS["int_multiplier"], BITS),
    *_two("int_mac", _multiply_adds("int", _integer_sum), BITS, ACCUMULATOR),
    *_two("fp_adder", _RIVALS["fp_adder"], EXPONENT, MANTISSA),
    *_two("fp_multiplier", _RIVALS["fp_multiplier"], EXPONENT, MANTISSA),
    *_two("fp_mac", _multiply_adds("fp", _float_sum), EXPONENT, MANTISSA, SUM_EXPONENT, SUM_MANTISSA),
    *(_one(unit, partial(_aladdin_integer, unit=unit, sigma=SMALL_SIGMA), BITS) for unit in _SMALL),
    _one("mux", _multiplexer, INPUTS, BITS),
)
