"""Timeloop files -> their sections, found by top-level keys, in one reader that notes mistakes with their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from polymap import spec
from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.timeloop import ignored
from polymap.frontends.timeloop.aside import LeftOut
from polymap.quantity import shown
from polymap.spec import Field, Fields, Items, Located, Scalar

REQUIRED = ("architecture", "problem", "mapping")


@dataclass(frozen=True)
class Sections:
    """What the files hold: a reader whose keys are the sections, and what is left out, with its reason.

    `check` raises every mistake noted so far; what is built after it needs no stand-ins for missing values.
    """

    top: spec.Reader
    left_out: LeftOut
    check: Callable[[], None]


@contextmanager
def reading(files: Sequence[str]) -> Iterator[Sections]:
    """Read all files. Leaving the block raises one `SpecError` with every mistake noted in it."""
    mistakes, readers = spec.Mistakes(), list[spec.Reader]()
    fields = _fields(files, mistakes)
    # Of a file that does not parse, nothing is known: its sections are not missing.
    mistakes.check()
    skipped = [field for field in fields if field.key in ignored.SECTIONS]
    left_out = LeftOut()
    for field in skipped:
        left_out.tell(field.place, field.key, ignored.SECTIONS[field.key])
    place = Place(files[0] if len(files) == 1 else "")
    wanted = tuple(field for field in fields if field not in skipped)
    top = spec.Reader(Fields(wanted, place), place, mistakes, readers, "")
    for key in REQUIRED:
        if not top.has(key):
            top.wrong(f"there is no section `{key}` in {', '.join(files)}", f"name the file that has `{key}:`, too")
    mistakes.check()

    def check() -> None:
        for reader in readers:
            reader.report_unknown_keys()
        mistakes.check()

    yield Sections(top, left_out, check)
    check()


def _fields(files: Sequence[str], mistakes: spec.Mistakes) -> tuple[Field, ...]:
    """The top-level keys of all files; a section in two files is a mistake."""
    found: dict[str, Field] = {}
    for file in files:
        for field in _top(file, mistakes):
            if field.key in found:
                first = found[field.key].place
                text = f"the section {shown(field.key)} is given twice, first in {first.file}"
                mistakes.note(Mistake(field.place, text, "name one of the two files"))
            found.setdefault(field.key, field)
    return tuple(found.values())


def _top(file: str, mistakes: spec.Mistakes) -> tuple[Field, ...]:
    try:
        tree = without_nulls(spec.parse(spec.text_of(file), file, mistakes.note))
    except SpecError as error:
        for mistake in error.mistakes:
            mistakes.note(mistake)
        return ()
    if not isinstance(tree, Fields):
        mistakes.note(Mistake(tree.place, "the file holds no sections", "it has keys such as `architecture:`"))
        return ()
    return tuple(field for field in tree.fields if not _is_empty(field))


def _is_empty(field: Field) -> bool:
    return isinstance(field.value, Items) and not field.value.items


def without_nulls(node: Located) -> Located:
    """The tree without names that have no value: to that tool they are absent. A slip of commas is no name."""
    if isinstance(node, Items):
        return Items(tuple(without_nulls(item) for item in node.items), node.place)
    if not isinstance(node, Fields):
        return node
    given = (field for field in node.fields if not _is_absent(field))
    return Fields(tuple(Field(f.key, f.place, without_nulls(f.value)) for f in given), node.place)


def _is_absent(field: Field) -> bool:
    return field.key.replace("-", "_").isidentifier() and isinstance(field.value, Scalar) and field.value.value is None
