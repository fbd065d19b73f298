"""All models there are: those that ship, by module and by compound file, and those of the user."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from itertools import pairwise

from polymap.components.component import Component
from polymap.components.model import Model
from polymap.components.question import Question
from polymap.components.selection import Candidate, answer, candidates
from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import near, shown

# The classes that each module of this room prices, so that a question loads no more than it needs.
SHIPPED: dict[str, tuple[str, ...]] = {
    "adc": ("adc",),
    "cells": ("cim_array",),
    "dac": ("dac",),
    "photonics": ("awg", "laser", "mrr", "mzm", "photodiode", "star_coupler", "tia"),
    "published": ("adc", "dac", "integrator", "sample_hold", "shift_add"),
}


@cache
def _models_of(module: str) -> tuple[Model, ...]:
    return tuple(import_module(f"polymap.components.{module}").MODELS)


class Registry:
    """The shipped models and `own` ones, asked by class."""

    def __init__(self, own: Iterable[Model] = ()) -> None:
        self._own = tuple(own)

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes that somebody prices."""
        shipped = {prices for classes in SHIPPED.values() for prices in classes}
        return tuple(sorted(shipped | {model.prices for model in self._own}))

    def models(self, prices: str) -> tuple[Model, ...]:
        """The models of a class, by name. Raises SpecError where two have the same name."""
        modules = [module for module, classes in SHIPPED.items() if prices in classes]
        all_models = [*(model for module in modules for model in _models_of(module)), *self._own]
        found = sorted((model for model in all_models if model.prices == prices), key=lambda model: model.name)
        _check_names(found)
        return tuple(found)

    def candidates(self, question: Question) -> tuple[Candidate, ...]:
        """Every model of the class with its price or the reason it has none, the one that would answer first.

        Raises SpecError for a class that nobody prices, and for attributes that no model knows or can read.
        """
        return candidates(self._known(question), question)

    def answer(self, question: Question) -> Component:
        """The component as the chosen model prices it (see `selection`). Raises SpecError."""
        return answer(self._known(question), question)

    def _known(self, question: Question) -> tuple[Model, ...]:
        found = self.models(question.prices)
        if not found:
            guess = near(question.prices, self.classes)
            mend = f"{f'did you mean `{guess}`? ' if guess else ''}there are: {', '.join(self.classes)}"
            raise SpecError(Mistake(question.place, f"no model prices {shown(question.prices)}", mend))
        return found


def _check_names(models: Sequence[Model]) -> None:
    for first, second in pairwise(models):
        if first.name == second.name:
            message = f"two models of `{first.prices}` are called `{first.name}`"
            raise SpecError(Mistake(Place(), f"{message}: {first.source} and {second.source}", "rename one"))
