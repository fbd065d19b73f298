"""The section `problem`: dimensions, data spaces and the instance -> ranks and affine accesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polymap import spec
from polymap.frontends.aside import LeftOut
from polymap.frontends.timeloop import ignored
from polymap.quantity import count, shown
from polymap.spec import Fields, Items, Located, Misread, Scalar, described

LARGEST = 2**31
DENSITIES = ("densities", "commonDensity")


@dataclass(frozen=True)
class Space:
    """A tensor: per axis the (dimension, coefficient) terms of its index."""

    name: str
    axes: tuple[tuple[tuple[str, int], ...], ...]
    is_output: bool

    @property
    def slides(self) -> bool:
        """Whether tiles can overlap: an index adds up several dimensions."""
        return any(len(axis) > 1 for axis in self.axes)


@dataclass(frozen=True)
class Problem:
    """Dimensions in the order of their declaration with their bounds; tensors in theirs."""

    name: str
    bounds: Mapping[str, int]
    spaces: tuple[Space, ...]

    @property
    def tensors(self) -> tuple[str, ...]:
        return tuple(space.name for space in self.spaces)

    @property
    def ranks(self) -> tuple[str, ...]:
        """Dimensions that occur in an index; the others have bound 1."""
        used = {dim for space in self.spaces for axis in space.axes for dim, _ in axis}
        return tuple(dim for dim in self.bounds if dim in used)

    @property
    def einsum(self) -> str:
        """The computation as text, e.g. `O[k,p] += W[k,r] * I[2*p+r]`."""
        inputs = " * ".join(_access(space) for space in self.spaces if not space.is_output)
        output = next(_access(space) for space in self.spaces if space.is_output)
        return f"{output} += {inputs}"


def problem(top: spec.Reader, left_out: LeftOut) -> Problem:
    """The problem. Mistakes are noted."""
    section = top.child("problem")
    ignored.check_version(section)
    if not section.is_mapping("shape"):
        section.wrong("the shape is not given here", "put the shape itself under `shape:`", key="shape")
    # Bounds may stand beside the shape, too: the older way.
    is_inside = section.has("instance")
    shape, instance = section.child("shape"), section.child("instance") if is_inside else section
    dimensions = _names(shape, "dimensions")
    coefficients = _coefficients(shape, instance)
    bounds = {dim: instance.integer(dim, required=True, below=LARGEST) for dim in dimensions}
    spaces = tuple(_space(reader, dimensions, coefficients, left_out) for reader in _spaces(shape))
    _check_outputs(shape, spaces)
    found = Problem(shape.text("name", "problem"), bounds, spaces)
    _check_used(instance, found)
    if is_inside:
        _pass_over(instance, (*dimensions, *coefficients, *DENSITIES), left_out)
    _check_dense(instance)
    return found


def _pass_over(instance: spec.Reader, known: Sequence[str], left_out: LeftOut) -> None:
    """That tool, too, passes over keys that are neither dimensions nor coefficients."""
    left_out.unknown(instance, known)


def _check_dense(instance: spec.Reader) -> None:
    """Only densities change a model, and a density of 1 does not."""
    for key in DENSITIES:
        if instance.has(key) and not _is_dense(instance.node_of(key)):
            instance.wrong("sparse tensors are not modelled", f"remove `{key}`", key=key)


def _is_dense(node: Located | None) -> bool:
    """Whether every density is 1: a number, or a mapping with a `density` of a fixed distribution."""
    if isinstance(node, Scalar):
        return node.text in ("fixed", "1", "1.0")
    return not isinstance(node, Fields) or all(_is_dense(field.value) for field in node.fields)


def _names(shape: spec.Reader, key: str) -> tuple[str, ...]:
    return shape.names(key, required=True)


def _spaces(shape: spec.Reader) -> tuple[spec.Reader, ...]:
    return shape.children("data_spaces", required=True)


def _coefficients(shape: spec.Reader, instance: spec.Reader) -> dict[str, int]:
    found: dict[str, int] = {}
    for reader in shape.children("coefficients"):
        name = reader.name("name", required=True)
        otherwise = reader.integer("default", 1, least=-LARGEST + 1, below=LARGEST)
        found[name] = instance.integer(name, otherwise, least=-LARGEST + 1, below=LARGEST)
    return found


def _space(reader: spec.Reader, dimensions: Sequence[str], coefficients: Mapping[str, int], left_out: LeftOut) -> Space:
    name = reader.name("name", required=True)
    listed = reader.node_of("projection", required=True)
    left_out.known(reader, {"ranks": "names of axes, for layouts"})
    axes = tuple(_axis(reader, axis, dimensions, coefficients) for axis in _items(reader, listed))
    return Space(name, axes, reader.flag("read_write"))


def _axis(
    reader: spec.Reader, node: Located, dimensions: Sequence[str], coefficients: Mapping[str, int]
) -> tuple[tuple[str, int], ...]:
    """An axis is a list of terms, a term `[dimension]` or `[dimension, coefficient]`; or a bare dimension."""
    found: dict[str, int] = {}
    for term in (Items((node,), node.place),) if isinstance(node, Scalar) else _items(reader, node):
        try:
            dim, coefficient = _term(term, dimensions, coefficients)
        except Misread as misread:
            reader.wrong_at(term.place, misread.message, misread.mend)
            continue
        found[dim] = found.get(dim, 0) + coefficient
    return tuple((dim, coefficient) for dim, coefficient in found.items() if coefficient)


def _items(reader: spec.Reader, node: Located | None) -> tuple[Located, ...]:
    if node is not None and not isinstance(node, Items):
        reader.wrong_at(node.place, f"{described(node)} stands where a list belongs", "write e.g. `- - [P, stride]`")
    return node.items if isinstance(node, Items) else ()


def _term(term: Located, dimensions: Sequence[str], coefficients: Mapping[str, int]) -> tuple[str, int]:
    words = [item.text for item in term.items if isinstance(item, Scalar)] if isinstance(term, Items) else []
    if not 1 <= len(words) <= 2 or not isinstance(term, Items) or len(words) != len(term.items):
        raise Misread(f"{described(term)} is no term of an index", "write `[dimension]` or `[dimension, coefficient]`")
    if words[0] not in dimensions:
        raise Misread(f"{shown(words[0])} is no dimension", f"use one of: {', '.join(dimensions)}")
    if len(words) == 1:
        return words[0], 1
    if words[1] in coefficients:
        return words[0], coefficients[words[1]]
    return words[0], count(words[1], -LARGEST + 1, LARGEST)


def _check_outputs(shape: spec.Reader, spaces: Sequence[Space]) -> None:
    outputs = [space.name for space in spaces if space.is_output]
    if len(outputs) != 1 or len(spaces) < 2:
        shape.wrong("there is not one output and at least one input", "mark one data space with `read_write: true`")


def _check_used(instance: spec.Reader, found: Problem) -> None:
    for dim in (dim for dim in found.bounds if dim not in found.ranks and found.bounds[dim] > 1):
        mend = "leave the dimension out, or give it bound 1"
        instance.wrong(f"dimension {dim} occurs in no data space, so an einsum cannot say it", mend, key=dim)


def _access(space: Space) -> str:
    return f"{space.name}[{','.join(_index(axis) for axis in space.axes)}]"


def _index(axis: Sequence[tuple[str, int]]) -> str:
    terms = (f"{'-' if c < 0 else '+'}{f'{abs(c)}*' if abs(c) != 1 else ''}{dim}" for dim, c in axis)
    return "".join(terms).removeprefix("+") or "0"
