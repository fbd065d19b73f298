"""Workload files: `polymap: workload/1` with one einsum, or with `layers` that inherit from the top of the file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from polymap import spec
from polymap.errors import NOWHERE, Mistake, Place, SpecError
from polymap.quantity import count, near
from polymap.workload.build import Given, build
from polymap.workload.einsum import Einsum, Layer, Network
from polymap.workload.parse import parse
from polymap.workload.statement import LIMIT, Statement

KIND, FORMAT = "workloads", "workload/1"
LARGEST = 10**30  # of what is read; how large it may be is checked later

Value = TypeVar("Value")


def read(source: str | os.PathLike[str] | Mapping[str, Any]) -> Einsum | Network:
    """The workload of a shipped name, path, YAML text or mapping; `FILE/LAYER` picks a layer. Raises `SpecError`."""
    file, layer = _split(source)
    found = _decode(file)
    return found if layer is None else _layer_of(found, layer)


def _split(source: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[spec.Source, str | None]:
    """`resnet18/layer1.x.conv` is the layer `layer1.x.conv` of `resnet18`, unless it is a file itself."""
    if not isinstance(source, str) or "\n" in source or _exists(source):
        return source, None
    cuts = [i for i, letter in enumerate(source) if letter == "/"]
    known = next((cut for cut in reversed(cuts) if _exists(source[:cut])), None)
    return (source, None) if known is None else (source[:known], source[known + 1 :])


def _exists(name: str) -> bool:
    return name in spec.shipped(KIND) or os.path.isfile(name)


def _layer_of(found: Einsum | Network, name: str) -> Einsum:
    layers = [layer.einsum for layer in found.layers] if isinstance(found, Network) else [found]
    known = {einsum.name: einsum for einsum in layers}
    if name not in known:
        guess = near(name, known)
        mend = f"did you mean {guess}? " if guess else ""
        raise SpecError(Mistake(NOWHERE, f"{found.name} has no layer {name}", f"{mend}it has {', '.join(known)}"))
    return known[name]


def _decode(source: spec.Source) -> Einsum | Network:
    result: Einsum | Network | None = None
    with spec.reading(source, KIND, FORMAT) as top:
        if top.has("layers"):
            result = _network(_said(top))
        else:
            made = _made(_said(top, needs_einsum=True), None)
            _note(top, made.mistakes)
            result = made.einsum
    assert result  # leaving `reading` raises unless all went well
    return result


@dataclass(frozen=True)
class _Said:
    """What one mapping (the top of a file, or a layer) says. Wrong values are noted; stand-ins take their places."""

    reader: spec.Reader
    tables: dict[str, spec.Reader]
    name: str
    text: str
    ranks: dict[str, int]
    constants: dict[str, int]
    roles: dict[str, str]
    bits: int | dict[str, int] | None
    source: str
    domain: str
    shapes: dict[str, tuple[int, ...]]

    def has(self, path: str) -> bool:
        head, _, key = path.partition(".")
        table = self.tables.get(head)
        return key in table.keys or _item(table, key) is not None if key and table else self.reader.has(head)

    @property
    def is_misread(self) -> bool:
        """Whether a list or a value, which is noted, stands where a table belongs: what it says is not known."""
        return any(self.reader.has(key) and not table.is_there for key, table in self.tables.items())

    def place(self, path: str) -> Place:
        """Where the value of a key path such as `ranks.k` or `shapes.I[2]` stands; without the key, where it should."""
        head, _, key = path.partition(".")
        table = self.tables.get(head)
        return (_item(table, key) or table.place_of(key)) if key and table else self.reader.place_of(head)


def _item(table: spec.Reader, key: str) -> Place | None:
    """The place of an item of a list, such as `I[2]`."""
    name, _, at = key.rpartition("[")
    places = table.places_of(name) if at[:-1].isdecimal() else ()
    return next((place for axis, place in enumerate(places) if f"{axis}]" == at), None)


def _said(reader: spec.Reader, needs_einsum: bool = False) -> _Said:
    many_bits = reader.is_mapping("bits")
    keys = ("ranks", "constants", "roles", "shapes", *(["bits"] if many_bits else []))
    tables = {key: _table(reader, key) for key in keys}
    return _Said(
        reader=reader,
        tables=tables,
        name=reader.text("name", required=True),
        text=reader.text("einsum", required=needs_einsum),
        ranks=_numbers(tables["ranks"]),
        constants=_numbers(tables["constants"]),
        roles={role: tensor for role in tables["roles"].keys if (tensor := tables["roles"].name(role))},
        bits=_numbers(tables["bits"]) if many_bits else _one_number(reader, "bits"),
        source=reader.text("source"),
        domain=reader.text("domain"),
        shapes=dict(_shapes(tables["shapes"])),
    )


def _table(reader: spec.Reader, key: str) -> spec.Reader:
    table = reader.child(key)
    table.ignore_rest()
    return table


def _numbers(table: spec.Reader) -> dict[str, int]:
    return {key: table.value(key, _whole, 1) for key in table.keys}


def _shapes(table: spec.Reader) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The shapes whose sizes are all numbers; what is wrong with the others is noted."""
    for tensor in table.keys:
        sizes = table.values(tensor, _whole)
        if table.is_list(tensor) and len(sizes) == len(table.places_of(tensor)):
            yield tensor, sizes


def _one_number(reader: spec.Reader, key: str) -> int | None:
    return reader.value(key, _whole, 1) if reader.has(key) else None


def _whole(value: object) -> int:
    """Any whole number; its range is checked where all that is known of the einsum is at hand."""
    return value if type(value) is int else count(value, -LARGEST, LARGEST)


@dataclass(frozen=True)
class _Made:
    """What came of one mapping: as much as its mistakes allow."""

    said: _Said
    statement: Statement | None = None
    einsum: Einsum | None = None
    mistakes: tuple[Mistake, ...] = ()


def _made(said: _Said, top: _Said | None) -> _Made:
    text = said.text or (top.text if top else "")
    constants = {**(top.constants if top else {}), **said.constants}
    statement = None
    try:
        statement = parse(text, constants, _place(said, top, "einsum")) if text else None
        is_known = not said.is_misread and not (top and top.is_misread)
        einsum = build(statement, _given(said, top, statement)) if statement and is_known else None
        return _Made(said, statement, einsum)
    except SpecError as error:
        return _Made(said, statement, None, error.mistakes)


def _note(reader: spec.Reader, mistakes: Iterable[Mistake]) -> None:
    """Note each mistake once, though several layers may have inherited it."""
    for mistake in dict.fromkeys(mistakes):
        reader.wrong_at(mistake.place, mistake.message, mistake.mend)


def _given(said: _Said, top: _Said | None, statement: Statement) -> Given:
    return Given(
        name=said.name or "unnamed",
        ranks={**_named(top.ranks if top else {}, statement.ranks), **said.ranks},
        bits=_bits(said, top, statement),
        roles=_roles(said, top, statement),
        constants={**_named(top.constants if top else {}, statement.constants), **said.constants},
        source=said.source or (top.source if top else ""),
        where=lambda path: _place(said, top, path) if path else said.reader.place,
        domain=said.domain or (top.domain if top else ""),
        shapes={**_named(top.shapes if top else {}, statement.tensors), **said.shapes},
    )


def _place(said: _Said, top: _Said | None, path: str) -> Place:
    """Of the key path in the layer, or at the top of the file if only that has it."""
    return top.place(path) if top and top.has(path) and not said.has(path) else said.place(path)


def _named(values: dict[str, Value], names: Iterable[str]) -> dict[str, Value]:
    """What a layer takes from the top of the file: only what its einsum names."""
    known = set(names)
    return {key: value for key, value in values.items() if key in known}


def _bits(said: _Said, top: _Said | None, statement: Statement) -> int | dict[str, int]:
    inherited = top.bits if top else None
    if isinstance(said.bits, int):
        return said.bits
    if isinstance(inherited, int):
        return {**dict.fromkeys(statement.tensors, inherited), **said.bits} if said.bits else inherited
    return {**_named(inherited or {}, statement.tensors), **(said.bits or {})}


def _roles(said: _Said, top: _Said | None, statement: Statement) -> dict[str, str]:
    tensors = set(statement.tensors) - set(said.roles.values())
    inherited = {role: tensor for role, tensor in (top.roles if top else {}).items() if tensor in tensors}
    return {**inherited, **said.roles}


def _network(top: _Said) -> Network:
    read = [_layer(reader, top) for reader in top.reader.children("layers", required=True)]
    made = [layer for layer, _ in read]
    if not made:
        top.reader.wrong("the network has no layers", "list at least one", key="layers")
    _note(top.reader, (mistake for layer in made for mistake in layer.mistakes))
    _check_top_is_used(top, [layer.statement for layer in made])
    _check_distinct([layer.said for layer in made])
    return Network(top.name, tuple(Layer(layer.einsum, repeat) for layer, repeat in read if layer.einsum), top.source)


def _layer(reader: spec.Reader, top: _Said) -> tuple[_Made, int]:
    said = _said(reader, needs_einsum=not top.reader.has("einsum"))
    return _made(said, top), reader.integer("repeat", below=LIMIT)


def _check_top_is_used(top: _Said, read: list[Statement | None]) -> None:
    """What no layer takes over is a mistake, as it would be in a layer."""
    statements = [statement for statement in read if statement]
    if len(statements) < len(read):
        return
    for path, name in _top_names(top):
        if not any(name in (*s.ranks, *s.constants, *s.tensors) for s in statements):
            top.reader.wrong_at(top.place(path), f"no layer has {name}", "leave it out")


def _top_names(top: _Said) -> Iterator[tuple[str, str]]:
    """Key path and name of every rank, constant and tensor that the top of the file speaks of."""
    bits = top.bits if isinstance(top.bits, dict) else {}
    tables: dict[str, Iterable[str]] = {
        "ranks": top.ranks,
        "constants": top.constants,
        "bits": bits,
        "shapes": top.shapes,
    }
    for table, names in tables.items():
        yield from ((f"{table}.{name}", name) for name in names)
    yield from ((f"roles.{role}", tensor) for role, tensor in top.roles.items())


def _check_distinct(layers: list[_Said]) -> None:
    names: set[str] = set()
    for said in layers:
        if said.name and said.name in names:
            said.reader.wrong(f"two layers are called {said.name}", "give each its own name", key="name")
        names.add(said.name)
