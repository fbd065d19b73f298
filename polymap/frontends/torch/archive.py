"""The graph of a `.pt2` file: JSON in a zip archive, of which nothing else is read and nothing is unpickled."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any, TypeVar

from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.files import bytes_of
from polymap.frontends.torch.program import Call, Program, Tensor

PATH = "graph_module.graph"
MAJOR = 8  # of the schema; torch changes it where old readers would misread
LARGEST = 2**28  # bytes of JSON
GRAPH = re.compile(r"(?:[^/]+/)?models/[^/]+\.json")
BITS = {1: 8, 2: 8, 3: 16, 4: 32, 5: 64, 6: 16, 7: 32, 8: 64, 9: 32, 10: 64, 11: 128, 12: 8, 13: 16,
        28: 16, 29: 8, 30: 8, 31: 8, 32: 8, 33: 8, 34: 32, 35: 64}  # fmt: skip
EXPORT = "write it again: torch.export.save(torch.export.export(model, arguments), file)"

Kind = TypeVar("Kind")


def opened(file: str) -> Program:
    """The program of a file. Raises `SpecError` with the key path of what is not as torch writes it."""
    data = _json(_member(bytes_of(file), file), file)
    version = _at(_at(data, "schema_version", dict, file), "major", int, file)
    if version != MAJOR:
        mend = f"version {MAJOR} is read; {EXPORT}"
        raise SpecError(Mistake(Place(file, path="schema_version.major"), f"schema {version} is unknown here", mend))
    module = _at(data, "graph_module", dict, file)
    graph = _at(module, "graph", dict, file, "graph_module")
    tensors = {
        name: _tensor(name, value, file) for name, value in _at(graph, "tensor_values", dict, file, PATH).items()
    }
    calls = tuple(_call(at, node, tensors, file) for at, node in enumerate(_at(graph, "nodes", list, file, PATH)))
    given = _given(_at(module, "signature", dict, file, "graph_module"), file)
    return Program(calls, tuple(tensors[name] for name in given if name in tensors), file)


def _member(data: bytes, file: str) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            found = [info for info in archive.infolist() if GRAPH.fullmatch(info.filename)]
            if len(found) != 1:
                raise SpecError(Mistake(Place(file), f"the archive has {len(found)} graphs (models/*.json)", EXPORT))
            if found[0].file_size > LARGEST:
                raise SpecError(Mistake(Place(file), f"the graph has more than {LARGEST} bytes"))
            with archive.open(found[0]) as member:
                return member.read(LARGEST)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        message = f"this is no archive of torch.export, or only a part of one: {error}"
        raise SpecError(Mistake(Place(file), message, EXPORT)) from None


def _json(data: bytes, file: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SpecError(Mistake(Place(file, path="models"), f"the graph is no JSON: {error}", EXPORT)) from None
    if not isinstance(found, dict):
        raise SpecError(Mistake(Place(file, path="models"), "the graph is no JSON object", EXPORT))
    return found


def _at(data: Any, key: str, kind: type[Kind], file: str, path: str = "") -> Kind:
    """The value of a key. Raises `SpecError` if it is missing or of another kind."""
    value = data.get(key) if isinstance(data, dict) else None
    if type(value) is not kind:
        where = Place(file, path=f"{path}.{key}" if path else key)
        raise SpecError(Mistake(where, f"expected {kind.__name__} but got {type(value).__name__}", EXPORT))
    return value


def _tensor(name: str, data: Any, file: str) -> Tensor:
    path = f"{PATH}.tensor_values.{name}"
    sizes = [_size(size, file, path) for size in _at(data, "sizes", list, file, path)]
    return Tensor(name, tuple(sizes), BITS.get(_at(data, "dtype", int, file, path), 0))


def _size(data: Any, file: str, path: str) -> int | str:
    if isinstance(data, dict) and "as_expr" in data:
        return _at(_at(data, "as_expr", dict, file, path), "expr_str", str, file, path)
    return _at(data, "as_int", int, file, path)


def _call(at: int, data: Any, tensors: dict[str, Tensor], file: str) -> Call:
    path = f"{PATH}.nodes[{at}]"
    op = _at(data, "target", str, file, path).removeprefix("torch.ops.")
    arguments = {
        _at(entry, "name", str, file, path) or str(number): _argument(_at(entry, "arg", dict, file, path), tensors)
        for number, entry in enumerate(_at(data, "inputs", list, file, path))
    }
    outputs = tuple(_tensors(_at(data, "outputs", list, file, path), tensors))
    name = data.get("name") or (outputs[0].name if outputs else path)
    return Call(op, str(name), arguments, outputs, Place(file, path=path))


def _argument(data: dict[str, Any], tensors: dict[str, Tensor]) -> Any:
    """The value of an argument: `as_KIND` says which; kinds that no operator here asks for stay as they are."""
    kind, value = next(iter(data.items()), ("as_none", None))
    if kind in ("as_tensor", "as_optional_tensor"):
        return next(_tensors([data], tensors), None)
    if kind in ("as_tensors", "as_optional_tensors"):
        return list(_tensors([{"as_tensor": item} for item in value], tensors)) if isinstance(value, list) else None
    return None if kind == "as_none" else value


def _tensors(listed: list[Any], tensors: dict[str, Tensor]) -> Iterator[Tensor]:
    """The tensors that arguments or outputs name, one level deep."""
    for item in listed:
        for kind, value in item.items() if isinstance(item, dict) else ():
            for named in value if isinstance(value, list) else [value]:
                inner = named.get("as_tensor", named) if isinstance(named, dict) else {}
                name = inner.get("name") if isinstance(inner, dict) else None
                if "tensor" in kind and isinstance(name, str) and name in tensors:
                    yield tensors[name]


def _given(signature: dict[str, Any], file: str) -> Iterator[str]:
    """Names of the tensors that the user gives."""
    for entry in _at(signature, "input_specs", list, file, "graph_module.signature"):
        for kind, value in entry.items() if isinstance(entry, dict) else ():
            argument = value.get("arg") if isinstance(value, dict) else None
            tensor = argument.get("as_tensor") if isinstance(argument, dict) else None
            if kind == "user_input" and isinstance(tensor, dict):
                yield str(tensor.get("name"))
