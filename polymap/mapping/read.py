"""Mappings from files and Python data: the text form, or `polymap: mapping/1` with the same list as `nodes`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from typing import Any, TypeAlias

from polymap import spec
from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.mapping.nest import Mapping, Node, Storage, Temporal
from polymap.mapping.text import COMMENT, COMPUTE, loop, parse_mapping, parse_node
from polymap.quantity import LARGEST_COUNT, count, shown
from polymap.spec import Fields, Items, Located, Misread, Reader, Scalar, described, written

KIND, FORMAT = "mappings", "mapping/1"
FORMS = "write {storage: LEVEL, tensors: [T]}, {for: RANK, in: TRIP}, {parallel: RANK, in: TRIP, on: DIM} or compute"

Source: TypeAlias = "str | os.PathLike[str] | MappingType[str, Any] | Sequence[Any] | Mapping"


def to_list(mapping: Mapping) -> list[Any]:
    """The mapping as plain lists, dicts, text and integers, as YAML and JSON hold it; `compute` last."""
    return [*(_plain(node) for node in mapping.nodes), "compute"]


def read(source: str | os.PathLike[str] | MappingType[str, Any] | Sequence[Any]) -> Mapping:
    """The mapping of a shipped name, a path, text of either form, a document, or its list. Raises `SpecError`."""
    if isinstance(source, MappingType):
        return _decode(source)
    if isinstance(source, (str, os.PathLike)):
        return _read_text(source)
    if isinstance(source, Sequence):
        return _decode({"nodes": source})
    raise SpecError(Mistake(NOWHERE, f"{source!r} is no mapping", "give a path, text, a document or a list of nodes"))


def _read_text(source: str | os.PathLike[str]) -> Mapping:
    if isinstance(source, str) and ("\n" in source or source.strip() == "compute"):
        return parse_mapping(source, "<text>") if _is_nest(source) else _decode(source)
    path = spec.find(KIND, source)
    text = spec.text_of(path)
    return parse_mapping(text, path) if _is_nest(text) else _decode(source)


def _is_nest(text: str) -> bool:
    """Whether this is the text form: its first line that says anything is no `key:` of a document."""
    lines = (COMMENT.sub("", line).strip() for line in text.split("\n"))
    first = next((line for line in lines if line and line != "---"), "")
    return not (first.startswith("{") or ":" in first.split(" ")[0] or first.endswith(":"))


def _decode(source: spec.Source) -> Mapping:
    nodes: list[Node] = []
    with spec.reading(source, KIND, FORMAT) as top:
        for key in ("name", "workload", "architecture", "source"):
            top.text(key)
        nodes += _nodes(top)
    return Mapping(tuple(nodes))


def _nodes(top: Reader) -> list[Node]:
    listed = top.node_of("nodes", required=True)
    if not isinstance(listed, Items):
        if listed:
            top.wrong(f"{described(listed)} stands where a list belongs", FORMS, key="nodes")
        return []
    items = listed.items
    if not items or written(items[-1]) != COMPUTE:
        top.wrong("the list does not end with `compute`", "add `- compute` as its last item", key="nodes")
    else:
        items = items[:-1]
    return [node for item in items if (node := _node(top, item))]


def _node(top: Reader, item: Located) -> Node | None:
    """The node that an item of the list says, as a mapping or as a line of the text form."""
    try:
        found = _from_line(item) if isinstance(item, Scalar) else _from_fields(item)
    except Misread as misread:
        top.wrong_at(item.place, misread.message, misread.mend)
        return None
    if isinstance(found, Mistake):
        top.wrong_at(found.place, found.message, found.mend)
        return None
    return found


def _from_line(item: Scalar) -> Node | Mistake:
    return parse_node(item.text.strip(), item.place) or Mistake(
        item.place, "nothing may follow 'compute'", "'compute' is the innermost node"
    )


def _from_fields(item: Located) -> Node | Mistake:
    values = {field.key: field.value for field in item.fields} if isinstance(item, Fields) else {}
    keys = set(values)
    if keys == {"storage", "tensors"}:
        return Storage(_name(values["storage"]), _names(values["tensors"]))
    if keys == {"for", "in"}:
        return loop(_name(values["for"]), _trip(values["in"]), None, item.place)
    if keys == {"parallel", "in", "on"}:
        return loop(_name(values["parallel"]), _trip(values["in"]), _name(values["on"]), item.place)
    raise Misread(f"cannot read {shown(written(item))}", FORMS)


def _name(node: Located) -> str:
    if not isinstance(node, Scalar) or not re.fullmatch(r"[^\s#]\S*", node.text):
        raise Misread(f"{described(node)} is no name", "write a name without spaces")
    return node.text


def _names(node: Located) -> tuple[str, ...]:
    if not isinstance(node, Items) or not node.items:
        raise Misread("no tensors are listed", "list at least one tensor, e.g. `tensors: [I, W]`")
    return tuple(_name(item) for item in node.items)


def _trip(node: Located) -> int:
    if not isinstance(node, Scalar):
        raise Misread(f"{described(node)} is no trip", "write a whole number")
    return count(node.value, -LARGEST_COUNT)


def _plain(node: Node) -> dict[str, Any]:
    if isinstance(node, Storage):
        return {"storage": node.level, "tensors": list(node.tensors)}
    if isinstance(node, Temporal):
        return {"for": node.rank, "in": node.trip}
    return {"parallel": node.rank, "in": node.trip, "on": node.on}
