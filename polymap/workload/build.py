"""From a parsed einsum and what is said about it (sizes, bits, roles) to an `Einsum`; all mistakes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count
from math import prod

from polymap.errors import Mistake, Place, PolymapError, SpecError
from polymap.workload.einsum import Einsum, Tensor
from polymap.workload.shapes import Leaving, leavings
from polymap.workload.statement import LIMIT, Access, Statement

DEFAULT_BITS = 16
MOST_COMPUTES = 2**62
MOST_ELEMENTS = 2**62
MOST_BITS = 200  # of a number that is shown

Where = Callable[[str], Place]


def nowhere(path: str) -> Place:
    """The place of a value that comes from no file: its key path alone."""
    return Place(path=path)


@dataclass(frozen=True)
class Given:
    """What is said about an einsum besides its text.

    `ranks`: size per rank, in points. `bits`: per element, of all tensors or by tensor; unlisted tensors take 16.
    `roles`: role -> tensor. `where` gives the place of a key path such as `ranks.k`.
    `domain`: ISL set text that says which points of the box are computed; all of them if it is empty.
    `shapes`: size of every coordinate of a tensor, by tensor; a tensor without one may be accessed anywhere.
    """

    name: str
    ranks: Mapping[str, int]
    bits: int | Mapping[str, int] = DEFAULT_BITS
    roles: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    where: Where = nowhere
    domain: str = ""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def build(statement: Statement, given: Given) -> Einsum:
    """The einsum that `statement` and `given` describe. Raises `SpecError` with every mistake in `given`."""
    mistakes = [mistake for check in CHECKS for mistake in check(statement, given)]
    if mistakes:
        raise SpecError(mistakes)
    ranks, tensors = _sizes(statement, given), _tensors(statement, given)
    text, points = _domain(statement, given)
    return Einsum(given.name, ranks, tensors, str(statement), given.source, given.where(""), text, points)


def _domain(statement: Statement, given: Given) -> tuple[str, int]:
    """Canonical text and points of the domain; nothing and 0 for a box. Raises `SpecError`."""
    if not given.domain:
        return "", 0
    from polymap.workload.domain import restricted

    return restricted(given.domain, _sizes(statement, given), given.where("domain"))


def check_name(statement: Statement, given: Given) -> Iterator[Mistake]:
    if not given.name.strip():
        yield Mistake(given.where("name"), "the name of the einsum is empty")


def check_sizes(statement: Statement, given: Given) -> Iterator[Mistake]:
    for rank in statement.ranks:
        if rank not in given.ranks:
            yield Mistake(given.where("ranks"), f"rank {rank} has no size", f"add its size, e.g. {rank}: 64")
        elif not 0 < given.ranks[rank] < LIMIT:
            yield Mistake(given.where(f"ranks.{rank}"), f"rank {rank} has size {given.ranks[rank]}", _range())


def check_unused(statement: Statement, given: Given) -> Iterator[Mistake]:
    for rank in (rank for rank in given.ranks if rank not in statement.ranks):
        where = given.where(f"ranks.{rank}")
        if rank in given.constants:
            yield Mistake(where, f"{rank} is both a rank and a constant", "keep one of the two")
        else:
            yield Mistake(where, f"rank {rank} has a size but does not occur in {statement}", "leave it out")
    for constant in (constant for constant in given.constants if constant not in statement.constants):
        if constant not in given.ranks:
            yield Mistake(given.where(f"constants.{constant}"), f"constant {constant} is not used", "leave it out")


def check_computes(statement: Statement, given: Given) -> Iterator[Mistake]:
    sizes = [given.ranks.get(rank, 1) for rank in statement.ranks]
    if all(0 < size < LIMIT for size in sizes) and prod(sizes) > MOST_COMPUTES:
        text = f"the ranks span {' x '.join(str(size) for size in sizes)} = {_large(prod(sizes))} points"
        yield Mistake(given.where("ranks"), text, "an einsum has at most 2^62 points; split it or shrink a rank")


def check_domain(statement: Statement, given: Given) -> Iterator[Mistake]:
    """The domain can be read and is not empty; only where the sizes are right."""
    if _has_sizes(statement, given):
        try:
            _domain(statement, given)
        except SpecError as error:
            yield from error.mistakes


def _has_sizes(statement: Statement, given: Given) -> bool:
    return all(0 < given.ranks.get(rank, 0) < LIMIT for rank in statement.ranks)


def _sizes(statement: Statement, given: Given) -> tuple[tuple[str, int], ...]:
    return tuple((rank, given.ranks[rank]) for rank in statement.ranks)


def check_spans(statement: Statement, given: Given) -> Iterator[Mistake]:
    """A coordinate, and the box that all accesses of a tensor lie in, stay far from 2^63; where the sizes are right."""
    if not _has_sizes(statement, given):
        return
    for access in (*statement.inputs, statement.output):
        ends = [coordinate.extent(given.ranks) for coordinate in access.coordinates]
        elements = prod(high - low + 1 for low, high in ends)
        if elements > MOST_ELEMENTS:
            text = f"{access} spans {_large(elements)} elements from its first to its last"
            yield Mistake(given.where("einsum"), text, "a tensor spans at most 2^62; shrink a stride or a rank")


def check_shapes(statement: Statement, given: Given) -> Iterator[Mistake]:
    """Shapes are of tensors of the einsum and have one possible size per coordinate."""
    accesses = {access.name: access for access in (*statement.inputs, statement.output)}
    for tensor, shape in given.shapes.items():
        if tensor not in accesses:
            yield _unknown_tensor(given.where(f"shapes.{tensor}"), tensor, statement)
        elif len(shape) != len(accesses[tensor].coordinates):
            text = f"the shape of tensor {tensor} has {_many(len(shape), 'size')}"
            mend = f"give {_many(len(accesses[tensor].coordinates), 'size')}, one per coordinate of {accesses[tensor]}"
            yield Mistake(given.where(f"shapes.{tensor}"), text, mend)
        for axis, size in enumerate(shape):
            if not 0 < size <= MOST_ELEMENTS:
                text = f"coordinate {axis + 1} of tensor {tensor} has size {size}"
                yield Mistake(given.where(f"shapes.{tensor}[{axis}]"), text, "it must be at least 1 and at most 2^62")


def check_accesses(statement: Statement, given: Given) -> Iterator[Mistake]:
    """Every access lies in its tensor's shape, at every point of the domain; where sizes and domain are right."""
    if not given.shapes or not _has_sizes(statement, given) or any(check_domain(statement, given)):
        return
    accesses = (*statement.inputs, statement.output)
    domain, _ = _domain(statement, given)
    try:
        found = leavings(accesses, given.shapes, given.ranks, domain)
    except PolymapError as error:
        yield Mistake(given.where("shapes"), error.mistakes[0].message, "describe the domain with fewer constraints")
        return
    inside = _inside(found, statement, given)
    for leaving in found:
        where = given.where(f"shapes.{leaving.access.name}[{leaving.axis}]")
        mend = f"{inside}, or {leaving.enough()}" if inside and leaving.constraint else leaving.enough()
        yield Mistake(where, str(leaving), mend)


def _inside(found: tuple[Leaving, ...], statement: Statement, given: Given) -> str:
    """The domain that keeps all accesses inside, as advice; nothing if no point is left."""
    constraints = " and ".join(dict.fromkeys(leaving.constraint for leaving in found if leaving.constraint))
    ranks = dict.fromkeys(rank for leaving in found if leaving.constraint for rank in leaving.affine.ranks)
    if not ranks:
        return ""
    added = f"{{ [{','.join(ranks)}] : {constraints} }}"
    try:
        said = _narrowed(added, statement, given) if given.domain else added
        _domain(statement, replace(given, domain=said))
    except SpecError:
        return ""
    return f'leave these points out with domain: "{said}"'


def _narrowed(added: str, statement: Statement, given: Given) -> str:
    from polymap.workload.domain import narrowed

    return narrowed(given.domain, added, _sizes(statement, given), given.where("domain"))


def check_bits(statement: Statement, given: Given) -> Iterator[Mistake]:
    listed = given.bits if isinstance(given.bits, Mapping) else {"": given.bits}
    for tensor, bits in listed.items():
        where = given.where(f"bits.{tensor}" if tensor else "bits")
        if tensor and tensor not in statement.tensors:
            yield _unknown_tensor(where, tensor, statement)
        if not 0 < bits < LIMIT:
            yield Mistake(where, f"an element of {tensor or 'a tensor'} has {bits} bits", _range())


def check_roles(statement: Statement, given: Given) -> Iterator[Mistake]:
    seen: dict[str, str] = {}
    for role, tensor in given.roles.items():
        where = given.where(f"roles.{role}")
        if tensor not in statement.tensors:
            yield _unknown_tensor(where, tensor, statement)
        elif tensor in seen:
            yield Mistake(where, f"tensor {tensor} has two roles, {seen[tensor]} and {role}", "a tensor has one role")
        elif role == "output" and tensor != statement.output.name:
            mend = f"the output is {statement.output.name}; give {tensor} another role"
            yield Mistake(where, f"tensor {tensor} is an input but has role output", mend)
        seen.setdefault(tensor, role)


def check_role_names(statement: Statement, given: Given) -> Iterator[Mistake]:
    """A list of tensors may name tensors or roles, so one word must not mean two tensors."""
    names = statement.tensors
    for tensor, role in _roles(statement, given).items():
        if role in names and role != tensor:
            mend = f"rename tensor {role} or give {tensor} another role: roles: {{another: {tensor}}}"
            yield Mistake(given.where("roles"), f"{role} is the role of tensor {tensor} and the name of another", mend)


CHECKS = (
    check_name,
    check_sizes,
    check_unused,
    check_computes,
    check_spans,
    check_domain,
    check_shapes,
    check_accesses,
    check_bits,
    check_roles,
    check_role_names,
)


def _range() -> str:
    return "it must be at least 1 and less than 2^31 = 2147483648"


def _large(number: int) -> str:
    """A number, or its size where it is too long to be read; Python refuses to write some thousand digits."""
    return str(number) if number < 1 << MOST_BITS else f"more than 2^{number.bit_length() - 1}"


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _unknown_tensor(where: Place, tensor: str, statement: Statement) -> Mistake:
    return Mistake(where, f"{tensor} is no tensor of the einsum", f"its tensors are {', '.join(statement.tensors)}")


def _roles(statement: Statement, given: Given) -> dict[str, str]:
    """Role by tensor: as given; the others take output, input, weight, input3, ... in order, where these are free."""
    roles = {tensor: role for role, tensor in given.roles.items()}
    numbered = chain(("input", "weight"), (f"input{i}" for i in count(3)))
    free = (role for role in numbered if role not in given.roles)
    roles.setdefault(statement.output.name, "output")
    for access in statement.inputs:
        if access.name not in roles:
            roles[access.name] = next(free)
    return {tensor: roles[tensor] for tensor in statement.tensors}


def _tensors(statement: Statement, given: Given) -> tuple[Tensor, ...]:
    roles = _roles(statement, given)
    inputs = tuple(_tensor(access, roles, given) for access in statement.inputs)
    return (*inputs, _tensor(statement.output, roles, given, is_output=True))


def _tensor(access: Access, roles: dict[str, str], given: Given, is_output: bool = False) -> Tensor:
    bits = given.bits.get(access.name, DEFAULT_BITS) if isinstance(given.bits, Mapping) else given.bits
    shape = given.shapes.get(access.name)
    return Tensor(access.name, access.coordinates, bits, roles[access.name], is_output, shape)
