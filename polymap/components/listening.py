"""A registry that remembers what it was asked: which components a machine has, and who could price them."""

from __future__ import annotations

from dataclasses import dataclass

from polymap.components.component import Component
from polymap.components.question import Question
from polymap.components.registry import Registry
from polymap.components.selection import Candidate


@dataclass(frozen=True)
class Asked:
    """A question, its answer, and everybody who was asked, the one that answered first unless another is pinned."""

    question: Question
    component: Component
    candidates: tuple[Candidate, ...]


class Listening(Registry):
    """Answers as another registry does; what the parts of compounds cost is that one's business."""

    def __init__(self, inner: Registry) -> None:
        self.inner, self.heard = inner, list[tuple[Question, Component]]()
        super().__init__((), inner.folders)

    def answer(self, question: Question) -> Component:
        found = self.inner.answer(question)
        self.heard.append((question, found))
        return found

    def beside(self, folder: str) -> Registry:
        self.inner = self.inner.beside(folder)
        return self

    def asked(self) -> tuple[Asked, ...]:
        """All questions that had an answer, in their order. Raises SpecError for a model that breaks."""
        return tuple(Asked(each, found, self.inner.candidates(each)) for each, found in self.heard)
