"""Everything that describes a network -> a `Model`: layer tables, einsum text, files of other packages, their objects.

The kind of a file is told by its suffix, that of an object by the package that its type comes from; no package is
imported to find out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from polymap.errors import NOWHERE, Mistake, Place, SpecError
from polymap.frontends.model import PRODUCT, Model, Operation, gathered, merged
from polymap.frontends.sizes import Sizes, misset
from polymap.quantity import near
from polymap.workload import Einsum, Network, workload
from polymap.workload.build import Given, build
from polymap.workload.parse import parse

Source: TypeAlias = Any  # also objects of packages that may be missing

ASSIGNS = re.compile(r"\s*\w+\s*\[[^]]*\]\s*\S*=")  # `O[m] = A[m]`: a mistake in an einsum, not the name of a file

FrontEnd: TypeAlias = "Callable[[Any, Sizes], Model]"


def model(source: Source, sizes: Sizes | None = None) -> Model:
    """The network that `source` describes, equal operations once.

    `source` is what `workload` takes, einsum text, or a network of another package: a file by its suffix, or its
    object. `FILE/NAME` is one operation of a file. `sizes` sets sizes that are open. Raises `SpecError` with every
    mistake.
    """
    given = dict(sizes or {})
    if isinstance(source, Model):
        _check_nothing_set(given, source.name)
        return source
    file, name = _split(source)
    found = _found(file, given)
    return found if name is None else _only(found, name)


@dataclass(frozen=True)
class Taken:
    """What the mapper is given, and what the user should hear about it, if anything."""

    work: Einsum | Network
    note: str = ""


def read(source: Source, sizes: Sizes | None = None) -> Taken:
    """Layer tables as they stand; of other networks the products, or the one operation that is named."""
    if isinstance(source, Einsum | Network):
        return Taken(source)
    given = dict(sizes or {})
    if is_workload(source):
        work = workload(source)
        _check_nothing_set(given, _file(source))
        return Taken(work)
    found = model(source, given)
    if is_text(source) or _split(source)[1] is not None:
        return _one(*found.layers, *found.others)
    if not found.layers:
        raise SpecError(Mistake(Place(found.source), f"{found.name} has no product that could be mapped", _mend(found)))
    return Taken(found.network, _left_out(found))


def _one(operation: Operation) -> Taken:
    if operation.kind == PRODUCT:
        return Taken(operation.einsum)
    priced = "each of its points is priced as one compute of the machine"
    return Taken(operation.einsum, f"{operation.name}: {operation.op} is no product; {priced}")


def _left_out(found: Model) -> str:
    others = sum(operation.repeat for operation in found.others)
    skipped = sum(item.count for item in found.skipped)
    if not others + skipped:
        return ""
    which = f"of kinds that are no products {others}, operations that are no einsums {skipped}"
    return f"{found.name}: not mapped: {which} (`polymap layers` lists them)"


def is_workload(source: Source) -> bool:
    """Whether the workload room reads it, rather than a front end."""
    known = isinstance(source, Model) or is_text(source) or _front_end(_split(source)[0]) is not None
    return not known


def is_text(source: Source) -> bool:
    """Whether it is an einsum itself, `O[...] += ...`, or meant as one, not a file, a name or YAML."""
    if not isinstance(source, str) or "\n" in source or os.path.exists(source):
        return False
    return "+=" in source or ASSIGNS.match(source) is not None


def _mend(found: Model) -> str:
    return f"name one of its operations: {', '.join(item.name for item in found.others[:6])}" if found.others else ""


def _split(source: Source) -> tuple[Source, str | None]:
    """`net.onnx/conv1` is the operation `conv1` of `net.onnx`, unless it is a file itself."""
    if not isinstance(source, str) or "\n" in source or os.path.isfile(source):
        return source, None
    cuts = [i for i, letter in enumerate(source) if letter == "/"]
    cut = next((cut for cut in reversed(cuts) if _suffix(source[:cut]) and os.path.isfile(source[:cut])), None)
    return (source, None) if cut is None else (source[:cut], source[cut + 1 :])


def _found(source: Source, sizes: Sizes) -> Model:
    front_end = _front_end(source)
    if front_end:
        return front_end(source, sizes)
    if is_text(source):
        return gathered("einsum", [_operation(einsum_of(source, sizes))])
    table = _of_table(workload(source))
    _check_nothing_set(sizes, _file(source))
    return table


def _of_table(found: Einsum | Network) -> Model:
    if isinstance(found, Einsum):
        return Model(found.name, (_operation(found),), source=found.source)
    layers = [_operation(layer.einsum, layer.repeat) for layer in found.layers]
    return Model(found.name, tuple(merged(layers)), source=found.source)


def _operation(einsum: Einsum, repeat: int = 1) -> Operation:
    return Operation(einsum, PRODUCT, "einsum", (einsum.name,), repeat)


def einsum_of(text: str, sizes: Sizes) -> Einsum:
    """The einsum of a text in which every rank is an open size. Raises `SpecError`."""
    statement = parse(text)
    place = Place("einsum")
    mistakes = list(misset(sizes, statement.ranks, place))
    missing = [rank for rank in statement.ranks if rank not in sizes]
    mistakes += [Mistake(place, f"rank {rank} has no size", f"set it, e.g. --set {rank}=64") for rank in missing]
    if mistakes:
        raise SpecError(mistakes)
    return build(statement, Given("einsum", sizes))


def _file(source: Source) -> str:
    return os.fspath(source) if isinstance(source, str | os.PathLike) else ""


def _check_nothing_set(sizes: Sizes, file: str) -> None:
    mistakes = list(misset(sizes, (), Place(file)))
    if mistakes:
        raise SpecError(mistakes)


def _only(found: Model, name: str) -> Model:
    """The model of one operation, which any of its nodes may name."""
    operations = (*found.layers, *found.others)
    chosen = next((operation for operation in operations if name in operation.nodes), None)
    if chosen is None:
        names = [node for operation in operations for node in operation.nodes]
        guess = near(name, names)
        mend = f"did you mean {guess}? " if guess else ""
        listed = ", ".join(operation.name for operation in operations[:12])
        raise SpecError(Mistake(NOWHERE, f"{found.name} has no operation {name}", f"{mend}it has {listed}"))
    asked = replace(chosen, einsum=replace(chosen.einsum, name=name), nodes=(name,), repeat=1)
    is_product = chosen.kind == PRODUCT
    return Model(found.name, (asked,) if is_product else (), () if is_product else (asked,), (), found.source)


def _onnx(source: Source, sizes: Sizes) -> Model:
    from polymap.frontends.onnx import model as found

    return found(source, sizes)


def _mlir(source: Source, sizes: Sizes) -> Model:
    from polymap.frontends.mlir import model as found

    return found(source, sizes)


def _torch(source: Source, sizes: Sizes) -> Model:
    from polymap.frontends.torch import model as found

    return found(source, sizes)


def _jax(source: Source, sizes: Sizes) -> Model:
    from polymap.frontends.jax import model as found

    return found(source, sizes)


FILES: Mapping[str, FrontEnd] = {".onnx": _onnx, ".mlir": _mlir, ".pt2": _torch}
OBJECTS: Mapping[str, FrontEnd] = {"onnx": _onnx, "xdsl": _mlir, "torch": _torch, "jax": _jax}


def _suffix(path: str) -> str:
    """The suffix of a path, if some front end reads such files."""
    suffix = os.path.splitext(path)[1].lower()
    return suffix if suffix in FILES else ""


def _front_end(source: Source) -> FrontEnd | None:
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        return FILES.get(_suffix(path)) if isinstance(path, str) and "\n" not in path else None
    return OBJECTS.get(type(source).__module__.partition(".")[0])
