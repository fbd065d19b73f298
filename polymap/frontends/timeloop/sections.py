"""Timeloop files -> their sections, found by top-level keys, in one reader that notes mistakes with their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from polymap import spec
from polymap.errors import Place
from polymap.frontends.aside import LeftOut
from polymap.frontends.sections import once, sections_of
from polymap.frontends.timeloop import environment, ignored, nodes, targets
from polymap.spec import Field, Fields, Items, Located, Scalar

REQUIRED = ("architecture", "problem")
# With one of these, the files describe a search, which needs no mapping.
SEARCHED = ("mapper", *targets.SECTIONS)
OTHERS = (*SEARCHED, *ignored.SECTIONS)


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
    fields = once((field for file in files for field in _top(file, mistakes)), mistakes)
    # Of a file that does not parse, nothing is known: its sections are not missing.
    mistakes.check()
    left_out = LeftOut()
    fields = nodes.processed(fields, mistakes, left_out)
    mistakes.check()
    skipped = [field for field in fields if field.key in ignored.SECTIONS]
    for field in skipped:
        left_out.tell(field.place, field.key, ignored.SECTIONS[field.key])
        if field.key == "globals":
            environment.check(field.value, left_out, mistakes)
    place = Place(files[0] if len(files) == 1 else "")
    wanted = tuple(field for field in fields if field not in skipped)
    top = spec.Reader(Fields(wanted, place), place, mistakes, readers, "")
    is_searched = any(field.key in SEARCHED for field in fields)
    # Asking makes a section known, so that `check` may be called before all of them are read.
    given = [key for key in (*REQUIRED, "mapping", *targets.SECTIONS) if top.has(key)]
    for key in REQUIRED if is_searched else (*REQUIRED, "mapping"):
        if key not in given:
            top.wrong(f"there is no section `{key}` in {', '.join(files)}", f"name the file that has `{key}:`, too")
    mistakes.check()

    def check() -> None:
        for reader in readers:
            reader.report_unknown_keys()
        mistakes.check()

    yield Sections(top, left_out, check)
    check()


def _top(file: str, mistakes: spec.Mistakes) -> tuple[Field, ...]:
    with mistakes.noting():
        tree = tidied(spec.parse(spec.text_of(file), file, mistakes.note, merges=True, tagged=True))
        return tuple(field for field in sections_of(tree, mistakes, "architecture") if not _is_empty(field))
    return ()


def _is_empty(field: Field) -> bool:
    return isinstance(field.value, Items) and not field.value.items


def tidied(node: Located) -> Located:
    """The tree without names that have no value, as they are absent to that tool, and with its newer spellings.

    A slip of commas is no name.
    """
    if isinstance(node, Items):
        return Items(tuple(tidied(item) for item in node.items), node.place)
    if not isinstance(node, Fields):
        return node
    given = (field for field in node.fields if not _is_absent(field))
    return Fields(tuple(Field(_newer(f.key), f.place, tidied(f.value)) for f in given), node.place)


def _newer(key: str) -> str:
    """Older files write the names of two words and more with hyphens."""
    underscored = key.replace("-", "_")
    return underscored if underscored in ignored.ONCE_HYPHENATED else key


def _is_absent(field: Field) -> bool:
    return field.key.replace("-", "_").isidentifier() and isinstance(field.value, Scalar) and field.value.value is None
