"""All models there are, those that ship and those of the user, asked by class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

from polymap.components import shipped
from polymap.components.component import Component
from polymap.components.model import Model
from polymap.components.question import Question
from polymap.components.selection import Candidate, answer, candidates
from polymap.errors import NOWHERE, Mistake, Place, SpecError
from polymap.quantity import choose, shown

MOST_ANSWERS = 1024

Key: TypeAlias = "tuple[Question, str]"


class Registry:
    """The shipped models and the user's, which may ask it for the prices of their parts.

    It does not change: what it keeps are answers, and the same question has the same answer. `folders` are where the
    user's models come from, if they come from folders.
    """

    def __init__(
        self, own: Iterable[Model] | Callable[[Registry], Iterable[Model]] = (), folders: tuple[str, ...] = ()
    ) -> None:
        self.folders = folders
        self._answers: dict[Key, Component] = {}
        self._models: dict[str, tuple[Model, ...]] = {}
        self._own = tuple(own(self) if callable(own) else own)

    def __getstate__(self) -> dict[str, object]:
        """What it is, without the answers that it keeps."""
        return {**vars(self), "_answers": {}, "_models": {}}

    def beside(self, folder: str) -> Registry:
        """The models of a folder beside those of the folders that are there."""
        from polymap.components.plugins import registry

        return registry(*self.folders, folder)

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes that somebody prices."""
        return tuple(sorted({*shipped.classes(), *(model.prices for model in self._own)}))

    def models(self, prices: str) -> tuple[Model, ...]:
        """The models of a class, by name. Raises SpecError where two have the same name."""
        if prices not in self._models:
            own = (model for model in self._own if model.prices == prices)
            found = sorted((*shipped.primitives(prices), *self._compounds(prices), *own), key=lambda model: model.name)
            _check_names(found)
            self._models[prices] = tuple(found)
        return self._models[prices]

    def candidates(self, question: Question) -> tuple[Candidate, ...]:
        """Every model of the class with its price or the reason it has none, the one that would answer first.

        Raises SpecError for a class that nobody prices, and for attributes that no model knows or can read.
        """
        return candidates(self._asked(question), question)

    def answer(self, question: Question) -> Component:
        """The component as the chosen model prices it (see `selection`). Raises SpecError."""
        key = (question, str([written.value for written in question.written]))  # 1 is not `true`
        try:
            known = self._answers.get(key)
        except TypeError:  # an attribute that is a mapping
            return answer(self._asked(question), question)
        return known or self._kept(key)

    def _kept(self, key: Key) -> Component:
        if len(self._answers) >= MOST_ANSWERS:
            self._answers.clear()
        found = self._answers[key] = answer(self._asked(key[0]), key[0])
        return found

    def _compounds(self, prices: str) -> tuple[Model, ...]:
        tree = shipped.compound_file(prices)
        if tree is None:
            return ()
        from polymap.components.compound_read import compound

        return (compound(tree, shipped.compound_file, self),)

    def known(self, prices: str, place: Place = NOWHERE) -> tuple[Model, ...]:
        """The models of a class. Raises SpecError, with near names, for one that nobody prices."""
        if found := self.models(prices):
            return found
        mend = choose(prices, self.classes, f"there are: {', '.join(self.classes)}")
        raise SpecError(Mistake(place, f"no model prices {shown(prices)}", mend))

    def _asked(self, question: Question) -> tuple[Model, ...]:
        found = self.known(question.prices, question.place)
        if self._own or shipped.compound_file(question.prices):
            from polymap.components.compound import contained

            contained(question.prices, self.models)
        return found


def _check_names(models: Sequence[Model]) -> None:
    for first, second in pairwise(models):
        if first.name == second.name:
            message = f"two models of `{first.prices}` are called `{first.name}`"
            raise SpecError(Mistake(Place(), f"{message}: {first.source} and {second.source}", "rename one"))
