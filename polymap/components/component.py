"""A priced component: what each of its actions costs, its area and its leakage, each with its origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose, isfinite
from typing import Any

from polymap.components.amount import Amount
from polymap.components.estimate import Estimate, Origin
from polymap.components.model import Action, CannotPrice, Given, Model
from polymap.components.provenance import lines
from polymap.components.question import ModelFailed, NoAmount, Question, fit, named, values_of
from polymap.components.technology import Technology
from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import choose

ENERGY, AREA, LEAKAGE, DELAY = "pJ", "um2", "uW", "ns"


@dataclass(frozen=True)
class PricedAction:
    """An action with its arguments: energy in pJ and, where the model gives it, time in ns."""

    name: str
    arguments: tuple[tuple[str, Any], ...]
    energy: Estimate
    delay: Estimate | None = None

    @property
    def energy_pj(self) -> float:
        return self.energy.value

    @property
    def delay_ns(self) -> float | None:
        return self.delay.value if self.delay else None


@dataclass(frozen=True)
class Component:
    """One instance of a class of components, as a model prices it.

    `priced` are its actions with their default arguments. `area` (um2) and `leakage` (uW) are None where the model has
    no answer; `unpriced` says of each thing without a price why.
    """

    name: str
    prices: str
    model: Model
    attributes: tuple[tuple[str, Any], ...]
    technology: Technology | None
    priced: tuple[PricedAction, ...]
    area: Estimate | None
    leakage: Estimate | None
    unpriced: tuple[tuple[str, str], ...] = ()

    @property
    def actions(self) -> tuple[str, ...]:
        """Names of the actions that its model knows."""
        return tuple(action.name for action in self.model.actions)

    @property
    def given(self) -> Given:
        return Given(dict(self.attributes), self.technology)

    @property
    def width_bits(self) -> int | None:
        """Bits of one access, if it has a `width`."""
        width = dict(self.attributes).get("width")
        if isinstance(width, Amount) and width.unit == "b" and width.value.denominator == 1:
            return int(width.value)
        return width if isinstance(width, int) else None

    @property
    def area_um2(self) -> float:
        """Raises SpecError if the model gives no area."""
        return self._there("area", self.area).value

    @property
    def leakage_uw(self) -> float:
        """Raises SpecError if the model gives no leakage."""
        return self._there("leakage", self.leakage).value

    @property
    def sigma(self) -> float:
        """What the choice among models goes by: the largest standard deviation (log) of an action's energy, or of area
        and leakage where no action is priced without arguments."""
        energies = [action.energy for action in self.priced]
        amounts = energies or [amount for amount in (self.area, self.leakage) if amount]
        return max((amount.sigma for amount in amounts), default=float("inf"))

    def action(self, name: str, **arguments: object) -> PricedAction:
        """An action under arguments as a user writes them, each by default the model's own.

        Raises SpecError for an action, an argument or a value that the model does not take, has no answer for, or
        breaks at.
        """
        try:
            return self.answered(name, arguments)
        except CannotPrice as refusal:
            raise _wrong(f"`{self.name}.{name}` ({self.model.name}): {refusal.reason}", refusal.mend) from None
        except ModelFailed as failure:
            raise _wrong(str(failure), failure.mend) from failure

    def answered(self, name: str, arguments: Mapping[str, object]) -> PricedAction:
        """Like `action`; raises CannotPrice where the model has no answer, ModelFailed where it breaks, SpecError for
        unknown names only."""
        known = next((action for action in self.model.actions if action.name == name), None)
        if known is None:
            raise _wrong(f"`{self.name}` has no action `{name}`", _choose(name, self.actions))
        names = [argument.name for argument in known.arguments]
        if unknown := [each for each in arguments if each not in names]:
            mend = _choose(unknown[0], names) if names else "it takes none"
            raise _wrong(f"`{self.name}.{name}` has no argument `{unknown[0]}`", mend)
        default = next((priced for priced in self.priced if priced.name == name), None)
        return default if default and not arguments else priced_action(self.model, known, self.given, arguments)

    def explain(self, action: str = "", **arguments: object) -> str:
        """The tree of where numbers come from, of one action under arguments, or of everything."""
        if action:
            return "\n".join(lines(f"{self.name}.{action}", self.action(action, **arguments).energy))
        amounts = [(f"{self.name}.{priced.name}", priced.energy) for priced in self.priced]
        amounts += [(f"{self.name}: delay of {p.name}", p.delay) for p in self.priced if p.delay]
        amounts += [(f"{self.name}: area", self.area)] if self.area else []
        amounts += [(f"{self.name}: leakage", self.leakage)] if self.leakage else []
        refused = [f"{self.name}: no {what}: {why}" for what, why in self.unpriced]
        return "\n".join([*(line for what, amount in amounts for line in lines(what, amount)), *refused])

    def _there(self, what: str, amount: Estimate | None) -> Estimate:
        if amount is None:
            raise _wrong(f"`{self.model.name}` has no {what} for `{self.name}`: {dict(self.unpriced)[what]}", "")
        return amount


def _wrong(message: str, mend: str) -> SpecError:
    return SpecError(Mistake(Place(), message, mend))


def _choose(word: str, known: list[str] | tuple[str, ...]) -> str:
    return choose(word, known, f"there are: {', '.join(known)}" if known else "there are none")


def priced_action(model: Model, action: Action, given: Given, arguments: Mapping[str, object]) -> PricedAction:
    """One action of a model. Raises CannotPrice and ModelFailed."""
    with named(model, f"reading the arguments of `{action.name}`"):
        values, misread, missing = values_of(action.arguments, arguments, given.values)
    for name, wrong in misread:
        raise CannotPrice(f"`{name}`: {wrong.message}", wrong.mend)
    if missing:
        needed = ", ".join(f"`{argument.name}`" for argument in missing)
        raise CannotPrice(f"`{action.name}` needs {needed}", "give them as arguments")
    asked = Given({**given.values, **values}, given.stated)
    with named(model, f"the energy of `{action.name}`"):
        energy = _checked(model.energy(action.name, asked), ENERGY)
    return PricedAction(action.name, tuple(values.items()), energy, _delay(model, action, asked))


def _delay(model: Model, action: Action, asked: Given) -> Estimate | None:
    with named(model, f"the delay of `{action.name}`"):
        try:
            return _checked(model.delay(action.name, asked), DELAY)
        except CannotPrice:
            return None


def _checked(amount: object, unit: str) -> Estimate:
    """What a model returned, if it is an amount at all."""
    if not isinstance(amount, Estimate):
        raise NoAmount(f"it returned {type(amount).__name__}, not an Estimate")
    if amount.unit != unit:
        raise NoAmount(f"it returned an amount in `{amount.unit}`, not in `{unit}`")
    if not (isfinite(amount.value) and amount.value >= 0):
        raise NoAmount(f"it returned {amount.value:g} {unit}")
    if wrong := [name for name, sigma in amount.errors if not (isfinite(sigma) and sigma >= 0)]:
        raise NoAmount(f"the error `{wrong[0]}` of what it returned is no standard deviation of 0 or more")
    if isinstance(amount.told, Origin) and not _is_of(amount.told, amount):
        raise NoAmount(f"it returned {amount.value:g} {unit} that its origin says is {_said(amount.told)}")
    return amount


def _is_of(origin: Origin, amount: Estimate) -> bool:
    """Whether an origin tells of the amount; one without a value of its own tells of any."""
    return origin.value is None or (origin.unit == amount.unit and isclose(origin.value, amount.value, rel_tol=1e-9))


def _said(origin: Origin) -> str:
    return f"{origin.value:g} {origin.unit}"


def price(model: Model, question: Question) -> Component:
    """The component as a model prices it. Raises CannotPrice if it has no answer, ModelFailed if it breaks."""
    given = fit(model, question).given(question.technology)
    with named(model, "its check"):
        model.check(given)
    refusals: list[tuple[str, str]] = []
    actions = tuple(_actions(model, given, refusals))
    area, leakage = _amount(model, "area", given, refusals), _amount(model, "leakage", given, refusals)
    needy = any(_has_required(action) for action in model.actions)
    if not actions and not needy and (model.actions or not (area or leakage)):
        raise CannotPrice("; ".join(dict.fromkeys(why for _, why in refusals)))
    attributes = tuple(given.values.items())
    name, technology = question.called, question.technology
    return Component(name, model.prices, model, attributes, technology, actions, area, leakage, tuple(refusals))


def _has_required(action: Action) -> bool:
    return any(argument.is_required for argument in action.arguments)


def _actions(model: Model, given: Given, refusals: list[tuple[str, str]]) -> Iterator[PricedAction]:
    for action in model.actions:
        try:
            yield priced_action(model, action, given, {})
        except CannotPrice as refusal:
            refusals.append((action.name, str(refusal)))


def _amount(model: Model, what: str, given: Given, refusals: list[tuple[str, str]]) -> Estimate | None:
    try:
        with named(model, f"the {what}"):
            amount = model.area(given) if what == "area" else model.leakage(given)
            return _checked(amount, AREA if what == "area" else LEAKAGE)
    except CannotPrice as refusal:
        refusals.append((what, str(refusal)))
        return None
