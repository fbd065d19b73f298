"""Who answers a question: the pinned model, else of those with an answer the one with the smallest stated error.

The rule, in this order: the user's pin; the range that a model says it is valid in; the smallest standard deviation
that it states; its name. In what order models are registered does not matter, and a model that breaks is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from polymap.components.calibration import calibrated
from polymap.components.component import Component, price
from polymap.components.model import CannotPrice, Model
from polymap.components.question import Fit, ModelFailed, Question, Written, fit
from polymap.errors import Mistake, SpecError
from polymap.quantity import choose, shown


class Unpriced(SpecError):
    """What is asked for is understood, and no model covers it."""


@dataclass(frozen=True)
class Candidate:
    """A model that prices the class: the component as it prices it, or why it has no answer; `failed` if it broke."""

    model: Model
    component: Component | None
    reason: str = ""
    mend: str = ""
    failed: bool = False


def candidates(models: Sequence[Model], question: Question) -> tuple[Candidate, ...]:
    """All models of the class, the best first, then those without an answer by name. The pin plays no part.

    Raises SpecError for attributes that no model knows or can read.
    """
    _check_attributes(models, question)
    return tuple(sorted((_candidate(model, question) for model in models), key=_rank))


def _candidate(model: Model, question: Question) -> Candidate:
    try:
        return Candidate(model, price(model, question))
    except CannotPrice as refusal:
        return Candidate(model, None, refusal.reason, refusal.mend)
    except ModelFailed as failure:
        return Candidate(model, None, str(failure), failure.mend, failed=True)


def _rank(candidate: Candidate) -> tuple[bool, float, str]:
    component = candidate.component
    return component is None, component.sigma if component else 0.0, candidate.model.name


def answer(models: Sequence[Model], question: Question) -> Component:
    """The component as the chosen model prices it.

    Raises Unpriced, with the reason of every model, if none has an answer; SpecError for a pin or attributes that
    are not understood, and for a model that breaks.
    """
    asked = _pinned(models, question) if question.pin else models
    found = candidates(asked, question)
    if broken := [candidate for candidate in found if candidate.failed]:
        raise SpecError([Mistake(question.place, candidate.reason, candidate.mend) for candidate in broken])
    if not found[0].component:
        raise Unpriced(_refusal(found, question))
    return calibrated(found[0].component, question.calibrations)


def _pinned(models: Sequence[Model], question: Question) -> tuple[Model, ...]:
    found = tuple(model for model in models if model.name == question.pin)
    if not found:
        names = sorted(model.name for model in models)
        mend = choose(question.pin, names, f"models of it: {', '.join(names)}")
        message = f"no model of `{question.prices}` is called {shown(question.pin)}"
        raise SpecError(Mistake(question.pin_place, message, mend))
    return found


def _refusal(found: Sequence[Candidate], question: Question) -> Mistake:
    """Why nobody answers, model by model."""
    reasons = "; ".join(f"`{each.model.name}`: {each.reason}" for each in found)
    mends = dict.fromkeys(each.mend for each in found if each.mend)
    of = f"`{question.called}` ({question.prices})" if question.name else f"`{question.prices}`"
    return Mistake(question.place, f"no model can price {of}: {reasons}", "; or ".join(mends))


def _check_attributes(models: Sequence[Model], question: Question) -> None:
    """Raises SpecError for written attributes that no model knows, or that all that know them misread."""
    try:
        fits = [fit(model, question) for model in models]
    except ModelFailed:
        return  # its own candidate tells of it
    mistakes = [mistake for written in question.written for mistake in _wrong_with(written, models, fits)]
    if mistakes:
        raise SpecError(mistakes)


def _wrong_with(written: Written, models: Sequence[Model], fits: Sequence[Fit]) -> Iterator[Mistake]:
    knowing = [each for each in fits if written.name not in each.unknown]
    if not knowing:
        names = sorted({attribute.name for model in models for attribute in model.attributes})
        mend = choose(written.name, names, f"it has: {', '.join(names)}" if names else "it has none")
        by = f", as `{models[0].name}` prices it" if len(models) == 1 else ""
        message = f"{shown(written.name)} is not an attribute of `{models[0].prices}`{by}"
        yield Mistake(written.place, message, mend)
        return
    misread = [dict(each.misread)[written.name] for each in knowing if written.name in dict(each.misread)]
    if len(misread) == len(knowing):
        yield Mistake(written.place, misread[0].message, misread[0].mend)
