"""YAML text -> located tree. The only module that imports yaml.

The tree is built from parser events, not by yaml's own composer, so that depth, size, aliases, tags and duplicate keys
are guarded before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import shown
from polymap.spec.located import (
    DEEPEST,
    MOST_NODES,
    TAG,
    Field,
    Fields,
    Items,
    Located,
    Note,
    Scalar,
    described,
    key_path,
    plain_value,
)

MERGE = "<<"
_MERGED = "write `<<: *ANCHOR`, or a list of these"
_OWN_TAG = re.compile(r"![A-Za-z]\w{0,59}")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compose(text: str, file: str, note: Note, merges: bool = False, tagged: bool = False) -> Located:
    """The located tree of one YAML document; `note` receives duplicate keys. `merges`: merge keys are put in place.

    `tagged`: a mapping may have a tag such as `!Memory`, whose name becomes its value of the key `TAG`.

    Raises SpecError for syntax errors and for what is refused: tags, several or no documents, bombs.
    """
    try:
        return _Composer(text, file, note, merges, tagged).document()
    except yaml.MarkedYAMLError as error:
        raise SpecError(_syntax_mistake(error, text, file)) from None
    except (yaml.YAMLError, ValueError) as error:
        raise SpecError(
            Mistake(Place(file), f"not YAML: {shown(error)}", "save the file as plain UTF-8 text")
        ) from None


def dump(data: object) -> str:
    """Plain Python data as YAML text, keys in their own order."""
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120))


def _syntax_mistake(error: yaml.MarkedYAMLError, text: str, file: str) -> Mistake:
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    problem = " ".join(part for part in (error.problem, error.context) if part)
    if "nesting depth" in problem:  # newer parsers have a limit of their own
        return Mistake(place, f"the document is nested more than {DEEPEST} deep", "flatten it")
    line = text.split("\n")[mark.line : mark.line + 1] if mark else []
    tabs = any("\t" in part[: len(part) - len(part.lstrip())] for part in line)
    mend = "indent with spaces, not tabs" if tabs else "check indentation, colons, quotes and brackets here and above"
    return Mistake(place, f"not YAML: {problem}", mend)


class _Composer:
    """Builds one document's tree from the parser's events."""

    def __init__(self, text: str, file: str, note: Note, merges: bool, tagged: bool) -> None:
        self.file, self.note, self.merges, self.tagged = file, note, merges, tagged
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))
        self.anchors: dict[str, tuple[Located | None, int]] = {}
        self.nodes = 0

    def document(self) -> Located:
        starts = (yaml.StreamStartEvent, yaml.DocumentStartEvent)
        event = next(event for event in self.events if not isinstance(event, starts))
        if isinstance(event, yaml.StreamEndEvent):
            raise self.refusal(event, "", "the document is empty", "write the keys, beginning with `polymap:`")
        root = self.node(event, "", 0)
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise self.refusal(event, "", "a second document begins here", "put each document in a file of its own")
        return root

    def place(self, event: Any, path: str) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1, path)

    def refusal(self, event: Any, path: str, message: str, mend: str) -> SpecError:
        return SpecError(Mistake(self.place(event, path[:120]), message, mend))

    def node(self, event: Any, path: str, depth: int) -> Located:
        if depth > DEEPEST:
            raise self.refusal(event, path, f"the document is nested more than {DEEPEST} deep", "flatten it")
        self.grow(event, path, 1)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, path)
        if event.tag not in (None, "!") and not self.is_named(event):
            raise self.refusal(event, path, f"the tag {shown(event.tag)} is not read", "remove the tag")
        return self.anchored(event, path, depth)

    def is_named(self, event: Any) -> bool:
        """Whether the tag is a name that a tool gives to kinds of mappings; it makes nothing."""
        is_own = bool(_OWN_TAG.fullmatch(event.tag))
        return self.tagged and is_own and isinstance(event, yaml.MappingStartEvent)

    def grow(self, event: Any, path: str, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            message = f"the document has more than {MOST_NODES} values, aliases written out"
            raise self.refusal(event, path, message, "split it, or remove aliases of aliases")

    def anchored(self, event: Any, path: str, depth: int) -> Located:
        before = self.nodes
        if event.anchor:
            self.anchors[event.anchor] = (None, 0)
        node = self.content(event, path, depth)
        if event.anchor:
            self.anchors[event.anchor] = (node, self.nodes - before)
        return node

    def alias(self, event: Any, path: str) -> Located:
        """The anchored tree itself: its places are those of the anchor. It is counted as if written out."""
        node, size = self.anchors.get(event.anchor, (None, -1))
        if node is None:
            what = "stands inside its own anchor" if size == 0 else "has no anchor before it"
            raise self.refusal(event, path, f"the alias {shown('*' + event.anchor)} {what}", "write the value out")
        self.grow(event, path, size)
        return node

    def content(self, event: Any, path: str, depth: int) -> Located:
        place = self.place(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(tuple(self.items(path, depth)), place)
        if isinstance(event, yaml.MappingStartEvent):
            return Fields((*self.tag(event, place), *self.fields(path, depth)), place)
        plain = not event.style
        return Scalar(plain_value(event.value) if plain else event.value, event.value, place)

    def tag(self, event: Any, place: Place) -> Iterator[Field]:
        if event.tag not in (None, "!"):
            name = event.tag.removeprefix("!")
            yield Field(TAG, place, Scalar(name, name, place))

    def items(self, path: str, depth: int) -> Iterator[Located]:
        for index, event in enumerate(self.events):
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self.node(event, key_path(path, index), depth + 1)

    def fields(self, path: str, depth: int) -> Iterator[Field]:
        seen: dict[str, Place] = {}
        merged: dict[str, Field] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                yield from (field for key, field in merged.items() if key not in seen)
                return
            key = self.key(event, path)
            inner = key_path(path, key)
            place = self.place(event, inner)
            value = self.node(next(self.events), inner, depth + 1)
            if key == MERGE:
                merged = {field.key: field for field in self.merged(value)} | merged
                continue
            if key in seen:
                self.note(Mistake(place, f"{shown(key)} is given twice, first on line {seen[key].line}", "keep one"))
                continue
            seen[key] = place
            yield Field(key, place, value)

    def merged(self, value: Located) -> Iterator[Field]:
        """What a merge key puts in place: a mapping, or a list of them of which the first counts; tags stay behind."""
        if isinstance(value, Items):
            for item in reversed(value.items):
                yield from self.merged(item)
        elif isinstance(value, Fields):
            yield from (field for field in value.fields if field.key != TAG)
        else:
            self.note(Mistake(value.place, f"{described(value)} stands where a mapping to merge belongs", _MERGED))

    def key(self, event: Any, path: str) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self.refusal(event, path, "a key must be plain text", "write `key: value`")
        if event.tag not in (None, "!"):
            raise self.refusal(event, path, f"the tag {shown(event.tag)} is not read", "remove the tag")
        if event.value == MERGE and not (event.style or self.merges):
            raise self.refusal(event, path, "merge keys (`<<`) are not read", "write the keys out")
        self.grow(event, path, 1)
        if event.anchor:
            node = Scalar(event.value, event.value, self.place(event, path))
            self.anchors[event.anchor] = (node, 1)
        return str(event.value)
