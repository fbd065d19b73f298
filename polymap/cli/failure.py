"""What is said when a command fails: text on standard error and, with `--json`, one document on standard output."""

from __future__ import annotations

import json
import os
import sys
import traceback
from dataclasses import dataclass

from polymap.cli.output import say
from polymap.errors import NOWHERE, Mistake, PolymapError

SCHEMA = "polymap.error/1"
BAD_INPUT, INTERNAL, INFEASIBLE, STOPPED, UNSOLVED = 1, 2, 3, 4, 5
PIPE_CLOSED = 141  # what shells report for a command ended by SIGPIPE
STATUS = {
    BAD_INPUT: "bad input",
    INTERNAL: "internal error",
    INFEASIBLE: "infeasible",
    UNSOLVED: "unknown",
}
TRACEBACK = "POLYMAP_TRACEBACK"


@dataclass(frozen=True)
class Failure:
    """Why a command ended without an answer."""

    exit_code: int
    mistakes: tuple[Mistake, ...]

    def tell(self, as_json: bool) -> None:
        for mistake in self.mistakes:
            print(f"{_kind(self.exit_code)}: {mistake}", file=sys.stderr)
        if as_json:
            say(json.dumps(self.document(), indent=2))

    def document(self) -> dict[str, object]:
        """The document `polymap.error/1`; line and column are 1-based, 0 if unknown."""
        errors = [
            {
                "file": mistake.place.file,
                "line": mistake.place.line,
                "column": mistake.place.column,
                "path": mistake.place.path,
                "message": mistake.message,
                "mend": mistake.mend,
            }
            for mistake in self.mistakes
        ]
        return {"schema": SCHEMA, "status": STATUS[self.exit_code], "exit_code": self.exit_code, "errors": errors}


def refusal(error: PolymapError) -> Failure:
    """The input, or what was asked of it, is the cause."""
    return Failure(error.exit_code, error.mistakes)


def interruption() -> Failure:
    return Failure(UNSOLVED, (Mistake(NOWHERE, "interrupted before there was an answer"),))


def defect(error: Exception) -> Failure:
    """polymap itself is the cause; the traceback is shown on request."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(type(error), error, error.__traceback__)
    text = " ".join(str(error).split())
    message = f"{type(error).__name__}: {text}" if text else type(error).__name__
    mend = f"this is a defect in polymap, please report it with the inputs; {TRACEBACK}=1 shows where it happened"
    return Failure(INTERNAL, (Mistake(NOWHERE, message, mend),))


def _kind(exit_code: int) -> str:
    return {INFEASIBLE: "infeasible", UNSOLVED: "stopped", INTERNAL: "internal error"}.get(exit_code, "error")
