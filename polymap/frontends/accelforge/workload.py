"""The section `workload`: einsums with their tensors, sizes, bits and renames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from polymap import spec
from polymap.frontends.accelforge import values
from polymap.frontends.accelforge.kinds import Known, Number, Tensors, Unnamed
from polymap.frontends.aside import LeftOut
from polymap.quantity import Misread, shown
from polymap.spec import Fields, Items, Scalar

BOUND = re.compile(r"\s*0\s*<=\s*(?P<name>[A-Za-z_]\w*)\s*(?P<sign><=?)\s*(?P<end>\d{1,10})\s*")
ACCESS = re.compile(r"\s*(?P<name>[A-Za-z_]\w*)\s*\[(?P<index>[^][]*)\]\s*")
PROJECTED = re.compile(r"(?:(?P<rank>[A-Za-z_]\w*)\s*:)?(?P<index>.+)", re.DOTALL)
VARIABLE = re.compile(r"[A-Za-z_]\w*")
ROLES = ("input", "weight", "output")
SIZE = 2**31


@dataclass(frozen=True)
class Access:
    """A tensor and its indices: (rank, expression over rank variables) each."""

    tensor: str
    indices: tuple[tuple[str, str], ...]
    is_output: bool

    def __str__(self) -> str:
        return f"{self.tensor}[{','.join(index for _, index in self.indices)}]"


@dataclass(frozen=True)
class Einsum:
    """One computation: accesses, sizes of its rank variables, bits of its tensors, and names for its tensors."""

    name: str
    accesses: tuple[Access, ...]
    sizes: Mapping[str, int]
    bits: Mapping[str, int]
    roles: Mapping[str, frozenset[str]]
    repeat: int

    @property
    def tensors(self) -> tuple[str, ...]:
        return tuple(access.tensor for access in self.accesses)

    @property
    def text(self) -> str:
        """The computation, e.g. `Z[m,n] += A[m,k] * B[k,n]`."""
        output = next(access for access in self.accesses if access.is_output)
        return f"{output} += {' * '.join(str(access) for access in self.accesses if not access.is_output)}"

    @property
    def known(self) -> Known:
        """What expressions of an architecture may speak of, while this is computed.

        Einsums are mapped one by one here, so that no tensor stays inside between two of them.
        """
        known = _tensors(self.accesses).with_names({name: Tensors(names) for name, names in self.roles.items()})
        return replace(known, bits={tensor: Fraction(bits) for tensor, bits in self.bits.items()})

    def label(self, tensor: str) -> str:
        """The role of a tensor, by which an architecture names it, or its own name."""
        return next((role for role, names in self.roles.items() if names == {tensor}), tensor)

    def document(self) -> dict[str, Any]:
        """As a workload, or a layer of one, says it."""
        roles = {role: next(iter(names)) for role, names in self.roles.items() if len(names) == 1}
        repeat = {"repeat": self.repeat} if self.repeat > 1 else {}
        ranks, bits = dict(self.sizes), dict(self.bits)
        return {"name": self.name, **repeat, "einsum": self.text, "ranks": ranks, "roles": roles, "bits": bits}


def _tensors(accesses: Sequence[Access]) -> Known:
    """The names of the tensors of an einsum, and of the sets that every einsum has."""
    everything = frozenset(access.tensor for access in accesses)
    inputs = frozenset(access.tensor for access in accesses if not access.is_output)
    sets = {access.tensor: frozenset({access.tensor}) for access in accesses}
    sets |= {"Intermediates": frozenset[str](), "Inputs": inputs, "Outputs": everything - inputs}
    return Known({name: Tensors(names) for name, names in sets.items()}, everything)


# What an architecture speaks of where no workload is given: a computation of three tensors, of unknown sizes.
ANY = Einsum(
    "",
    tuple(Access(role, (), role == "output") for role in ROLES),
    {},
    {},
    {role: frozenset({role}) for role in ROLES},
    1,
)


def einsums(section: spec.Reader, left_out: LeftOut) -> tuple[Einsum, ...]:
    """All einsums that can be said here. Mistakes are noted."""
    shared = _Shared.read(section)
    readers = section.children("einsums", required=True)
    found = tuple(_einsum(reader, shared, left_out) for reader in readers)
    section.text("name")
    left_out.known(section, {"persistent_tensors": "tensors between einsums are not kept inside here"})
    return tuple(einsum for einsum in found if einsum)


@dataclass(frozen=True)
class _Shared:
    """What the section says for all its einsums: bounds of rank variables, sizes of ranks, bits."""

    section: spec.Reader
    bounds: Mapping[str, int]
    ranks: Mapping[str, int]
    repeat: int

    @classmethod
    def read(cls, section: spec.Reader) -> _Shared:
        return cls(section, _bounds(section), _rank_sizes(section), section.integer("n_instances", 1, below=SIZE))


def _rank_sizes(reader: spec.Reader) -> dict[str, int]:
    return dict(reader.table("rank_sizes", lambda value: _size(values.number(value, Known()))))


def _size(value: Number) -> int:
    if not isinstance(value, Fraction) or value.denominator != 1 or not 0 < value < SIZE:
        raise Misread(f"{shown(str(value))} is no size", "write a whole number from 1 to 2147483647")
    return int(value)


def _bounds(reader: spec.Reader) -> dict[str, int]:
    """Sizes of rank variables, from a mapping or a list of texts like `0 <= m < 64`."""
    key = "iteration_space_shape"
    if reader.is_list(key):
        return dict(reader.values(key, _bound))
    return {name: size for name, (_, size) in reader.table(key, _bound)}


def _bound(value: object) -> tuple[str, int]:
    match = BOUND.fullmatch(str(value))
    if not match:
        raise Misread(
            f"{shown(value)} is no bound of one variable", "write e.g. `0 <= m < 64`; general shapes are not read"
        )
    return match["name"], _size(Fraction(int(match["end"]) + (match["sign"] == "<=")))


def _einsum(reader: spec.Reader, shared: _Shared, left_out: LeftOut) -> Einsum | None:
    """The einsum; None where there is something wrong with it, or it is none."""
    text = reader.text("einsum")
    parts = reader.children("tensor_accesses", required=not text)
    accesses = tuple(_written(reader, text)) if text else tuple(_access(part) for part in parts)
    name = reader.text("name", accesses[-1].tensor if text and accesses else "", required=not text)
    outputs = [access for access in accesses if access.is_output]
    if accesses and len(outputs) != 1:
        reader.wrong(f"{name} has {len(outputs)} outputs", "give one tensor access `output: True`")
    is_copy = reader.flag("is_copy_operation")
    ranks = {**shared.ranks, **_rank_sizes(reader)}
    bits = _all_bits(reader, parts, accesses, shared)
    roles = _roles(reader, accesses)
    repeat = reader.integer("n_instances", 1, below=SIZE) * shared.repeat
    sizes = _sizes(reader, accesses, {**shared.bounds, **_bounds(reader)}, ranks)
    if is_copy:
        left_out.tell(reader.place, "is_copy_operation", f"{name} copies a tensor, and is left out")
    if is_copy or not accesses or len(outputs) != 1 or not sizes:
        return None
    return Einsum(name, accesses, sizes, bits, roles, repeat)


def _access(part: spec.Reader) -> Access:
    name, is_output = part.name("name", required=True), part.flag("output")
    part.flag("persistent")
    if part.has("density"):
        part.wrong("sparse tensors are not modelled", "remove it", key="density")
    if part.is_mapping("projection"):
        listed = part.table("projection", lambda value: str(value))
    else:
        listed = tuple((word.upper(), word) for word in part.names("projection", required=True))
    return Access(name, listed, is_output)


def _written(reader: spec.Reader, text: str) -> Iterator[Access]:
    """The accesses of `Z[m, n] = A[m, k] * B[k, n]`, inputs first."""
    output, sign, inputs = text.partition("=")
    parts = [(part, False) for part in inputs.split("*")] + [(output.removesuffix("+"), True)]
    for part, is_output in parts if sign else ():
        match = ACCESS.fullmatch(part)
        if not match:
            reader.wrong(
                f"{shown(part)} is no access of a tensor", "write e.g. `Z[m, n] = A[m, k] * B[k, n]`", key="einsum"
            )
            return
        yield Access(match["name"], tuple(_projected(index) for index in match["index"].split(",")), is_output)
    if not sign:
        reader.wrong(f"{shown(text)} is no einsum", "write e.g. `Z[m, n] = A[m, k] * B[k, n]`", key="einsum")


def _projected(text: str) -> tuple[str, str]:
    match = PROJECTED.fullmatch(text.strip())
    rank, index = (match["rank"], match["index"].strip()) if match else ("", text.strip())
    return rank or index.upper(), index


def _sizes(
    reader: spec.Reader, accesses: Sequence[Access], bounds: Mapping[str, int], ranks: Mapping[str, int]
) -> dict[str, int]:
    """The size of every rank variable, by its own bound or by that of a rank that it indexes alone."""
    indices = [pair for access in accesses for pair in access.indices]
    variables = dict.fromkeys(name for _, index in indices for name in VARIABLE.findall(index))
    found = {}
    for variable in variables:
        by_rank = [ranks[rank] for rank, index in indices if index == variable and rank in ranks]
        given = [bounds[variable], *by_rank] if variable in bounds else by_rank
        if given:
            found[variable] = min(given)
        else:
            reader.wrong(
                f"{variable} has no bound", f"give `iteration_space_shape: {{{variable}: 0 <= {variable} < 64}}`"
            )
    return found if len(found) == len(variables) else {}


def _roles(reader: spec.Reader, accesses: Sequence[Access]) -> dict[str, frozenset[str]]:
    """The renames of an einsum: a name for a tensor, or for several."""
    known = _tensors(accesses)
    return dict(reader.table("renames", lambda value: values.tensors(value, known)))


# bits


def _all_bits(
    reader: spec.Reader, parts: Sequence[spec.Reader], accesses: Sequence[Access], shared: _Shared
) -> dict[str, int]:
    known = _tensors(accesses)
    found = {**_bits_of(shared.section, known), **_bits_of(reader, known)}
    for part in parts:
        if part.has("bits_per_value"):
            found[part.name("name")] = part.value("bits_per_value", lambda value: _size(values.number(value, known)), 1)
    for tensor in sorted(known.all - set(found)):
        reader.wrong(f"{tensor} has no bits per value", "give `bits_per_value: {All: 8}`")
    return {tensor: found[tensor] for access in accesses if (tensor := access.tensor) in found}


def _bits_of(reader: spec.Reader, known: Known) -> dict[str, int]:
    """Bits by tensor, of a mapping from sets of tensors to bits; names that this einsum does not have say nothing."""
    node = reader.node_of("bits_per_value")
    found: dict[str, int] = {}
    for field in node.fields if isinstance(node, Fields) else ():
        try:
            names = values.tensors(field.key, known)
            value = field.value.value if isinstance(field.value, Scalar) else None
            found.update(dict.fromkeys(names, _size(values.number(value, Known()))))
        except Unnamed:
            continue
        except Misread as wrong:
            reader.wrong_at(field.place, wrong.message, wrong.mend)
    if isinstance(node, Scalar | Items):
        reader.wrong("bits stand by tensor", "write `bits_per_value: {All: 8}`", key="bits_per_value")
    return found
