"""What becomes of a network's operators: an einsum, or the reason why not; and every mistake in them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.forms.form import NoEinsum, Unfit
from polymap.frontends.model import Left, Operation

MOVES_DATA = "it moves or makes data and computes nothing"
SEVERAL_PASSES = "it takes several passes over its input"
BY_THE_DATA = "how often its body runs is decided by the data"
IN_TRAINING = "in training it takes several passes over its input"
UNKNOWN = "no einsum is known for it"


def named(text: str) -> frozenset[str]:
    """Operators that are listed with blanks between them."""
    return frozenset(text.split())


def reason(op: str, reasons: Mapping[str, frozenset[str]]) -> str:
    """Why an operator becomes no einsum."""
    return next((why for why, ops in reasons.items() if op in ops), UNKNOWN)


class Understood:
    """Collects what the operators of one network become, in their order."""

    def __init__(self) -> None:
        self.found: list[Operation | Left] = []
        self.mistakes: list[Mistake] = []

    @contextmanager
    def reading(self, op: str, place: Place, called: str, mend: str = "") -> Iterator[None]:
        """Around one operator: what says that it is no einsum, or cannot be understood, is kept with its place."""
        try:
            yield
        except NoEinsum as error:
            self.found.append(Left(op, str(error)))
        except Unfit as error:
            self.mistakes.append(Mistake(place, f"{called}: {error}", mend))
        except SpecError as error:
            self.mistakes += error.mistakes

    def whole(self) -> list[Operation | Left]:
        """Everything. Raises `SpecError` with every mistake."""
        if self.mistakes:
            raise SpecError(self.mistakes)
        return self.found
