"""A registry that remembers what it was asked: which components a machine has, and who could price them."""

from __future__ import annotations

from dataclasses import dataclass

from polymap.components.component import Component
from polymap.components.question import Question
from polymap.components.registry import Registry
from polymap.components.selection import Candidate
from polymap.errors import SpecError


@dataclass(frozen=True)
class Asked:
    """A question, its answer if it has one, and everybody who was asked, the best first."""

    question: Question
    component: Component | None
    candidates: tuple[Candidate, ...]


class Listening(Registry):
    """Answers as another registry does; what the parts of compounds cost is that one's business."""

    def __init__(self, inner: Registry) -> None:
        self.inner, self.heard = inner, list[tuple[Question, Component | None]]()
        super().__init__((), inner.folders)

    def answer(self, question: Question) -> Component:
        try:
            found = self.inner.answer(question)
        except SpecError:
            self.heard.append((question, None))
            raise
        self.heard.append((question, found))
        return found

    def beside(self, folder: str) -> Registry:
        self.inner = self.inner.beside(folder)
        return self

    def asked(self) -> tuple[Asked, ...]:
        """All questions that are understood, in their order."""
        each = ((question, found, self._candidates(question)) for question, found in self.heard)
        return tuple(Asked(*asked) for asked in each if asked[2])

    def _candidates(self, question: Question) -> tuple[Candidate, ...]:
        try:
            return self.inner.candidates(question)
        except SpecError:
            return ()
