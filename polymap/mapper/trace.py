"""One mapping of least price, read off a dynamic program without the solver: an answer for those in a hurry."""

from __future__ import annotations

from collections.abc import Iterator

from polymap.mapper.build import Loops
from polymap.mapper.lattice import Index
from polymap.mapper.program import Payments, Prices, Program, Table
from polymap.mapper.states import Family, Open

TOLERANCE = 1e-9


def trace(program: Program, prices: Prices) -> list[Loops] | None:
    """Temporal loops of every gap, innermost gap first, of a mapping of least price; None if no tile fits."""
    table = program.to_go(prices)
    nodes, at = Open(), tuple(0 for _ in program.geometry.lattice.axes)
    if table[program.last][nodes][at] == float("inf"):
        return None
    gaps: list[Loops] = []
    for gap in range(program.last, 0, -1):
        loops: dict[int, int] = {}
        payments = Payments(program, prices, gap)
        while not _leaves(program, table, gap, nodes, at):
            rank, factor, nodes, at = _step(program, table, payments, nodes, at)
            loops[rank] = loops.get(rank, 1) * factor
        gaps.append(tuple(loops.items()))
        nodes |= program.states.opened[gap - 1]
    return gaps


def _leaves(program: Program, table: Table, gap: int, nodes: Open, at: Index) -> bool:
    """Whether leaving the gap is a least move."""
    value = table[gap][nodes][at]
    if gap == 1:
        return at == tuple(size - 1 for size in program.geometry.lattice.shape)
    outer = table[gap - 1][nodes | program.states.opened[gap - 1]][at] + program.masks[gap - 1][at]
    return bool(outer <= value * (1 + TOLERANCE))


def _step(program: Program, table: Table, payments: Payments, nodes: Open, at: Index) -> tuple[int, int, Open, Index]:
    """The move that leads on at least price: (rank, factor, open nodes, tile) after it."""
    family = next(family for family in program.states.families[payments.gap] if family.nodes == nodes)
    moves = _moves(program, table, payments, family, at)
    return min(moves, key=lambda move: move[0])[1]


def _moves(
    program: Program, table: Table, payments: Payments, family: Family, at: Index
) -> Iterator[tuple[float, tuple[int, int, Open, Index]]]:
    lattice, here = program.geometry.lattice, table[payments.gap]
    for rank in family.free:
        for factor, shift in lattice.prime_shifts(rank):
            there = tuple(a + s for a, s in zip(at, shift))
            if all(a < size for a, size in zip(there, lattice.shape)):
                yield float(here[family.nodes][there]), (rank, factor, family.nodes, there)
    for closing, factor, shift, price in payments.of(family):
        there = tuple(a + s for a, s in zip(at, shift))
        if all(a < size for a, size in zip(there, lattice.shape)):
            yield float(price[at] + here[closing.after][there]), (closing.rank, factor, closing.after, there)
