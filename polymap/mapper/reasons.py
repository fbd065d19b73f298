"""Why no mapping exists: limits that even the smallest tiles break."""

from __future__ import annotations

from collections.abc import Iterator

from polymap.architecture.hierarchy import Architecture, Memory
from polymap.errors import NOWHERE, Infeasible, Mistake
from polymap.mapper.space import Skeleton, skeletons
from polymap.mapping.tiles import elements
from polymap.workload.einsum import Einsum


def explain_infeasible(einsum: Einsum, architecture: Architecture, certain: bool = False) -> None:
    """Raise `Infeasible` if no choice of kept tensors lets the smallest possible tiles fit, naming each limit.

    The smallest tile at a stop is one point of the iteration domain, but whole along the ranks of tensors whose
    outermost memory is that stop or one inside it. If `certain`, infeasibility is known and something is raised in
    any case.
    """
    homeless = [t for t in einsum.tensors if not any(t.name in _allowed(einsum, m) for m in architecture.memories)]
    if homeless:
        raise Infeasible(
            Mistake(architecture.place, f"tensor {t.name} ({t.role}) is kept by no memory",
                    f"add {t.role} or {t.name} to `keeps` or `may_keep` of a memory")
            for t in homeless
        )  # fmt: skip
    broken = [list(_broken(skeleton)) for skeleton in skeletons(einsum, architecture)]
    if broken and all(broken):
        raise Infeasible(min(broken, key=len))
    if certain:
        raise Infeasible(Mistake(NOWHERE, "no tile sizes satisfy all limits together"))


def _allowed(einsum: Einsum, memory: Memory) -> tuple[str, ...]:
    return einsum.kept_by(None if memory.keeps is None else (*memory.keeps, *memory.may_keep))


def _broken(skeleton: Skeleton) -> Iterator[Mistake]:
    """One mistake for each memory whose smallest tiles do not fit."""
    whole: set[str] = set()
    for stop in reversed(range(len(skeleton.memories))):
        names = skeleton.kept[stop]
        for name in names:
            if skeleton.chains[name][0] == stop:
                whole |= skeleton.einsum.tensor(name).ranks
        sizes = {rank: size if rank in whole else 1 for rank, size in skeleton.einsum.ranks}
        mistake = _overfull(skeleton, stop, sizes)
        if mistake:
            yield mistake


def _overfull(skeleton: Skeleton, stop: int, sizes: dict[str, int]) -> Mistake | None:
    memory = skeleton.memories[stop]
    if memory.capacity_bits is None:
        return None
    tensors = [skeleton.einsum.tensor(name) for name in skeleton.kept[stop]]
    tiles = [(t, elements(t, sizes), memory.element_bits(t)) for t in tensors]
    needed = memory.buffering * sum(count * bits for _, count, bits in tiles)
    if needed <= memory.capacity_bits:
        return None
    shares = ", ".join(f"{t.name} {count} x {bits} b" for t, count, bits in tiles)
    buffered = f", times {memory.buffering} for buffering" if memory.buffering > 1 else ""
    least = f"the smallest tiles it must keep need {needed} b ({shares}{buffered})"
    message = f"{memory.name} holds {memory.capacity_bits} b; {least}"
    return Mistake(memory.place, message, f"raise the capacity of {memory.name} or let it keep less")
