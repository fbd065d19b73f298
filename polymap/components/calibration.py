"""Factors that data or a user put on what a model says, each with its reason and source.

calibrate:                              # beside the class of a component
  energy: {factor: 0.275, reason: measured at 0.85 V, source: "Jia et al., JSSC 55(9), 2020", sigma: 0.1}
  area: {factor: 0.4, reason: die photograph, source: "the same"}

A factor of `energy` may be for some `actions` only. The number it is put on, and the factor with its reason, stay in
the provenance. `sigma` is the error (log) that is left; where none is stated the model's own error stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from polymap import quantity, spec
from polymap.components.attributes import above_zero
from polymap.components.component import Component, PricedAction
from polymap.components.estimate import CALIBRATED, Estimate
from polymap.components.model import Action, Attribute, Given, Model
from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import Misread, choose, shown

QUANTITIES = ("energy", "delay", "area", "leakage")
_OF_ACTIONS = ("energy", "delay")


@dataclass(frozen=True)
class Calibration:
    """A factor on one quantity: of all actions, or of those listed."""

    quantity: str
    factor: float
    reason: str
    source: str
    actions: tuple[str, ...] = ()
    sigma: float | None = None
    place: Place = Place()

    def applies(self, quantity: str, action: str) -> bool:
        return quantity == self.quantity and (not self.actions or action in self.actions)

    def applied(self, raw: Estimate) -> Estimate:
        """The amount times the factor; what is left of its error is the stated one."""
        found = raw.times(self.factor, f"{CALIBRATED}{self.reason}", self.source)
        return found if self.sigma is None else replace(found, errors=(("calibration", self.sigma),))


@dataclass(frozen=True)
class Calibrated(Model):
    """A model with factors on what it says. `raw` is the model without them."""

    raw: Model
    calibrations: tuple[Calibration, ...]
    name: str
    prices: str
    source: str
    attributes: tuple[Attribute, ...]
    actions: tuple[Action, ...]

    @classmethod
    def of(cls, raw: Model, calibrations: tuple[Calibration, ...]) -> Calibrated:
        return cls(raw, calibrations, raw.name, raw.prices, raw.source, raw.attributes, raw.actions)

    def check(self, given: Given) -> None:
        self.raw.check(given)

    def energy(self, action: str, given: Given) -> Estimate:
        return self.applied(self.raw.energy(action, given), "energy", action)

    def delay(self, action: str, given: Given) -> Estimate:
        return self.applied(self.raw.delay(action, given), "delay", action)

    def area(self, given: Given) -> Estimate:
        return self.applied(self.raw.area(given), "area")

    def leakage(self, given: Given) -> Estimate:
        return self.applied(self.raw.leakage(given), "leakage")

    def applied(self, amount: Estimate, quantity: str, action: str = "") -> Estimate:
        """An amount that `raw` gave, with all factors that are meant for it."""
        for calibration in self.calibrations:
            if calibration.applies(quantity, action):
                amount = calibration.applied(amount)
        return amount


def calibrated(component: Component, calibrations: tuple[Calibration, ...]) -> Component:
    """The component with the factors on its numbers. Raises SpecError for actions and amounts that it does not have."""
    if not calibrations:
        return component
    if mistakes := [mistake for each in calibrations for mistake in _without_object(each, component)]:
        raise SpecError(mistakes)
    model = Calibrated.of(component.model, calibrations)
    return replace(
        component,
        model=model,
        priced=tuple(_calibrated_action(model, action) for action in component.priced),
        area=component.area and model.applied(component.area, "area"),
        leakage=component.leakage and model.applied(component.leakage, "leakage"),
    )


def _calibrated_action(model: Calibrated, action: PricedAction) -> PricedAction:
    energy = model.applied(action.energy, "energy", action.name)
    return replace(action, energy=energy, delay=action.delay and model.applied(action.delay, "delay", action.name))


def _without_object(calibration: Calibration, component: Component) -> Iterator[Mistake]:
    """A factor on nothing is a slip."""
    for action in calibration.actions:
        if action not in component.actions:
            mend = choose(action, component.actions, f"its actions: {', '.join(component.actions)}")
            yield Mistake(calibration.place, f"`{component.name}` has no action `{action}`", mend)
    refused = dict(component.unpriced).get(calibration.quantity)
    if refused:
        message = f"`{component.name}` has no {calibration.quantity} that a factor could be put on: {refused}"
        yield Mistake(calibration.place, message, f"remove `{calibration.quantity}`")


def read_calibrations(reader: spec.Reader) -> tuple[Calibration, ...]:
    """The factors under `calibrate:`; mistakes are noted."""
    return tuple(_read(reader.child(name), name) for name in QUANTITIES if reader.has(name))


def _read(entry: spec.Reader, name: str) -> Calibration:
    factor = entry.value("factor", _FACTOR, otherwise=1.0, required=True)
    reason, source = entry.text("reason", required=True), entry.text("source", required=True)
    actions = entry.names("actions") if name in _OF_ACTIONS else ()
    sigma = entry.value("sigma", _spread, otherwise=None)
    return Calibration(name, factor, reason, source, actions, sigma, entry.place)


_FACTOR = above_zero("factor", "give a number above 0")


def _spread(value: object) -> float:
    amount = float(quantity.number(value))
    if amount < 0:
        raise Misread(f"{shown(value)} is no error", "give a standard deviation (log) of 0 or more, e.g. 0.1")
    return amount
