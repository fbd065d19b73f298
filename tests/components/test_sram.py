"""SRAM: CACTI's own numbers at the points of its sweep, a stated error between, laws, and what others get wrong."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polymap as pm
from polymap.components import sram_table
from polymap.components.isotonic import rising, rising_table
from polymap.components.itrs import own_supply_v
from polymap.components.model import CannotPrice, Given
from polymap.components.records import records
from polymap.components.sram import MODELS, UNITS, Memory, check, estimate, macro, values
from polymap.components.sram_setting import AGAINST_SILICON, BETWEEN_NODES, INTERPOLATION
from polymap.components.sram_sweep import QUANTITIES, doubling
from polymap.components.technology import Technology
from polymap.errors import SpecError

KIB = 8 * 1024
AMOUNTS = sorted(UNITS)
NODES = (22, 32, 45, 65, 90)
SWEEP = [row for row in records("cacti_sram") if row["device"] == "lstp" and row["ports"] == "1"]


def value(amount: str, memory: Memory, node_nm: float = 45.0, **rest: object) -> float:
    return estimate(amount, memory, Technology(node_nm, **rest)).value  # type: ignore[arg-type]


def memory_of(row: dict[str, str]) -> Memory:
    banks, ports = int(row["banks"]), int(row["ports"])
    return Memory(8 * int(row["capacity_bytes"]), int(row["width_bits"]), banks, ports, row["device"])


def written(row: dict[str, str], amount: str) -> float:
    return float(row[QUANTITIES[amount]])


def log_error(row: dict[str, str], amount: str) -> float:
    """Of CACTI's table at a row that it does not have."""
    found = macro(amount, memory_of(row), Technology(float(row["node_nm"])))
    return math.log(found.value / written(row, amount))


# the sweep


@pytest.mark.parametrize("amount", ["leakage", "delay"])
def test_points_of_the_sweep_are_cactis_own(amount: str) -> None:
    rows = [row for row in SWEEP if memory_of(row).words >= 64]
    assert len(rows) > 2000
    for row in rows:
        assert value(amount, memory_of(row), float(row["node_nm"])) == pytest.approx(written(row, amount), rel=1e-9)


@pytest.mark.parametrize("amount", ["read", "write", "area"])
def test_what_is_made_not_to_fall_stays_close_to_cacti(amount: str) -> None:
    rows = [row for row in SWEEP if memory_of(row).words >= 64]
    changes = [abs(value(amount, memory_of(row), float(row["node_nm"])) / written(row, amount) - 1) for row in rows]
    assert median(changes) < 0.003
    assert max(changes) < 0.35
    assert sorted(changes)[int(0.95 * len(changes))] < 0.07


# Median and 95th percentile of |predicted / CACTI - 1| in percent, at capacities and widths that no table has.
TARGETS = {"read": (3.5, 17.0), "write": (3.0, 10.4), "area": (2.7, 10.5), "leakage": (1.7, 8.5), "delay": (2.2, 8.4)}
HELD_OUT = [row for row in records("cacti_sram_held_out") if row["node_nm"] in ("22", "45", "65")]


@pytest.mark.parametrize("amount", AMOUNTS)
def test_between_the_points_the_error_is_as_stated(amount: str) -> None:
    logs = [log_error(row, amount) for row in HELD_OUT]
    errors = [abs(math.exp(log) - 1) * 100 for log in logs]
    assert len(errors) == 237
    assert np.median(errors) <= TARGETS[amount][0]
    assert np.percentile(errors, 95) <= TARGETS[amount][1]
    assert math.sqrt(sum(log * log for log in logs) / len(logs)) <= INTERPOLATION[amount] + 0.005


@pytest.mark.parametrize(
    ("amount", "most"), [("read", (1.4, 15.5)), ("write", (1.3, 12.5)), ("area", (1.0, 8.0)), ("delay", (0.6, 3.6))]
)
def test_nodes_that_the_table_lacks_are_interpolated_in_logarithms(amount: str, most: tuple[float, float]) -> None:
    rows = [row for row in records("cacti_sram_held_out") if row["node_nm"] in ("28", "40", "55")]
    logs = [log_error(row, amount) for row in rows]
    errors = [100 * abs(math.exp(log) - 1) for log in logs]
    assert len(errors) == 54
    assert math.sqrt(sum(log * log for log in logs) / len(logs)) <= BETWEEN_NODES[amount] + 0.005
    assert np.median(errors) <= most[0]
    assert np.percentile(errors, 95) <= most[1]


def test_weights_of_the_rows_make_the_number() -> None:
    found = estimate("read", Memory(100_000, 72, 3), Technology(40))
    (mean,) = found.origin.parts
    assert sum(row.weight or 0 for row in mean.parts) == pytest.approx(1)
    assert math.prod((row.value or 0) ** (row.weight or 0) for row in mean.parts) == pytest.approx(found.value)
    assert all("CACTI 7" in row.what for row in mean.parts)


@pytest.mark.parametrize("memory", [Memory(5 * KIB, 24, 12, 1, "hp"), Memory(900 * KIB, 80, 5, 2), Memory(KIB, 16)])
@pytest.mark.parametrize("amount", AMOUNTS)
def test_every_origin_multiplies_out(amount: str, memory: Memory) -> None:
    found = estimate(amount, memory, Technology(28, temperature_k=330))
    mean = found.origin.parts[0]
    rows = math.prod((row.value or 0) ** (row.weight or 0) for row in mean.parts)
    assert rows == pytest.approx(mean.value)
    assert math.prod(part.value or 0 for part in found.origin.parts) == pytest.approx(found.value)


# laws

CAPACITIES = st.floats(math.log2(64 * 64), 28)
WIDTHS = st.floats(3, 10)
KINDS = st.tuples(st.integers(1, 40), st.sampled_from([1, 2]), st.sampled_from(["lstp", "hp", "lop"]))


@given(CAPACITIES, CAPACITIES, WIDTHS, KINDS, st.floats(7, 180), st.sampled_from(["read", "write", "area"]))
def test_what_holds_more_is_not_smaller_and_costs_no_less(
    one: float, other: float, width: float, kind: tuple[int, int, str], node: float, amount: str
) -> None:
    wide, least = 2**width, 64 * 2**width * kind[0]
    small, large = (Memory(max(2**bits, least), wide, *kind) for bits in sorted((one, other)))
    assert value(amount, small, node) <= value(amount, large, node) * (1 + 1e-9)


@given(CAPACITIES, WIDTHS, WIDTHS, KINDS, st.floats(7, 180), st.sampled_from(["read", "write", "area"]))
def test_what_is_wider_is_not_smaller_and_costs_no_less(
    bits: float, one: float, other: float, kind: tuple[int, int, str], node: float, amount: str
) -> None:
    narrow, wide = sorted((2**one, 2**other))
    capacity = max(2**bits, 64 * wide * kind[0])
    narrower = value(amount, Memory(capacity, narrow, *kind), node)
    assert narrower <= value(amount, Memory(capacity, wide, *kind), node) * (1 + 1e-9)


@given(CAPACITIES, WIDTHS, st.sampled_from(["read", "write", "area", "delay"]))
def test_there_are_no_steps_at_the_nodes_of_the_table(bits: float, width: float, amount: str) -> None:
    memory = Memory(max(2**bits, 64 * 2**width), 2**width)
    for node in NODES:
        below, at, above = (value(amount, memory, node * factor) for factor in (1 - 1e-9, 1, 1 + 1e-9))
        assert below == pytest.approx(at, rel=1e-6)
        assert above == pytest.approx(at, rel=1e-6)


@given(WIDTHS, st.integers(1, 16), st.sampled_from(AMOUNTS), st.sampled_from([32, 64]))
def test_there_are_no_steps_where_flip_flops_end(width: float, banks: int, amount: str, words: int) -> None:
    below, at, above = (
        value(amount, Memory(words * 2**width * banks * factor, 2**width, banks)) for factor in (1 - 1e-9, 1, 1 + 1e-9)
    )
    assert below == pytest.approx(at, rel=1e-6)
    assert above == pytest.approx(at, rel=1e-6)


@given(st.floats(15, 24), st.floats(3, 8), st.sampled_from(AMOUNTS))
def test_there_is_no_step_from_8_banks_on(bits: float, width: float, amount: str) -> None:
    per_bank = 2**bits
    eight, nine = (value(amount, Memory(per_bank * banks, 2**width, banks)) for banks in (8, 9))
    ratio, _ = doubling(45.0, amount)
    assert nine / eight == pytest.approx(math.exp(ratio * math.log2(9 / 8)))


@pytest.mark.parametrize("amount", ["read", "write", "area", "leakage"])
def test_small_memories_of_class_sram_are_register_files(amount: str) -> None:
    found = estimate(amount, Memory(16 * 24, 24), Technology(40))
    assert "flip-flops" in found.origin.what
    assert "Aladdin" in " ".join(found.origin.citations)
    assert value(amount, Memory(16 * 24, 24)) < value(amount, Memory(16 * 48, 48))


def test_between_32_and_64_words_both_models_have_a_share() -> None:
    found = estimate("read", Memory(45 * 32, 32), Technology(45))
    assert len(found.origin.parts) == 2
    assert {"Aladdin", "CACTI"} <= set(" ".join(found.origin.citations).replace(",", "").split())


# what others get wrong


def test_90_nm_is_no_node_below_22_nm() -> None:
    energies = [value("read", Memory(8 * KIB, 64), node) for node in (7, 16, 22, 32, 45, 65, 90, 130, 180)]
    assert all(small < large for small, large in pairwise(energies))
    assert energies[6] == pytest.approx(20.75, rel=0.01)  # CACTI run at 90 nm; a branch error elsewhere gives 3.2
    assert value("read", Memory(8 * KIB, 64), 90.00000000000001) == pytest.approx(energies[6], rel=1e-9)


def test_three_banks_are_three_banks() -> None:
    for amount in ("read", "write", "area", "leakage"):
        two, three, four = (value(amount, Memory(64 * KIB, 64, banks)) for banks in (2, 3, 4))
        assert min(two, four) <= three <= max(two, four)
        assert three != four
    same_size = [value("area", Memory(banks * 16 * KIB, 64, banks)) for banks in (2, 3, 4)]
    assert same_size[1] == pytest.approx(3 * same_size[0] / 2, rel=0.1)
    leaking = [value("leakage", Memory(banks * 16 * KIB, 64, banks)) for banks in (2, 3, 4)]
    assert leaking[1] == pytest.approx(3 * leaking[0] / 2, rel=0.1)


# CACTI itself, which other tools replace by rules below 32 bits and below 64 words: 27 % over and 39 % under.
@pytest.mark.parametrize(("width", "words"), [(8, 64), (8, 1024), (16, 64), (16, 4096)])
def test_narrow_and_short_memories_are_cactis_own(width: int, words: int) -> None:
    row = next(r for r in SWEEP if r["node_nm"] == "45" and memory_of(r) == Memory(width * words, width))
    assert value("leakage", memory_of(row)) == pytest.approx(written(row, "leakage"))
    assert value("read", memory_of(row)) == pytest.approx(written(row, "read"), rel=0.12)


def test_leakage_of_a_memory_is_of_all_its_banks() -> None:
    one = value("leakage", Memory(64 * KIB, 64, 1))
    for banks in (2, 4, 8):
        assert one <= value("leakage", Memory(64 * KIB, 64, banks)) < 1.5 * one


def test_leakage_is_the_nearest_nodes_and_says_how_far_off_it_may_be() -> None:
    memory = Memory(64 * KIB, 64)
    assert value("leakage", memory, 65) > 4 * value("leakage", memory, 45)
    near = estimate("leakage", memory, Technology(47))
    assert near.value == pytest.approx(value("leakage", memory, 45), rel=0.1)
    far = estimate("leakage", memory, Technology(54))
    assert dict(far.errors)["cacti7_nodes"] > 3 * dict(near.errors)["cacti7_nodes"]


def test_node_voltage_and_temperature_show() -> None:
    memory = Memory(8 * KIB, 64)
    assert value("read", memory, 28) < value("read", memory, 40)
    assert value("read", memory, voltage_v=1.0) == pytest.approx(value("read", memory) / 1.1**2)
    assert value("leakage", memory, temperature_k=350) > 2 * value("leakage", memory)
    assert value("delay", memory, voltage_v=1.0) > value("delay", memory)


@pytest.mark.parametrize("device", ["lstp", "hp", "lop"])
def test_the_supply_of_a_device_has_no_steps(device: str) -> None:
    for node in (*NODES, 130):
        below, above = (own_supply_v(device, Technology(node * factor)) for factor in (1 - 1e-9, 1 + 1e-9))
        assert below == pytest.approx(above, rel=1e-6)


def test_devices_differ_as_cactis_do() -> None:
    lstp, hp, lop = (Memory(64 * KIB, 64, 1, 1, device) for device in ("lstp", "hp", "lop"))
    assert value("leakage", lstp) < value("leakage", lop) < value("leakage", hp)
    assert value("delay", hp) < value("delay", lop) < value("delay", lstp)
    assert value("read", lop) == pytest.approx(0.43 * value("read", lstp), rel=0.2)


def test_a_second_port_costs_what_cacti_says() -> None:
    rows = [row for row in records("cacti_sram") if row["ports"] == "2" and memory_of(row).words >= 64]
    assert len(rows) > 20
    for row in rows:
        for amount in ("leakage", "delay"):
            assert value(amount, memory_of(row)) == pytest.approx(written(row, amount), rel=1e-6)


@pytest.mark.parametrize("prices", ["sram", "register_file", "fifo", "dram"])
def test_a_write_costs_something_and_there_is_no_update(prices: str) -> None:
    """Elsewhere writes and updates of some memories are 0 by convention."""
    known = {"sram": {"capacity": "8 KiB"}, "dram": {"type": "lpddr4"}}.get(prices, {"words": 16})
    found = pm.component(prices, width="32 b", technology="45 nm", **known)
    assert found.action("write").energy_pj > 0
    with pytest.raises(SpecError, match="there are: read, write"):
        found.action("update")


# what is not covered


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        (Memory(2**29, 64), "64 MiB of 64 b, 1 bank, 1 port has more than the 32 MiB"),
        (Memory(2**20, 2048), "a width of 2048 b is outside of CACTI's sweep (8 to 1024 b)"),
        (Memory(2**20, 4), "a width of 4 b is outside"),
        (Memory(2**26, 8, 512), "512 banks are more than 256"),
        (Memory(64, 128), "a bank of 64 b holds no word of 128 b"),
        (Memory(32 * 64, 64, 1, 2), "fewer than CACTI's sweep of two ports has"),
    ],
)
def test_what_no_table_covers_is_refused(memory: Memory, said: str) -> None:
    with pytest.raises(CannotPrice) as refusal:
        check(memory, Technology(45))
    assert said in str(refusal.value)
    assert refusal.value.mend


def test_who_extrapolates_is_told_so() -> None:
    asked, memory = Technology(45, extrapolate=True), Memory(2**29, 64)
    check(memory, asked)
    found = estimate("area", memory, asked)
    assert found.origin.extrapolated
    assert found.value == pytest.approx(2 * value("area", Memory(2**28, 64)), rel=0.2)
    assert not estimate("area", Memory(2**28, 64), asked).origin.extrapolated


def test_32_banks_of_a_mebibyte_are_inside() -> None:
    check(Memory(2**28, 64, 32), Technology(45))
    assert dict(estimate("read", Memory(2**28, 64, 32), Technology(45)).errors)["cacti7_banks"] > 0.2


def test_a_supply_far_from_the_devices_own_is_refused() -> None:
    with pytest.raises(CannotPrice, match=r"too far from the 1\.10 V of lstp devices at 45 nm"):
        estimate("read", Memory(8 * KIB, 64), Technology(45, voltage_v=0.6))


def test_the_model_answers_for_given_attributes() -> None:
    model = MODELS[0]
    asked = Given({"capacity": 8 * KIB, "width": 64, "banks": 1, "ports": 1, "device": "lstp"}, Technology(45))
    model.check(asked)
    assert [model.energy(action.name, asked).unit for action in model.actions] == ["pJ", "pJ"]
    assert (model.area(asked).unit, model.leakage(asked).unit, model.delay("read", asked).unit) == ("um2", "uW", "ns")


# arrays and time


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize(("banks", "node"), [(1, 45.0), (3, 40.0), (32, 14.0)])
def test_arrays_have_the_values_of_single_questions(amount: str, banks: int, node: float) -> None:
    capacities = np.array([[2**10, 2**15], [3 * 2**20, 12345678]]) * banks
    widths = np.array([24.0, 100.0])
    found = values(amount, capacities, widths, Technology(node), banks)
    for place in np.ndindex(2, 2):
        alone = value(amount, Memory(float(capacities[place]), float(widths[place[1]]), banks), node)
        assert found[place] == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("banks", [1, 3])
def test_arrays_of_small_memories_have_the_values_of_single_questions(amount: str, banks: int) -> None:
    words, width = np.array([1, 20, 32, 33, 50, 64, 65]), 24
    found = values(amount, words * width * banks, width, Technology(16), banks)
    alone = [value(amount, Memory(int(each) * width * banks, width, banks), 16) for each in words]
    assert found == pytest.approx(np.array(alone), rel=1e-12)


def test_arrays_that_leave_the_table_are_refused() -> None:
    with pytest.raises(CannotPrice, match="2048 b is outside"):
        values("read", [2**20, 2**20], [64, 2048], Technology(45))
    with pytest.raises(CannotPrice, match="holds no word"):
        values("read", [2**20, 32], [64, 64], Technology(45))


# making tables rise


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=12))
def test_a_rising_sequence_is_left_alone_and_others_are_pooled(amounts: list[float]) -> None:
    found = rising(amounts)
    assert found == sorted(found)
    assert rising(sorted(amounts)) == sorted(amounts)
    assert min(amounts) * (1 - 1e-9) <= found[0]
    assert found[-1] <= max(amounts) * (1 + 1e-9)


def test_pooling_minimises_relative_errors() -> None:
    pool = rising([4.0, 2.0])[0]

    def cost(level: float) -> float:
        return (level / 4 - 1) ** 2 + (level / 2 - 1) ** 2

    assert cost(pool) < min(cost(pool * 1.01), cost(pool * 0.99))


@given(st.lists(st.lists(st.none() | st.floats(0.1, 10), min_size=4, max_size=4), min_size=1, max_size=5))
def test_tables_rise_along_rows_and_columns(table: list[list[float | None]]) -> None:
    found = rising_table(table)
    assert [[x is None for x in line] for line in found] == [[x is None for x in line] for line in table]
    for line in (*found, *zip(*found)):
        known = [amount for amount in line if amount is not None]
        assert known == sorted(known)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_the_rows_of_a_tree_are_those_that_the_number_is_made_of(amount: str) -> None:
    cube, at = sram_table.cube(("lstp", 45.0, 1), amount), sram_table.place(amount, 17.2, 5.7)
    corners = list(sram_table.corners(cube, 1.3, at))
    assert sum(corner.weight for corner in corners) == pytest.approx(1)
    by_corners = sum(c.weight * cube.logs[c.banks][c.capacity][c.width] for c in corners)
    assert sram_table.logarithm(cube, 1.3, at) == pytest.approx(by_corners, rel=1e-12)


# 64 b in 45 nm at 0.9 V: Horowitz, ISSCC 2014. A bit of a 4 MiB vector memory in 7 nm, read and written: TPU v4i.
PUBLISHED = [
    ("read", Memory(8 * KIB, 64), Technology(45, "hp", 0.9), 10.0),
    ("read", Memory(32 * KIB, 64), Technology(45, "hp", 0.9), 20.0),
    ("read", Memory(1024 * KIB, 64), Technology(45, "hp", 0.9), 100.0),
    ("read", Memory(4096 * KIB, 1024, 32), Technology(7), 0.249 * 1024),
    ("write", Memory(4096 * KIB, 1024, 32), Technology(7), 0.293 * 1024),
]


def test_published_accesses_lie_within_the_stated_error() -> None:
    logs = [math.log(estimate(what, memory, asked).value / pj) for what, memory, asked, pj in PUBLISHED]
    assert math.sqrt(sum(log * log for log in logs) / len(logs)) <= AGAINST_SILICON["read"]
