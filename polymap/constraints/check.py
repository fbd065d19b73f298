"""Whether statements can be meant: names that nobody has, and statements that no mapping can meet by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from polymap.architecture.hierarchy import Architecture
from polymap.constraints.amount import Amount, divisors
from polymap.constraints.bind import Limits, bind
from polymap.constraints.limits import KeptLimit, Limit, LoopLimit, TileLimit, UnrollingLimit, widest
from polymap.constraints.statements import EVERY, REST, Constraints, Factor, Kept, Order, Statement, Tile, Utilization
from polymap.errors import NOWHERE, Mistake, SpecError
from polymap.mapping.kept import ORDINARY_ROLE
from polymap.mapping.nest import Mapping as LoopNest
from polymap.quantity import choose, shown
from polymap.workload.einsum import Einsum


def check_names(constraints: Constraints, einsums: Iterable[Einsum], architecture: Architecture) -> None:
    """Raises `SpecError` with every name that the machine does not have, or that none of the einsums has.

    Likewise for tiles along ranks that a tensor does not have, for orders that leave ranks out, and for the share of a
    memory without capacity. One layer of a network may lack what another has.
    """
    layers = tuple(einsums)
    # Several names of a list stand under one level: what is wrong with that is told once.
    wrong: dict[tuple[str, str, str], Mistake] = {}
    for statement in constraints.statements:
        for mistake in _wrong(statement, layers, architecture):
            place = mistake.place
            wrong.setdefault((place.file, place.path.partition("[")[0] or str(place), mistake.message), mistake)
    if wrong:
        raise SpecError(wrong.values())


def _wrong(statement: Statement, layers: tuple[Einsum, ...], architecture: Architecture) -> list[Mistake]:
    unknown = list(_unknown(statement, layers, architecture))
    if unknown:
        return unknown
    if isinstance(statement, Tile) and statement.tensor:
        return list(_without_rank(statement, layers))
    if isinstance(statement, Order) and statement.others == "nowhere":
        return list(_left_out(statement, layers))
    return list(_without_capacity(statement, architecture)) if isinstance(statement, Utilization) else []


def _unknown(statement: Statement, layers: tuple[Einsum, ...], architecture: Architecture) -> Iterator[Mistake]:
    known = _known(layers, architecture)
    for kind, name in statement.names():
        is_ordinary = kind == "tensor" and ORDINARY_ROLE.fullmatch(name)
        if name not in known[kind] and not is_ordinary and not (name == EVERY and _takes_every(statement, kind)):
            owner = "the workload" if kind in ("tensor", "rank") else architecture.name
            said = {"array": "array or dimension", "tensor": "tensor or role"}.get(kind, kind)
            mend = choose(name, known[kind], f"it has {', '.join(known[kind][:12]) or 'none'}")
            mend = "; ".join(filter(None, (_belongs(statement, kind, name, known), mend)))
            yield Mistake(statement.place, f"{owner} has no {said} {shown(name)}", mend)


def _belongs(statement: Statement, kind: str, name: str, known: dict[str, list[str]]) -> str:
    """Where a name that means something else may stand."""
    if kind == "rank" and isinstance(statement, Tile) and not statement.tensor and name in known["tensor"]:
        example = f"{name}: {{{known['rank'][0]}: {statement.amount}}}"
        return f"{name} is a tensor: name the rank of its tiles, too, e.g. `{example}`"
    if kind == "memory" and name in known["array"]:
        return f"{name} is an array or dimension: say what it unrolls under `parallel:`"
    if kind == "array" and name in known["memory"]:
        return f"{name} is a memory: say what it loops over under `loops:`"
    return ""


def _takes_every(statement: Statement, kind: str) -> bool:
    """Whether `every` can stand for a name: for ranks in front of an amount, for levels wherever loops or tiles are."""
    if kind == "rank":
        return isinstance(statement, (Factor, Tile))
    return kind in ("memory", "array") and not isinstance(statement, Kept)


def _known(layers: tuple[Einsum, ...], architecture: Architecture) -> dict[str, list[str]]:
    """What each kind of name can be, in order."""
    memories = [memory.name for memory in architecture.memories]
    tensors = [tensor for einsum in layers for tensor in einsum.tensors]
    arrays = [
        name for array in architecture.arrays for name in (array.name, *(f"{array.name}.{d}" for d, _ in array.shape))
    ]
    arrays += [dim for array in architecture.arrays for dim, _ in array.shape if architecture.dimension(dim)]
    return {
        "memory": memories,
        "array": arrays,
        "level": [*memories, *arrays, architecture.compute.name],
        "tensor": [*dict.fromkeys([t.name for t in tensors] + [t.role for t in tensors])],
        "rank": [*dict.fromkeys(rank for einsum in layers for rank in einsum.sizes)],
    }


def _without_rank(statement: Tile, layers: tuple[Einsum, ...]) -> Iterator[Mistake]:
    """A tensor has no size along a rank that it does not depend on."""
    here = [e for e in layers if statement.rank in e.sizes and e.kept_by((statement.tensor,))]
    depends = any(statement.rank in e.tensor(name).ranks for e in here for name in e.kept_by((statement.tensor,)))
    if here and not depends:
        message = f"{statement.tensor} does not depend on {statement.rank}, so its tiles have no size along it"
        yield Mistake(statement.place, message, "bound the loops over the rank instead, under `loops:`")


def _left_out(statement: Order, layers: tuple[Einsum, ...]) -> Iterator[Mistake]:
    """An order without `...` lists every rank of every layer; one of size 1 has no loops."""
    ranks = dict.fromkeys(rank for einsum in layers for rank, size in einsum.ranks if size > 1)
    missing = [rank for rank in ranks if rank not in statement.outer]
    if missing:
        message = f"the order leaves out {', '.join(missing)}"
        mend = f"list them too, or write `{REST}` where other loops may stand, or `p before q`"
        yield Mistake(statement.place, message, mend)


def _without_capacity(statement: Utilization, architecture: Architecture) -> Iterator[Mistake]:
    for memory in architecture.memories:
        if memory.name == statement.level and memory.capacity_bits is None:
            message = f"{memory.name} has no capacity, so there is no share of it"
            yield Mistake(statement.place, message, "name another level, or give the memory a capacity")


def violations(
    constraints: Constraints, einsum: Einsum, architecture: Architecture, mapping: LoopNest, file: str = ""
) -> list[Mistake]:
    """The statements that a mapping breaks, each at its place; `file` is the mapping's.

    Raises `SpecError` for names that nobody has.
    """
    check_names(constraints, [einsum], architecture)
    return bind(constraints, einsum, architecture).violations(mapping, file)


# what no mapping can meet


def impossible(limits: Limits, perfect: bool) -> list[Mistake]:
    """The statements that no mapping meets, whatever the others say, at their places and with the numbers.

    With `perfect` factors the sizes of loops and tiles divide the rank: 3 is no factor of 16.
    """
    return [
        Mistake(limit.statement.place, f"no mapping meets '{limit.statement.text}': {why}", mend)
        for limit in limits.limits
        for why, mend in _reasons(limit, limits, perfect)
    ]


def _reasons(limit: Limit, limits: Limits, perfect: bool) -> Iterator[tuple[str, str]]:
    if isinstance(limit, KeptLimit):
        yield from _refused(limit, limits)
    elif isinstance(limit, UnrollingLimit):
        for field in limit.fields:
            yield from _unmet(limit.amounts, limits.einsum, perfect, widest(limits.architecture, field), field[0])
    elif isinstance(limit, LoopLimit):
        yield from _unmet(limit.amounts, limits.einsum, perfect)
    elif isinstance(limit, TileLimit):
        for amounts in _of_kept(limit, limits):
            yield from _unmet(amounts, limits.einsum, perfect, is_tile=True)


def _of_kept(limit: TileLimit, limits: Limits) -> list[tuple[tuple[str, Amount], ...]]:
    """The amounts along the ranks of tensors that some memory always keeps; other tiles need not be there at all."""
    memories = [memory for memory in limits.architecture.memories if memory.name in limit.memories]
    kept = {name for memory in memories for name in limits.einsum.kept_by(memory.keeps)}
    return list(dict.fromkeys(amounts for tensor, amounts in limit.amounts if tensor in kept))


def _refused(limit: KeptLimit, limits: Limits) -> Iterator[tuple[str, str]]:
    """What the machine itself keeps, and what it cannot keep."""
    memory = limits.architecture.memory(limit.memory)
    keeps = limits.einsum.kept_by(memory.keeps)
    may = {*keeps, *limits.einsum.kept_by(memory.may_keep)}
    for names, said in ((limit.required - may, "cannot keep"), ({*keeps} - limit.allowed, "always keeps")):
        if names:
            listed = ", ".join(name for name in (t.name for t in limits.einsum.tensors) if name in names)
            where = replace(memory.place, path="")
            at = f" ({where})" if where != NOWHERE else ""
            message = f"in the architecture, {memory.name} {said} {listed}{at}"
            yield message, "change the statement, `keeps` or `may_keep`"


def _unmet(
    amounts: Sequence[tuple[str, Amount]],
    einsum: Einsum,
    perfect: bool,
    width: int | None = None,
    array: str = "",
    is_tile: bool = False,
) -> Iterator[tuple[str, str]]:
    """Ranks of which no factor (on an array of some width) or tile size is allowed."""
    for rank, amount in amounts:
        size = einsum.sizes[rank]
        # Trips of imperfect loops multiply to less than twice the rank.
        most = min(size if perfect or is_tile else 2 * size - 1, width or 2 * size)
        candidates = [d for d in divisors(size) if d <= most] if perfect else []
        if not any(amount.allowed(candidates)) and (perfect or amount.least(most) is None):
            of = f"rank {rank} has {size} point{'s' if size > 1 else ''}"
            room = f" and {array} has room for {width}" if width and width < size else ""
            listed = f"; its factors are {', '.join(map(str, candidates[:12]))}" if perfect else ""
            yield f"{of}{room}{listed}", "use one of them" if perfect else "allow less"
