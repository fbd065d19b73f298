"""Tiles that slide along the loop just inside their storage node (`tiles_slide`): their room, and the best of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import permutations, product

import pytest

import polymap as pm
from polymap.architecture.hierarchy import Architecture, Array, Bandwidth, Compute, Level, Memory, Rate
from polymap.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal
from polymap.model import evaluate
from polymap.model.conventions import ACCELFORGE, POLYMAP, Conventions

SLIDING = pm.einsum("O[p] += I[p+r] * W[r]", p=4, r=3, bits=8)
DEEP = pm.einsum("O[p] += I[c,p+r] * W[c,r]", p=4, r=2, c=2, bits=8)
STRIDED = pm.einsum("O[p] += I[2*p+r] * W[r]", p=6, r=3, bits=8)
APART = pm.einsum("O[p] += I[3*p+r] * W[r]", p=4, r=2, bits=8)  # windows with gaps between them
NEST = """
DRAM holds I W O
buffer holds I
buffer holds W
for p in 2
for c in 2
for p in 2
for r in 2
compute
"""


def machine(words: int, keeps: tuple[str, ...], *below: Level, pj: int = 1) -> Architecture:
    """A buffer of so many 8-bit words below a memory that is far dearer."""
    far, near = Fraction(100), Fraction(pj)
    dram = Memory("DRAM", 8, far, far, far, bandwidth=Bandwidth(shared=Rate(Fraction(4))))
    buffer = Memory("buffer", 8, near, near, near, capacity_bits=8 * words, keeps=keeps)
    return Architecture("sliding", (dram, buffer, *below, Compute("MAC", Fraction(1))), Fraction(10**9))


def tiles(text: str, conventions: str) -> dict[str, int]:
    cost = pm.evaluate(DEEP, machine(64, ("I", "W")), text, conventions=conventions)
    return {row.tensor: row.tile_elements for row in cost.traffic if row.level == "buffer"}


def test_a_tile_has_the_room_of_one_step_of_the_loop_just_inside() -> None:
    assert tiles(NEST, "accelforge") == {"I": 2 * (2 + 2 - 1), "W": 2 * 2}
    assert tiles(NEST, "accelforge,tiles_slide=no") == {"I": 2 * (4 + 2 - 1), "W": 2 * 2}


def test_a_loop_further_inside_or_one_that_does_not_concern_the_tensor_takes_no_room_off() -> None:
    assert tiles(NEST.replace("for p in 2\nfor c in 2", "for c in 2\nfor p in 2", 1), "accelforge")["I"] == 5
    irrelevant = NEST.replace("p in", "q in").replace("r in", "p in").replace("q in 2\nfor c", "r in 2\nfor c")
    assert tiles(irrelevant.replace("q in 2", "p in 2"), "accelforge")["W"] == 2


def fills(text: str) -> int:
    rows = pm.evaluate(DEEP, machine(64, ("I", "W")), text, conventions="accelforge").traffic
    return next(row.fills for row in rows if (row.level, row.tensor) == ("buffer", "I"))


def test_what_the_loop_covers_is_fetched_once() -> None:
    inside = NEST.replace("buffer holds I\n", "").replace("for p in 2\nfor c", "for p in 2\nbuffer holds I\nfor c")
    assert (fills(NEST), fills(inside)) == (2 * 5, 2 * 2 * 3)


def test_only_what_fits_while_it_slides_is_legal() -> None:
    pm.evaluate(DEEP, machine(6 + 4, ("I", "W")), NEST, conventions="accelforge")
    with pytest.raises(pm.IllegalMapping, match="buffer has 72 bits but its tiles take 80 bits"):
        pm.evaluate(DEEP, machine(6 + 3, ("I", "W")), NEST, conventions="accelforge")


def test_the_outermost_node_of_a_tensor_holds_all_of_it() -> None:
    alone = Memory("only", 8, *(Fraction(1),) * 3, capacity_bits=8 * 8)
    arch = Architecture("alone", (alone, Compute("MAC", Fraction(1))), Fraction(10**9))
    with pytest.raises(pm.IllegalMapping, match="its tiles take"):
        pm.evaluate(SLIDING, arch, "only holds I W O\nfor p in 4\nfor r in 3\ncompute", conventions="accelforge")


def test_a_tile_that_stays_does_not_slide() -> None:
    with pytest.raises(pm.PolymapError, match="a tile that slides does not stay"):
        pm.evaluate(DEEP, machine(64, ("I", "W")), NEST, conventions="polymap,tiles_slide=yes")


def test_sliding_tiles_are_searched_in_the_uneven_mapspace_only() -> None:
    with pytest.raises(pm.SpecError, match="in the uneven mapspace only"):
        pm.optimize(DEEP, machine(64, ("I", "W")), conventions="accelforge", mapspace="even")


# the optimum


def every_nest(work: pm.Einsum, arch: Architecture) -> Iterator[Mapping]:
    """Every order of the buffer's nodes and of every choice of loops; all tensors begin in the outermost memory."""
    begin = Storage("DRAM", tuple(t.name for t in work.tensors))
    nodes: tuple[Node, ...] = tuple(Storage("buffer", (name,)) for name in work.kept_by(arch.memory("buffer").keeps))
    places = [(arch.dimension_label(array, dim), size) for array in arch.arrays for dim, size in array.shape]
    for loops in product(*(list(chains(rank, size, places)) for rank, size in work.ranks)):
        flat = tuple(loop for chain in loops for loop in chain)
        for order in dict.fromkeys(permutations((*nodes, *flat))):
            yield Mapping((begin, *order))


def chains(rank: str, size: int, places: list[tuple[str, int]]) -> Iterator[tuple[Loop, ...]]:
    """Every list of factors of a rank, spatial ones first."""
    for on, room in [("", 1), *places]:
        for wide in range(1, min(room, size) + 1):
            if size % wide == 0 and (wide > 1) == bool(on):
                spatial = (Spatial(rank, wide, on),) if on else ()
                yield from ((*spatial, *rest) for rest in factors(rank, size // wide))


def factors(rank: str, size: int) -> Iterator[tuple[Temporal, ...]]:
    if size == 1:
        yield ()
    for trip in range(2, size + 1):
        if size % trip == 0:
            yield from ((Temporal(rank, trip), *rest) for rest in factors(rank, size // trip))


def costs(work: pm.Einsum, arch: Architecture, rules: Conventions = ACCELFORGE) -> Iterator[pm.Cost]:
    for mapping in every_nest(work, arch):
        try:
            yield evaluate(work, arch, mapping, rules)
        except pm.IllegalMapping:
            continue


LANES = Array("PE", (("X", 2),))


@pytest.mark.parametrize("words", [3, 4, 5, 6, 7, 9])
@pytest.mark.parametrize(
    ("work", "keeps", "below"),
    [
        (SLIDING, ("I", "W", "O"), ()),
        (SLIDING, ("I",), (LANES,)),
        (DEEP, ("I", "O"), ()),
        (STRIDED, ("I", "W"), ()),
        (APART, ("I", "O"), ()),
    ],
    ids=["window", "lanes", "channels", "stride", "gaps"],
)
def test_no_nest_is_better_than_the_one_found(
    work: pm.Einsum, keeps: tuple[str, ...], below: tuple[Level, ...], words: int
) -> None:
    arch = machine(words, keeps, *below)
    truth = list(costs(work, arch))
    for objective in ("energy", "latency", "edp"):
        if not truth:
            with pytest.raises(pm.Infeasible):
                pm.optimize(work, arch, objective=objective, conventions="accelforge")
            continue
        found = pm.optimize(work, arch, objective=objective, conventions="accelforge")
        measure = {"energy": lambda c: c.energy, "latency": lambda c: c.latency, "edp": lambda c: c.edp}[objective]
        assert found.status == "optimal"
        assert measure(found.cost) == min(map(measure, truth))


@pytest.mark.parametrize("words", [3, 5, 8])
@pytest.mark.parametrize(("work", "keeps"), [(SLIDING, ("I",)), (DEEP, ("O",)), (STRIDED, ("I",))], ids=["I", "O", "s"])
def test_bound_and_value_hold_the_best_nest_between_them_where_neighbours_pass_tiles_on(
    work: pm.Einsum, keeps: tuple[str, ...], words: int
) -> None:
    spads = replace(machine(words, keeps).memory("buffer"), width_bits=16, cluster=2)
    dram, *_, mac = machine(words, keeps).hierarchy
    lanes = replace(LANES, links=keeps, multicast=False)  # to the computes they would be refused
    arch = Architecture("linked", (dram, lanes, spads, mac), Fraction(10**9))
    truth = list(costs(work, arch, POLYMAP))
    found = pm.optimize(work, arch, objective="energy", conventions="polymap")
    assert found.lower_bound <= min(cost.energy_pj for cost in truth) * 1e-12 * (1 + 1e-12) <= found.value * (1 + 2e-12)
