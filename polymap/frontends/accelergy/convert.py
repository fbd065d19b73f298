"""Accelergy's files -> files in polymap's formats; nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from polymap import spec
from polymap.errors import Place
from polymap.frontends.accelergy import tables
from polymap.frontends.accelergy.compounds import compounds
from polymap.frontends.aside import LeftOut
from polymap.frontends.sections import once, sections_of
from polymap.spec import Field, Fields, Items, Located

COMPOUNDS = "compound_components"
SECTIONS = (COMPOUNDS, "ERT", "ART")
# Sections that say the same once more, or are read by other tools.
SKIPPED = {
    "ERT_summary": "repeats the ERT",
    "ART_summary": "repeats the ART",
    "variables": "is read by that tool's front end",
    "primitive_components": "lists classes; models of polymap state their own attributes",
}
TABLE = "components.csv"


@dataclass(frozen=True)
class Converted:
    """Files by name, as text, and what was left out, with place and reason."""

    texts: dict[str, str]
    left_out: tuple[str, ...]

    def files(self) -> dict[str, str]:
        return dict(self.texts)


def convert(files: Sequence[str]) -> Converted:
    """Compounds become a file each, ERT and ART a table. Raises SpecError with every mistake and its place."""
    mistakes, readers = spec.Mistakes(), list[spec.Reader]()
    sections = [field for file in files for field in _sections(file, mistakes)]
    mistakes.check()
    left_out = LeftOut()
    for section in sections:
        if section.key in SKIPPED:
            left_out.tell(section.place, section.key, SKIPPED[section.key])
    wanted = once((field for field in _joined(sections) if field.key not in SKIPPED), mistakes)
    top = spec.Reader(Fields(wanted, Place(files[0])), Place(files[0]), mistakes, readers, "")
    found = _converted(top, left_out)
    for reader in readers:
        reader.report_unknown_keys()
    mistakes.check()
    _check_readable(found[0])
    return Converted(found[1], left_out.lines())


def _converted(top: spec.Reader, left_out: LeftOut) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    section = top.child(COMPOUNDS)
    section.text("version")
    made = compounds(section.children("classes"), left_out) if section.is_there else {}
    listed = tables.components(top, left_out)
    texts = {f"{name}.yaml": spec.dump(data) for name, data in made.items()}
    return made, {**texts, TABLE: tables.text(listed)} if listed else texts


def _sections(file: str, mistakes: spec.Mistakes) -> tuple[Field, ...]:
    with mistakes.noting():
        return sections_of(spec.parse(spec.text_of(file), file, mistakes.note, merges=True), mistakes, COMPOUNDS)
    return ()


def _joined(sections: Sequence[Field]) -> list[Field]:
    """Compounds of several files stand in one section: that tool reads them all."""
    several = [field for field in sections if field.key == COMPOUNDS]
    others = [field for field in sections if field.key != COMPOUNDS]
    if not several:
        return others
    classes = tuple(item for field in several for item in _classes(field.value))
    place = several[0].place
    listed = Field("classes", place, Items(classes, place))
    return [*others, Field(COMPOUNDS, place, Fields((listed,), place))]


def _classes(section: Located) -> tuple[Located, ...]:
    fields = section.fields if isinstance(section, Fields) else ()
    lists = (field.value for field in fields if field.key == "classes")
    return tuple(item for node in lists if isinstance(node, Items) for item in node.items)


def _check_readable(made: dict[str, dict[str, Any]]) -> None:
    """Raises SpecError for what polymap's own reader refuses."""
    from polymap.components.compound_read import compound

    for data in made.values():
        compound(spec.read(data, COMPOUNDS), lambda _: None, None)
