"""AccelForge's files -> their top-level sections in one reader, templates expanded."""

from __future__ import annotations

from collections.abc import Sequence

from polymap import spec
from polymap.errors import Mistake, Place
from polymap.frontends.accelforge.template import Settings, expanded, is_template
from polymap.frontends.aside import LeftOut
from polymap.frontends.sections import once, sections_of
from polymap.quantity import shown
from polymap.spec import Field

SKIPPED = {
    "mapper": "steers the search, not the model",
    "mapping": "mappings are not converted: search the converted files with `--conventions accelforge`",
    "config": "settings of that tool",
    "model": "settings of that tool",
}


def sections(files: Sequence[str], settings: Settings, mistakes: spec.Mistakes, left_out: LeftOut) -> tuple[Field, ...]:
    """The sections of all files, each once, without those that are skipped. Mistakes are noted."""
    unused = [set(settings)]
    found = once((field for file in files for field in _top(file, settings, unused, mistakes)), mistakes)
    for name in sorted(set.intersection(*unused)) if not mistakes.found else ():
        mistakes.note(Mistake(Place(files[0]), f"no template speaks of {shown(name)}", "leave it out of --set"))
    for section in (section for section in found if section.key in SKIPPED):
        left_out.tell(section.place, section.key, SKIPPED[section.key])
    return tuple(section for section in found if section.key not in SKIPPED)


def _top(file: str, settings: Settings, unused: list[set[str]], mistakes: spec.Mistakes) -> tuple[Field, ...]:
    with mistakes.noting():
        text, name = spec.text_of(file), file
        if is_template(text):
            text, rest = expanded(text, file, settings)
            name = f"{file}, expanded"
            unused.append(set(rest))
        return sections_of(spec.parse(text, name, mistakes.note, merges=True, tagged=True), mistakes, "arch")
    return ()
