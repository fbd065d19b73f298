"""The text of a mapping in a language."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from polymap.architecture import Architecture
from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.mapping import Mapping
from polymap.mapping.legality import STRUCTURE, check
from polymap.quantity import near
from polymap.report.code import c, mlir, python, refusals
from polymap.report.code.build import plan, program
from polymap.report.code.program import Program
from polymap.version import __version__
from polymap.workload import Einsum

PRINTERS: dict[str, Callable[[Program], str]] = {"c": c.text, "python": python.text}
MLIR = "mlir"
LANGUAGES = (*PRINTERS, MLIR)


CONDUCT = (
    "Instances of an array move in step: their loops stand inside those that run in time, around what each does.",
    "A tile of extent E keeps an element at its index modulo E, so that what stays needs no move.",
)


def code(einsum: Einsum, architecture: Architecture, mapping: Mapping, language: str, counted: bool = False) -> str:
    """The source text of a function that runs a mapping, called like the einsum; of a transform script in MLIR.

    Its arguments are the tensors in the einsum's order; it writes the output. With `counted` it counts reads, fills and
    updates of every memory while it runs; they equal what `polymap.evaluate` says under the conventions `polymap`.
    Raises `SpecError` for an unknown language, `IllegalMapping`, and `PolymapError` with every reason why no such code
    is generated.
    """
    chosen = known(language)
    check(einsum, architecture, mapping, STRUCTURE)
    if chosen == MLIR:
        return _script(einsum, architecture, mapping, counted)
    refusals.check_domain(einsum)
    planned = plan(einsum, architecture, mapping, counted)
    refusals.check(planned, architecture, mapping)
    heading = (*_heading(einsum, architecture, mapping), *CONDUCT)
    return PRINTERS[chosen](program(planned, heading))


def _script(einsum: Einsum, architecture: Architecture, mapping: Mapping, counted: bool) -> str:
    if counted:
        mend = "leave the counting out, or generate c or python"
        raise SpecError(Mistake(NOWHERE, "a transform script moves nothing that could be counted", mend))
    return mlir.text(einsum, mapping, tuple(_heading(einsum, architecture, mapping)))


def known(language: str) -> str:
    """The language, if code is generated in it. Raises `SpecError`."""
    if language in LANGUAGES:
        return language
    guess = near(language, LANGUAGES)
    mend = f"did you mean {guess}? " if guess else ""
    raise SpecError(Mistake(NOWHERE, f"no code is generated in '{language}'", f"{mend}use {', '.join(LANGUAGES)}"))


def _heading(einsum: Einsum, architecture: Architecture, mapping: Mapping) -> Iterator[str]:
    yield f"{einsum.name}: {einsum.text}" if einsum.text else einsum.name
    yield f"as this mapping on {architecture.name} runs it (polymap {__version__}):"
    yield ""
    yield from (f"    {line}" for line in mapping.text().splitlines())
    yield ""
