"""Other tools' files whose top-level keys are sections: each section once, what is wrong with a file noted."""

from __future__ import annotations

from collections.abc import Iterable

from polymap import spec
from polymap.errors import Mistake
from polymap.quantity import shown
from polymap.spec import Field, Fields, Located


def sections_of(tree: Located, mistakes: spec.Mistakes, example: str) -> tuple[Field, ...]:
    """The sections of one file. A file that has none is a mistake."""
    if isinstance(tree, Fields):
        return tree.fields
    mistakes.note(Mistake(tree.place, "the file holds no sections", f"it has keys such as `{example}:`"))
    return ()


def once(sections: Iterable[Field], mistakes: spec.Mistakes) -> tuple[Field, ...]:
    """The sections of all files; one in two files is a mistake."""
    found: dict[str, Field] = {}
    for section in sections:
        first = found.setdefault(section.key, section)
        if first is not section:
            text = f"the section {shown(section.key)} is given twice, first in {first.place.file}"
            mistakes.note(Mistake(section.place, text, "name one of the two files"))
    return tuple(found.values())
