"""Compounds: components made of others. What they cost is the sum of what their parts cost, part by part in the tree.

    energy(action)  = sum over its steps of  times * energy of the part's action
    area, leakage   = sum over its parts of  count * that of one part
    delay(action)   = sum over its steps of  times * delay (serial), or the longest delay (parallel)

Each term may be scaled by a part's `scale`. What is done beside the rest takes energy and no time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from polymap.components import term
from polymap.components.calibration import Calibration
from polymap.components.component import AREA, DELAY, ENERGY, LEAKAGE, Component, PricedAction
from polymap.components.estimate import Estimate, total
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.question import Question, Written
from polymap.components.selection import Unpriced
from polymap.components.technology_read import Stated
from polymap.components.term import Term
from polymap.errors import NOWHERE, Mistake, Place, SpecError
from polymap.quantity import Misread

ONE = term.term(1, ())
AS_AROUND = Stated()


@dataclass(frozen=True)
class Named:
    """A term under the name of an attribute or an argument, and where it stands."""

    name: str
    term: Term
    place: Place = NOWHERE


@dataclass(frozen=True)
class Scale:
    """Factors on what one instance of a part costs."""

    energy: Term = ONE
    area: Term = ONE
    leakage: Term = ONE
    delay: Term = ONE

    def of(self, unit: str) -> Term:
        return {ENERGY: self.energy, AREA: self.area, LEAKAGE: self.leakage, DELAY: self.delay}[unit]


@dataclass(frozen=True)
class Part:
    """`count` instances of a component of the class `prices`; its attributes are terms of the compound's."""

    name: str
    prices: str
    attributes: tuple[Named, ...] = ()
    count: Term = ONE
    scale: Scale = Scale()
    stated: Stated = AS_AROUND
    pin: str = ""
    place: Place = NOWHERE
    pin_place: Place = NOWHERE
    calibrations: tuple[Calibration, ...] = ()


@dataclass(frozen=True)
class Step:
    """An action of a part, `times` over all its instances, under arguments; one `beside` the others takes no time."""

    part: str
    action: str
    times: Term = ONE
    arguments: tuple[Named, ...] = ()
    beside: bool = False
    place: Place = NOWHERE

    @property
    def called(self) -> str:
        return f"{self.part}.{self.action}"


@dataclass(frozen=True)
class Steps:
    """What an action does; `parallel` steps start together, others follow each other."""

    steps: tuple[Step, ...]
    parallel: bool = False


class Asked(Protocol):
    """Who prices the parts."""

    def answer(self, question: Question) -> Component: ...


@dataclass(frozen=True)
class Compound(Model):
    """A model that asks for the prices of its parts; each part is priced by whichever model answers best."""

    name: str
    prices: str
    source: str
    attributes: tuple[Attribute, ...] = ()
    actions: tuple[Action, ...] = ()
    parts: tuple[Part, ...] = ()
    does: tuple[tuple[str, Steps], ...] = ()
    what: str = ""
    place: Place = NOWHERE
    asked: Asked | None = field(default=None, compare=False, repr=False)

    def check(self, given: Given) -> None:
        """Every part has a price and a count."""
        for part in self.parts:
            self._count(part, given)
            self._component(part, given)

    def energy(self, action: str, given: Given) -> Estimate:
        priced = ((step, self._priced(step, given)) for step in self._steps(action).steps)
        parts = [(self._weight(step, ENERGY, given), done.energy.named(step.called)) for step, done in priced]
        return total(f"{self.name}.{action}, the sum of its parts", parts, ENERGY, self.source)

    def delay(self, action: str, given: Given) -> Estimate:
        does = self._steps(action)
        steps = [step for step in does.steps if not step.beside]
        if not steps:
            raise CannotPrice(f"no step of `{action}` takes time")
        if does.parallel:
            once = [(self._scale(step.part, DELAY, given), self._delay(step, given)) for step in steps]
            longest = max(once, key=lambda part: part[0] * part[1].value)
            return total(f"{self.name}.{action}, its longest step", [longest], DELAY, self.source)
        parts = [(self._weight(step, DELAY, given), self._delay(step, given)) for step in steps]
        return total(f"{self.name}.{action}, its steps one after the other", parts, DELAY, self.source)

    def area(self, given: Given) -> Estimate:
        return self._sum("area", AREA, given)

    def leakage(self, given: Given) -> Estimate:
        return self._sum("leakage", LEAKAGE, given)

    # parts

    def _sum(self, what: str, unit: str, given: Given) -> Estimate:
        parts = [
            (self._count(part, given) * self._scale(part.name, unit, given), self._amount(part, what, given))
            for part in self.parts
        ]
        return total(f"{what} of {self.name}, the sum of its parts", parts, unit, self.source)

    def _amount(self, part: Part, what: str, given: Given) -> Estimate:
        component = self._component(part, given)
        amount = component.area if what == "area" else component.leakage
        if amount is None:
            raise CannotPrice(f"its part `{part.name}` has no {what}: {dict(component.unpriced)[what]}")
        return amount.named(part.name)

    def _count(self, part: Part, given: Given) -> int:
        with _of(f"`count` of its part `{part.name}`"):
            return term.count(part.count, given.values)

    def _scale(self, part: str, unit: str, given: Given) -> float:
        with _of(f"`scale` of its part `{part}`"):
            return float(term.times(self._part(part).scale.of(unit), given.values))

    def _part(self, name: str) -> Part:
        return next(part for part in self.parts if part.name == name)

    def _component(self, part: Part, given: Given) -> Component:
        written = tuple(_written(part.attributes, given, f"of its part `{part.name}`"))
        technology = part.stated.over(given.stated)
        places = part.place, part.pin_place
        question = Question(part.prices, written, (), technology, part.pin, part.name, *places, part.calibrations)
        assert self.asked is not None  # whoever reads a compound says who prices its parts
        try:
            return self.asked.answer(question)
        except Unpriced as refusal:
            first = refusal.mistakes[0]
            raise CannotPrice(f"its part `{part.name}`: {first.message}", first.mend) from None

    # steps

    def _steps(self, action: str) -> Steps:
        return dict(self.does)[action]

    def _weight(self, step: Step, unit: str, given: Given) -> float:
        with _of(f"`times` of `{step.called}`"):
            times = float(term.times(step.times, given.values))
        if times and not self._count(self._part(step.part), given):
            raise CannotPrice(
                f"`{step.called}` takes place, and there are 0 of `{step.part}`", "make its `times` 0, too"
            )
        return times * self._scale(step.part, unit, given)

    def _delay(self, step: Step, given: Given) -> Estimate:
        delay = self._priced(step, given).delay
        if delay is None:
            raise CannotPrice(f"no delay is known of `{step.called}`")
        return delay.named(step.called)

    def _priced(self, step: Step, given: Given) -> PricedAction:
        """The action of the part. Raises CannotPrice, and SpecError at the step for an action the part has not."""
        arguments = {each.name: each.value for each in _written(step.arguments, given, f"of `{step.called}`")}
        component = self._component(self._part(step.part), given)
        try:
            return component.answered(step.action, arguments)
        except CannotPrice as refusal:
            raise CannotPrice(f"`{step.called}`: {refusal.reason}", refusal.mend) from None
        except SpecError as error:
            raise SpecError([replace(mistake, place=step.place) for mistake in error.mistakes]) from None


def _written(terms: tuple[Named, ...], given: Given, where: str) -> Iterator[Written]:
    """Terms as a user would write their values."""
    for each in terms:
        with _of(f"`{each.name}` {where}"):
            yield Written(each.name, term.as_written(term.worth(each.term, given.values)), each.place)


@contextmanager
def _of(what: str) -> Iterator[None]:
    """A term that has no value for these attributes is why there is no price."""
    try:
        yield
    except Misread as wrong:
        raise CannotPrice(f"{what}: {wrong.message}", wrong.mend) from None


def contained(prices: str, compounds: Callable[[str], Iterable[Model]]) -> None:
    """Raises SpecError if a class of components contains itself, directly or in a part of a part."""
    _contained((prices,), compounds, set())


def _contained(path: tuple[str, ...], models: Callable[[str], Iterable[Model]], sound: set[str]) -> None:
    for model in models(path[-1]):
        for part in model.parts if isinstance(model, Compound) else ():
            if part.prices in path:
                chain = " > ".join((*path[path.index(part.prices) :], part.prices))
                message = f"`{part.prices}` contains itself: {chain}"
                raise SpecError(Mistake(part.place, message, "make one of these parts of another class"))
            if part.prices not in sound:
                _contained((*path, part.prices), models, sound)
    sound.add(path[-1])
