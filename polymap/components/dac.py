"""Digital-to-analog converters whose energy follows from the circuit and the codes: ladders and arrays of capacitors.

Switches, their drivers and the buffer at the output are left out: real converters take more (see the validation).
"""

from __future__ import annotations

from dataclasses import dataclass

from polymap.components.attributes import bits, positive
from polymap.components.capacitors import DENSITY_FF_UM2, LEAST_FF, REFERENCE, noise_ff, reference_v
from polymap.components.estimate import Estimate, Origin
from polymap.components.ladder import mean_supplied
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.values import INPUT, Values

SOURCE = "closed form: charge and current that the reference supplies"
# Errors (log). A ladder whose parts are stated is within a factor of 2 of the one that was published. Capacitors of the
# least size that noise allows lie far below published converters: root mean square of components_validation.md.
SIGMA, SIGMA_LEAST = 0.7, 3.06
LARGEST = 16
RATE = Attribute("sample_rate", positive("frequency"), "Hz", None, "conversions per second")
UNIT = Attribute("unit_capacitance", positive("capacitance", 1e-15), "fF", what="of the least capacitor")
RESOLUTION = Attribute("resolution", bits, "b", what="bits of the code")
CONVERT = (Action("convert", (INPUT,), "one code"),)


class Circuit(Model):
    """What the converters of this module have in common."""

    def check(self, given: Given) -> None:
        if given["resolution"] > LARGEST:
            raise CannotPrice(f"a converter of {given['resolution']} bits", f"give at most {LARGEST}")

    def delay(self, action: str, given: Given) -> Estimate:
        if given["sample_rate"] is None:
            raise CannotPrice("no rate is stated", "add e.g. `sample_rate: 100 MHz`")
        return Estimate.given(1e9 / given["sample_rate"], "ns", "one period of the sample rate")


def _priced(value: float, unit: str, what: str, sigma: float = SIGMA) -> Estimate:
    return Estimate(value, unit, Origin(what, SOURCE, value, unit), (("converter_circuit", sigma),))


@dataclass(frozen=True)
class ResistorLadder(Circuit):
    """An R-2R ladder, driven for a period of the sample rate: V^2 / 2R times the form of `ladder`, times the period."""

    name: str = "r2r_ladder_dac"
    prices: str = "dac"
    source: str = SOURCE
    attributes: tuple[Attribute, ...] = (
        RESOLUTION,
        Attribute("unit_resistance", positive("resistance"), "ohm", what="R of the ladder"),
        Attribute("sample_rate", positive("frequency"), "Hz", what="conversions per second"),
        REFERENCE,
    )
    actions: tuple[Action, ...] = CONVERT

    def energy(self, action: str, given: Given) -> Estimate:
        volts, form = reference_v(given), mean_supplied(given["resolution"], given["input"])
        watts = volts**2 / (2 * given["unit_resistance"]) * form
        what = f"R-2R ladder of {given['resolution']} b at {volts:g} V, codes: {given['input']}"
        return _priced(watts / given["sample_rate"] * 1e12, "pJ", what)


@dataclass(frozen=True)
class CapacitorLadder(Circuit):
    """A C-2C ladder, discharged before each code: C V^2 times the form of `ladder`."""

    name: str = "c2c_ladder_dac"
    prices: str = "dac"
    source: str = SOURCE
    attributes: tuple[Attribute, ...] = (RESOLUTION, UNIT, RATE, REFERENCE)
    actions: tuple[Action, ...] = CONVERT

    def energy(self, action: str, given: Given) -> Estimate:
        volts, form = reference_v(given), mean_supplied(given["resolution"], given["input"])
        what = f"C-2C ladder of {given['resolution']} b at {volts:g} V, codes: {given['input']}"
        return _priced(given["unit_capacitance"] * volts**2 * form * 1e-3, "pJ", what)

    def area(self, given: Given) -> Estimate:
        """Legs of C, links of 2C, and the end."""
        units = 3 * given["resolution"] - 1
        return _priced(units * given["unit_capacitance"] / DENSITY_FF_UM2, "um2", f"{units} unit capacitors")


@dataclass(frozen=True)
class CapacitorArray(Circuit):
    """Binary-weighted capacitors, discharged before each code: 2^N C V^2 (E[y] - E[y^2]), y the code over 2^N.

    The share y of the capacitors is tied to the reference, the rest to ground, the other plates float together: two
    capacitances in series. Where no unit is given it is the least that keeps thermal noise, k T over the whole
    capacitance, at the noise of quantization: 12 k T 4^N / V^2 in all, and no unit below 0.5 fF.
    """

    name: str = "capacitor_array_dac"
    prices: str = "dac"
    source: str = SOURCE
    attributes: tuple[Attribute, ...] = (
        RESOLUTION,
        Attribute(UNIT.name, UNIT.read, UNIT.unit, None, "of the least capacitor; else what noise allows"),
        RATE,
        REFERENCE,
    )
    actions: tuple[Action, ...] = CONVERT

    def energy(self, action: str, given: Given) -> Estimate:
        volts, total_ff = reference_v(given), self._total_ff(given)
        share = _mean_in_series(given["resolution"], given["input"])
        what = f"{total_ff:.4g} fF in {given['resolution']} b at {volts:g} V, codes: {given['input']}"
        return _priced(total_ff * volts**2 * share * 1e-3, "pJ", what, self._sigma(given))

    def area(self, given: Given) -> Estimate:
        total_ff = self._total_ff(given)
        return _priced(total_ff / DENSITY_FF_UM2, "um2", f"{total_ff:.4g} fF of capacitors", self._sigma(given))

    def _sigma(self, given: Given) -> float:
        return SIGMA if given["unit_capacitance"] else SIGMA_LEAST

    def _total_ff(self, given: Given) -> float:
        units = 2.0 ** int(given["resolution"])
        noise = noise_ff(given["resolution"], reference_v(given), given.technology.temperature_k)
        return units * float(given["unit_capacitance"] or max(LEAST_FF, noise / units))


def _mean_in_series(resolution: int, values: Values) -> float:
    """E[y] - E[y^2], where y = code / 2^N and the values are code / (2^N - 1)."""
    top = 1 - 2.0**-resolution
    return float(top * values.mean(resolution) - top**2 * values.mean_square(resolution))


MODELS: tuple[Model, ...] = (ResistorLadder(), CapacitorLadder(), CapacitorArray())
