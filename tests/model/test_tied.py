"""The engine for two tied ranks, against enumeration of all their tiles: nests of many loops, any band."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import polymap as pm
from polymap.architecture.hierarchy import Array
from polymap.model.band import Band
from polymap.model.nest import Access, Slot, nest
from polymap.model.quantities import Quantities
from polymap.model.tied import Tied
from polymap.workload.einsum import Affine, Tensor
from tests.oracles.tied_tiles import Enumerated

SHARES = Slot("", 1, Array("PE", (("X", 4),), multicast=True, reduction=True))
APART = Slot("", 2, Array("LANE", (("X", 4),), multicast=False, reduction=False))
SLOTS = st.sampled_from((Slot("", -1), Slot("", -1), Slot("", -1), SHARES, SHARES, APART))
TENSORS = ("ij", "id", "jd", "i", "j", "hi", "hj", "h", "hij", "")


@st.composite
def engines(draw: st.DrawFn) -> Tied:
    """A legal nest over i, j and two free ranks, temporal and spatial, with short last tiles, cut by a band."""
    most = {"i": 24, "j": 24, "d": 3, "h": 3}
    sizes = {rank: draw(st.integers(1, size)) for rank, size in most.items()}
    walked = [(rank, draw(trips(size))) for rank, size in sizes.items()]
    order = draw(st.permutations([rank for rank, mine in walked for _ in mine]))
    inwards = {rank: list(reversed(mine)) for rank, mine in walked}
    loops = [(Slot(rank, kind.array, kind.level), inwards[rank].pop()) for rank in order for kind in (draw(SLOTS),)]
    low = draw(st.integers(1 - sizes["j"], sizes["i"] - 1))
    high = low + draw(st.sampled_from((0, 1, 2, 4, 7, 30)))
    band = draw(st.sampled_from((Band("i", "j", low, high), Band("i", "j", low, None), Band("i", "j", None, high))))
    return Tied(nest(tuple(slot for slot, _ in loops), [trip for _, trip in loops]), sizes, band)


@st.composite
def trips(draw: st.DrawFn, size: int) -> list[int]:
    """Trips of the loops over a rank, outermost first: they cover it, and no iteration is always empty."""
    found: list[int] = []
    while (left := -(-size // prod(found))) > 1:
        found.insert(0, left if len(found) == 4 else draw(st.integers(2, left)))
    return found


def of(tensor: str, is_output: bool) -> Access:
    return Access.of(Tensor(tensor, tuple(Affine(((rank, 1),)) for rank in tensor), 16, tensor, is_output))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(engine=engines(), tensor=st.sampled_from(TENSORS), is_output=st.booleans(), places=st.data())
def test_counts_are_those_of_all_tiles_looked_at(
    engine: Tied, tensor: str, is_output: bool, places: st.DataObject
) -> None:
    slow, depth = Enumerated(engine.nest, engine.sizes, engine.band), len(engine.nest.slots)
    homes = [("L", 0), *(("L", at) for at in sorted(places.draw(st.lists(st.integers(0, depth), max_size=3))))]
    access = of(tensor, is_output)
    assert engine.quantities(access, homes) == slow.quantities(access, homes)
    assert (engine.cycles(), engine.used(2)) == (slow.cycles(), slow.used(2))
    assert engine.computes() == len(list(slow.points())) * engine.sizes["d"] * engine.sizes["h"]


def counted(sizes: dict[str, int], band: Band, loops: list[tuple[str, int]], tensor: str) -> tuple[Quantities, ...]:
    """A tensor at an outer memory and at one inside all loops."""
    slots = tuple(Slot(rank, -1) for rank, _ in loops)
    engine = Tied(nest(slots, [trip for _, trip in loops]), sizes, band)
    return engine.quantities(of(tensor, False), [("outer", 0), ("inner", len(loops))])


def test_a_long_causal_sequence_in_tiles_of_one_point_is_counted_from_its_sides() -> None:
    size = 2**16
    sizes, loops = {"i": size, "j": size}, [("i", size), ("j", size)]
    pairs = size * (size + 1) // 2
    inner = {tensor: counted(sizes, Band("i", "j", 0, None), loops, tensor)[1] for tensor in ("i", "j", "ij")}
    assert {tensor: row.fetched for tensor, row in inner.items()} == {"i": size, "j": pairs, "ij": pairs}
    assert {tensor: row.tile for tensor, row in inner.items()} == {"i": 1, "j": 1, "ij": 1}


def test_tiles_of_more_points_than_sixty_four_bits_can_square_are_measured() -> None:
    half = 2**30
    sizes = {"i": 2 * half - 1, "j": 2 * half - 1}
    slots, trips = tuple(Slot(rank, -1) for rank in "ijij"), [2, 2, half, half]
    engine = Tied(nest(slots, trips), sizes, Band("i", "j", 0, None))
    assert engine.quantities(of("ij", False), [("outer", 0), ("inner", 2)])[1].tile == half * (half - 1)
    assert engine.computes() == half * (2 * half - 1)


def test_instances_on_arrays_that_share_nothing_are_each_served() -> None:
    """Eight rows of instances on an array that shares nothing; along the columns one read serves two."""
    slots = (replace(APART, rank="i"), replace(APART, rank="i"), replace(SHARES, rank="j"))
    engine = Tied(nest(slots, [4, 2, 2]), {"i": 8, "j": 2, "h": 1}, Band("i", "j", 0, None))
    assert [row.crossing for row in engine.quantities(of("h", False), [("outer", 0), ("inner", 3)])] == [8, 15]


def test_the_shipped_causal_layer_reads_keys_up_to_the_diagonal() -> None:
    cost = pm.evaluate("causal_attention", "teaching", "teaching_causal_attention")
    heads, width, tokens, tile = 32, 128, 4096, 8
    assert cost.computes == heads * width * tokens * (tokens + 1) // 2
    rows = tokens // tile
    keys = cost.row("DRAM", "K")
    assert keys is not None
    assert keys.reads == heads * width * tile * rows * (rows + 1) // 2
