"""AccelForge's files -> their top-level sections in one reader, templates expanded."""

from __future__ import annotations

from collections.abc import Sequence

from polymap import spec
from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.accelforge.template import Settings, expanded, is_template
from polymap.frontends.aside import LeftOut
from polymap.quantity import shown
from polymap.spec import Field, Fields

SKIPPED = {
    "mapper": "steers the search, not the model",
    "mapping": "mappings are not converted: search the converted files with `--conventions accelforge`",
    "config": "settings of that tool",
    "model": "settings of that tool",
}


def sections(files: Sequence[str], settings: Settings, mistakes: spec.Mistakes, left_out: LeftOut) -> tuple[Field, ...]:
    """The sections of all files, each once, without those that are skipped. Mistakes are noted."""
    found: dict[str, Field] = {}
    unused = [set(settings)]
    for file in files:
        for field in _top(file, settings, unused, mistakes):
            if field.key in found:
                text = f"the section {shown(field.key)} is given twice, first in {found[field.key].place.file}"
                mistakes.note(Mistake(field.place, text, "name one of the two files"))
            found.setdefault(field.key, field)
    for name in sorted(set.intersection(*unused)) if not mistakes.found else ():
        mistakes.note(Mistake(Place(files[0]), f"no template speaks of {shown(name)}", "leave it out of --set"))
    for key in (key for key in found if key in SKIPPED):
        left_out.tell(found[key].place, key, SKIPPED[key])
    return tuple(field for key, field in found.items() if key not in SKIPPED)


def _top(file: str, settings: Settings, unused: list[set[str]], mistakes: spec.Mistakes) -> tuple[Field, ...]:
    try:
        text, name = spec.text_of(file), file
        if is_template(text):
            text, rest = expanded(text, file, settings)
            name = f"{file}, expanded"
            unused.append(set(rest))
        tree = spec.parse(text, name, mistakes.note, merges=True, tagged=True)
    except SpecError as error:
        for mistake in error.mistakes:
            mistakes.note(mistake)
        return ()
    return tree.fields if isinstance(tree, Fields) else ()
