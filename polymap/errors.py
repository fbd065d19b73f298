"""What goes wrong, where, and how to mend it.

Every error a user can cause derives from `PolymapError` and carries the exit code of the command line.
A `Mistake` is one finding; errors that come from reading collect all of them before they are raised.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, order=True)
class Place:
    """Where a value stands: file, line and column (1-based, 0 if unknown) and its key path, e.g.
    `hierarchy[2].capacity`."""

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        position = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{position} ({self.path})" if position and self.path else position or self.path


NOWHERE = Place()


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing that is wrong: where, what, and how to mend it."""

    place: Place
    message: str
    mend: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: " if str(self.place) else ""
        mend = f"\n    mend: {self.mend}" if self.mend else ""
        return f"{where}{self.message}{mend}"


class PolymapError(Exception):
    """Base of all errors a user can cause; `mistakes` holds every finding, `exit_code` is the command line's."""

    exit_code: ClassVar[int] = 1

    def __init__(self, mistakes: Iterable[Mistake] | Mistake | str) -> None:
        if isinstance(mistakes, str):
            mistakes = Mistake(NOWHERE, mistakes)
        self.mistakes = (mistakes,) if isinstance(mistakes, Mistake) else tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class SpecError(PolymapError):
    """A file, an einsum or an argument cannot be understood."""


class IllegalMapping(PolymapError):
    """A mapping breaks legality rules for this workload on this architecture."""


class Infeasible(PolymapError):
    """No legal mapping exists; the mistakes name the limits that clash."""

    exit_code = 3


class Unsolved(PolymapError):
    """The search stopped at a limit before it found any mapping."""

    exit_code = 5
