"""The command line: one module per verb."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run `polymap` with `argv` (default: the process's arguments) and return its exit code."""
    from polymap.cli.program import run

    return run(argv)
