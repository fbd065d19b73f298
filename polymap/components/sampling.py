"""A sample-and-hold as what it is: a capacitor that is charged to the value, as large as noise asks for.

Switches and buffers are left out, so that this is the least it can take; published ones take hundreds of times as much.
"""

from __future__ import annotations

from dataclasses import dataclass

from polymap.components.attributes import bits, positive
from polymap.components.capacitors import DENSITY_FF_UM2, LEAST_FF, REFERENCE, noise_ff, reference_v
from polymap.components.estimate import Estimate, Origin
from polymap.components.model import Action, Attribute, Given, Model
from polymap.components.values import INPUT

SOURCE = "closed form: a capacitor with thermal noise at that of quantization"
# Errors (log): of a stated capacitor by judgement; of the least one how far the one published row lies above it.
SIGMA, SIGMA_LEAST = 0.7, 6.6


@dataclass(frozen=True)
class HoldCapacitor(Model):
    """C V^2 E[x]: charge C V x from a supply of V. C as stated, or 12 k T 4^N / V^2, and 0.5 fF at least."""

    name: str = "hold_capacitor"
    prices: str = "sample_hold"
    source: str = SOURCE
    attributes: tuple[Attribute, ...] = (
        Attribute("resolution", bits, "b", what="bits that the value is good for"),
        Attribute("capacitance", positive("capacitance", 1e-15), "fF", None, "else what noise asks for"),
        REFERENCE,
    )
    actions: tuple[Action, ...] = (Action("sample", (INPUT,), "one value"),)

    def energy(self, action: str, given: Given) -> Estimate:
        volts, charged_ff = reference_v(given), self._ff(given)
        value = charged_ff * volts**2 * given["input"].mean(given["resolution"]) * 1e-3
        return self._priced(given, value, "pJ", f"{charged_ff:.4g} fF charged to {volts:g} V, values: {given['input']}")

    def area(self, given: Given) -> Estimate:
        charged_ff = self._ff(given)
        return self._priced(given, charged_ff / DENSITY_FF_UM2, "um2", f"{charged_ff:.4g} fF of capacitor")

    def _ff(self, given: Given) -> float:
        noise = noise_ff(given["resolution"], reference_v(given), given.technology.temperature_k)
        return float(given["capacitance"] or max(LEAST_FF, noise))

    def _priced(self, given: Given, value: float, unit: str, what: str) -> Estimate:
        sigma = SIGMA if given["capacitance"] else SIGMA_LEAST
        return Estimate(value, unit, Origin(what, SOURCE, value, unit), (("hold_circuit", sigma),))


MODELS: tuple[Model, ...] = (HoldCapacitor(),)
