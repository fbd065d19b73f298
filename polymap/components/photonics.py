"""Photonic devices: those of published designs, and lasers and modulators from first principles.

Light has no CMOS node: no technology scales any of them, and what they say of it is that it changed nothing. A device
that takes the same power whatever passes it leaks that power: it counts for as long as the device is on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from polymap import quantity
from polymap.components.attributes import one_of, positive, share
from polymap.components.estimate import Estimate, Origin
from polymap.components.model import Action, Attribute, Given, Model
from polymap.components.records import records
from polymap.quantity import Misread, shown

LAWS_OF_LIGHT = "closed form: loss budget; charge of a capacitance"
SIGMA = 0.7
WHAT = {
    "modulate": "one symbol",
    "emit": "nothing beside its power",
    "convert": "one value",
    "detect": "one value",
    "route": "light that passes",
}


@dataclass(frozen=True)
class Device:
    """A device of a published design: uW while it is on, pJ of one action beside it, um2."""

    power_uw: float
    energy_pj: float
    area_um2: float
    source: str


def _as_published(value: float, unit: str, what: str, source: str, given: Given) -> Estimate:
    origin = Origin(what, source, value, unit, parts=_unscaled(given))
    return Estimate(value, unit, origin)


def _unscaled(given: Given) -> tuple[Origin, ...]:
    return (Origin(f"not scaled: {given.stated} changes nothing of a photonic device"),) if given.stated else ()


@dataclass(frozen=True)
class PublishedDevice(Model):
    """The devices of one class in published designs; `design` says which."""

    name: str
    prices: str
    source: str
    devices: tuple[tuple[str, Device], ...]
    attributes: tuple[Attribute, ...]
    actions: tuple[Action, ...]

    def energy(self, action: str, given: Given) -> Estimate:
        device, what = self._device(given), f"{action} by {self._called(given)}"
        if not device.energy_pj:
            what += ": passive" if not device.power_uw else ": all of its power is taken whether or not it acts"
        return _as_published(device.energy_pj, "pJ", what, device.source, given)

    def area(self, given: Given) -> Estimate:
        device = self._device(given)
        return _as_published(device.area_um2, "um2", self._called(given), device.source, given)

    def leakage(self, given: Given) -> Estimate:
        device = self._device(given)
        return _as_published(device.power_uw, "uW", f"{self._called(given)} while on", device.source, given)

    def _device(self, given: Given) -> Device:
        return dict(self.devices)[given["design"]]

    def _called(self, given: Given) -> str:
        return f"{self.prices} of {given['design']}"


def _efficiency(value: object) -> float:
    amount = share(value)
    if not amount:
        raise Misread(f"{shown(value)} lets nothing through", "give an efficiency above 0")
    return amount


def _decibels(value: object) -> float:
    text = str(value).strip().removesuffix("dB").strip()
    amount = quantity.number(text)
    if not 0 <= amount <= 100:
        raise Misread(f"{shown(value)} is no loss", "give from 0 to 100 dB")
    return float(amount)


def _microwatts(value: object) -> float:
    return float(quantity.power_w(value)) * 1e6


BUDGET = (
    Attribute("receiver_power", positive("power", 1e-6), "uW", what="optical, at the receiver"),
    Attribute("loss", _decibels, "dB", what="from the laser to the receiver"),
    Attribute("wall_plug_efficiency", _efficiency, what="optical over electrical power of the laser"),
)


@dataclass(frozen=True)
class LaserBudget(Model):
    """A laser that brings `receiver_power` through `loss` dB: P 10^(loss / 10) over its efficiency, while it is on."""

    name: str = "laser_loss_budget"
    prices: str = "laser"
    source: str = LAWS_OF_LIGHT
    attributes: tuple[Attribute, ...] = BUDGET
    actions: tuple[Action, ...] = (Action("emit", what=WHAT["emit"]),)

    def energy(self, action: str, given: Given) -> Estimate:
        return Estimate.given(0.0, "pJ", "all of its power is taken whether or not it acts")

    def leakage(self, given: Given) -> Estimate:
        optical_uw = given["receiver_power"] * 10 ** (given["loss"] / 10)
        what = f"{given['receiver_power']:g} uW behind {given['loss']:g} dB at {given['wall_plug_efficiency']:.0%}"
        value = optical_uw / given["wall_plug_efficiency"]
        origin = Origin(what, LAWS_OF_LIGHT, value, "uW", parts=_unscaled(given))
        return Estimate(value, "uW", origin, (("laser_budget", SIGMA),))


@dataclass(frozen=True)
class ChargedModulator(Model):
    """A modulator as a capacitance: a random bit charges it with probability 1/4, so a symbol takes C V^2 / 4."""

    name: str
    prices: str
    source: str = LAWS_OF_LIGHT
    attributes: tuple[Attribute, ...] = (
        Attribute("capacitance", positive("capacitance", 1e-15), "fF", what="of the modulator and its driver"),
        Attribute("drive_voltage", positive("voltage"), "V", what="swing"),
        Attribute("tuning_power", _microwatts, "uW", 0.0, "while it is on"),
    )
    actions: tuple[Action, ...] = (Action("modulate", what="one random bit"),)

    def energy(self, action: str, given: Given) -> Estimate:
        value = given["capacitance"] * given["drive_voltage"] ** 2 / 4 * 1e-3
        what = f"a quarter of {given['capacitance']:g} fF charged to {given['drive_voltage']:g} V"
        origin = Origin(what, LAWS_OF_LIGHT, value, "pJ", parts=_unscaled(given))
        return Estimate(value, "pJ", origin, (("modulator_circuit", SIGMA),))

    def leakage(self, given: Given) -> Estimate:
        return Estimate.given(given["tuning_power"], "uW", "tuning, as stated")


@cache
def _published() -> tuple[Model, ...]:
    found: dict[tuple[str, str], dict[str, Device]] = {}
    for row in records("photonics"):
        power_uw, energy_pj, area_um2 = (float(row[name]) for name in ("power_uw", "energy_pj", "area_um2"))
        device = Device(power_uw, energy_pj, area_um2, row["source"])
        found.setdefault((row["class"], row["action"]), {})[row["design"]] = device
    return tuple(_model(prices, action, devices) for (prices, action), devices in found.items())


def _model(prices: str, action: str, devices: dict[str, Device]) -> PublishedDevice:
    design = Attribute("design", one_of(*devices), what="the published design that is meant")
    sources = "; ".join(dict.fromkeys(device.source for device in devices.values()))
    actions = (Action(action, what=WHAT[action]),)
    return PublishedDevice(f"published_{prices}", prices, sources, tuple(devices.items()), (design,), actions)


MODELS: tuple[Model, ...] = (
    *_published(),
    LaserBudget(),
    ChargedModulator("charged_mzm", "mzm"),
    ChargedModulator("charged_mrr", "mrr"),
)
