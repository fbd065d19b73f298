"""What is said when a command fails: text on standard error and, with `--json`, one document on standard output."""

from __future__ import annotations

import json
import os
import traceback
from dataclasses import dataclass, replace

from polymap.cli.cut import cut
from polymap.cli.output import say, warn
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
INTERRUPTED = "interrupted"
LONGEST_MEND = 2000  # lists of names are long, and meant to be read
TRACEBACK = "POLYMAP_TRACEBACK"


@dataclass(frozen=True)
class Failure:
    """Why a command ended without an answer; `status` is what the document calls it, by default after the exit
    code."""

    exit_code: int
    mistakes: tuple[Mistake, ...]
    status: str = ""

    def tell(self, as_json: bool) -> None:
        for mistake in self.mistakes:
            warn(f"{_kind(self.exit_code)}: {_cut(mistake)}")
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
            for mistake in map(_cut, self.mistakes)
        ]
        status = self.status or STATUS[self.exit_code]
        return {"schema": SCHEMA, "status": status, "exit_code": self.exit_code, "errors": errors}


def _cut(mistake: Mistake) -> Mistake:
    return replace(mistake, message=cut(mistake.message), mend=cut(mistake.mend, LONGEST_MEND))


def refusal(error: PolymapError) -> Failure:
    """The input, or what was asked of it, is the cause."""
    return Failure(error.exit_code, error.mistakes)


def interruption() -> Failure:
    """Ctrl-C came before there was anything to tell."""
    mend = "run again, or give `polymap optimize` a --time-limit to keep the best so far"
    return Failure(UNSOLVED, (Mistake(NOWHERE, "interrupted before there was an answer", mend),), INTERRUPTED)


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
