"""The command line: one module per verb.

Nothing handles Ctrl-C before `main` runs, so neither this module nor the package loads anything for it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

STOPPED_WITHOUT_AN_ANSWER = 5


def main(argv: Sequence[str] | None = None) -> int:
    """Run `polymap` with `argv` (default: the process's arguments) and return its exit code.

    Loading the program takes a while, so an interrupt in that time is told like any other.
    """
    try:
        from polymap.cli.interrupt import at_interrupt, stop

        with at_interrupt(stop):
            from polymap.cli.program import run

            return run(argv)
    except KeyboardInterrupt:
        return _interrupted(argv)


def _interrupted(argv: Sequence[str] | None) -> int:
    """Tell that nothing was done, even if whoever is impatient presses Ctrl-C once more."""
    try:
        from polymap.cli.interrupt import at_interrupt, ignore

        with at_interrupt(ignore):
            from polymap.cli.program import tell_interruption

            return tell_interruption(argv)
    except KeyboardInterrupt:
        return STOPPED_WITHOUT_AN_ANSWER
