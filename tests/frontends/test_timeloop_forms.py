"""Forms of Timeloop's sections that say the same: older spellings, shorter ones, and what that tool takes anyway."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import polymap as pm
from polymap.frontends.timeloop import Converted, convert
from tests.frontends.documents import level, told
from tests.frontends.inputs import ERT, written

TABLES_0_2 = """\
ERT:
  version: 0.2
  tables:
    system.DRAM[1..1]: {read: {energy: 200.0}, write: {energy: 210.0}}
    system.GLB[1..1]:
      read: [{arguments: {}, energy: 6.0}]
      write: [{arguments: {data: 0}, energy: 6.5}, {arguments: {data: 1}, energy: 6.75}]
      update: {energy: 7.0}
      leak: {energy: 0.125}
    system.RF[1..4]: {read: {energy: 0.5}, write: {energy: 0.6}}
    system.MAC[1..4]: {compute: {energy: 1.25}}
"""
BUFFER = "word_bits: 16, meshX: 1, meshY: 1, entries: 1024, power_gated_at: null"


def converted(folder: Path, **changes: tuple[str, str]) -> Converted:
    folder.mkdir(exist_ok=True)
    return convert(written(folder, changes))


def documents(found: Converted) -> tuple[dict[str, Any], ...]:
    return found.architecture, found.workload, found.mapping


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("architecture", ("version: '0.4'", "version: 0.2")),
        ("architecture", ("meshX: 4, meshY: 1, entries", "meshX: 4, entries")),
        ("architecture", ("meshX: 4, meshY: 1, entries", "meshY: 1, entries")),
        ("architecture", ("meshX: 4, meshY: 1, entries", "instances: 4, entries")),
        ("architecture", ("meshX: 4, meshY: 1, entries", "entries")),
        ("architecture", ("RF[1..4]", "RF[0..3]")),
        ("architecture", ("entries: 1024", "depth: 1024")),
        ("architecture", ("entries: 1024", "memory_depth: 1024")),
        ("architecture", ("entries: 1024", "sizeKB: 2")),
        ("architecture", ("entries: 1024", "entries: 1024, depth: 7")),
        ("architecture", ("word_bits: 16, meshX: 1, meshY: 1, block_size: 4", "word-bits: 16, block-size: 4")),
        ("architecture", ("word_bits: 16, meshX: 1, meshY: 1, block_size: 4", "datawidth: 16, width: 64")),
        ("architecture", ("entries: 16}", "entries: 16, network-type: '1:N'}")),
        ("problem", ("data_spaces", "data-spaces")),
        ("problem", ("read_write", "read-write")),
        ("problem", ("[[[K]], [[R]]]", "[K, R]")),
        ("problem", ("  instance: {R: 3, P: 8, K: 4}", "  R: 3\n  P: 8\n  K: 4")),
        ("problem", ("K: 4}", "K: 4, densities: {Inputs: 1.0, Weights: {distribution: fixed, density: 1}}}")),
        ("problem", ("K: 4}", "K: 4, commonDensity: 1.0}")),
        ("problem", ("    - name: Weights\n", "    - name: Weights\n      ranks: [A, B]\n")),
        ("mapping", ("factors: R=3 P=4 K=1", "factors: R3 P4")),
        ("mapping", ("factors: R=3 P=4 K=1", "factors: 'R = 3, P=4,4, K==1'")),
        ("mapping", ("factors: R=3 P=4 K=1", "factors: 'R=3 P=4 # the rest is 1'")),
        ("mapping", ("factors: R=3 P=4 K=1", "factors: R=0 P=4")),
        ("mapping", ("factors: R=3 P=4 K=1", "factors: [R=3, P=4]")),
        ("mapping", ("permutation: PRK", "permutation: 'P, R, K'")),
        ("mapping", ("permutation: PRK", "permutation: P R")),
        ("mapping", ("permutation: PRK", "permutation: [P, R]")),
        ("mapping", ("type: bypass, bypass: [Weights]", "type: datatype, bypass: [Weights], keep: [Inputs, Outputs]")),
        ("mapping", ("type: bypass, bypass: [Weights]", "type: datatype, keep: [Weights], bypass: [Weights]")),
        (
            "mapping",
            (
                "- {target: GLB, type: bypass, bypass: [Weights]}",
                "- {target: GLB, type: bypass, bypass: [Weights, Inputs]}\n"
                "- {target: GLB, type: datatype, keep: [Inputs]}",
            ),
        ),
        ("mapping", ("- {target: RF, type: temporal, factors: R=1 P=1 K=1, permutation: RPK}\n", "")),
        ("ert", (ERT, TABLES_0_2)),
        ("ert", ("{name: compute, arguments: {}, energy: 1.25}", "{name: mac_random, arguments: {}, energy: 1.25}")),
    ],
)
def test_what_says_the_same_becomes_the_same(tmp_path: Path, section: str, change: tuple[str, str]) -> None:
    assert documents(converted(tmp_path / "other", **{section: change})) == documents(converted(tmp_path / "own"))


def test_compute_units_may_stand_above_memories(tmp_path: Path) -> None:
    mac = "    - name: MAC[1..4]\n      class: intmac\n      attributes: {datawidth: 16, meshX: 4, meshY: 1}\n"
    architecture = Path(written(tmp_path)[0]).read_text()
    first = architecture.replace(mac, "").replace("    - name: DRAM", f"{mac}    - name: DRAM")
    above = converted(tmp_path / "above", architecture=(architecture, first))
    assert documents(above) == documents(converted(tmp_path / "own"))


def test_components_of_other_classes_are_left_out_and_told(tmp_path: Path) -> None:
    extra = "    - {name: adder, class: intadder, attributes: {width: 16}}\n    - name: MAC"
    found = converted(tmp_path, architecture=("    - name: MAC", extra))
    assert documents(found) == documents(converted(tmp_path / "own"))
    assert told(found, "`intadder` is the class of neither a memory nor a compute unit, so adder is left out")


@pytest.mark.parametrize(
    ("section", "change", "text"),
    [
        ("architecture", ("entries: 1024", "entries: 1024, depth: 7"), "`entries` says the size, so `depth` is not"),
        ("mapping", ("factors: R=3 P=4 K=1", "factors: R=0 P=4"), "a factor of 0 is the whole bound"),
        ("mapping", ("type: bypass,", "type: datatype, keep: [Weights],"), "Weights is kept and bypassed"),
    ],
)
def test_what_that_tool_takes_its_own_way_is_told(
    tmp_path: Path, section: str, change: tuple[str, str], text: str
) -> None:
    assert told(converted(tmp_path, **{section: change}), text)


def test_the_compute_units_energy_is_the_tables_then_the_users_then_the_builtin_one(tmp_path: Path) -> None:
    change = {"architecture": ("datawidth: 16, meshX: 4, meshY: 1", "datawidth: 16, meshX: 4, meshY: 1, energy: 2.5")}
    files = written(tmp_path, change)
    assert level(convert(files), "MAC")["energy"] == "1.25 pJ"
    assert level(convert(files[:3]), "MAC")["energy"] == "2.5 pJ"
    assert level(convert(written(tmp_path)[:3]), "MAC")["energy"] == "1 pJ"


def test_the_first_action_of_that_tools_list_is_the_compute(tmp_path: Path) -> None:
    both = "{name: compute, arguments: {}, energy: 1.25}\n    - {name: mac_random, arguments: {}, energy: 3.5}"
    found = converted(tmp_path, ert=("{name: compute, arguments: {}, energy: 1.25}", both))
    assert level(found, "MAC")["energy"] == "3.5 pJ"


def test_a_wires_energy_of_the_table_is_in_single_precision_and_zero_is_none(tmp_path: Path) -> None:
    (single,) = struct.unpack("f", struct.pack("f", 0.1))
    hops = []
    for energy in (0.1, 0.0):
        wire = f"  - {{name: system.wire, actions: [{{name: transfer_random, arguments: {{}}, energy: {energy}}}]}}\n"
        attributes = BUFFER.replace("entries: 1024", "entries: 1024, tile_width: 1000, wire_energy: 0.25")
        change = {"ert": ("  - name: system.MAC", f"{wire}  - name: system.MAC"), "architecture": (BUFFER, attributes)}
        hops.append(level(converted(tmp_path, **change), "GLB_array")["network"]["hop"])
    assert [Fraction(hop.removesuffix(" pJ")) for hop in hops] == [16 * Fraction(single), 4]


def test_a_network_may_have_a_word_of_its_own(tmp_path: Path) -> None:
    attributes = BUFFER.replace("entries: 1024", "entries: 1024, tile_width: 1000, wire_energy: 0.25")
    wide = attributes.replace("tile_width", "network_word_bits: 32, tile_width")
    found = converted(tmp_path, architecture=(BUFFER, wide))
    assert level(found, "GLB_array")["network"]["hop"] == "8 pJ"


def test_a_distributed_multicast_is_a_habit_of_the_memory(tmp_path: Path) -> None:
    found = converted(tmp_path, architecture=("entries: 16}", "entries: 16, network_type: 'M:N'}"))
    assert level(found, "RF")["distributes"] is True


@pytest.mark.parametrize(
    ("setting", "value", "choice"),
    [
        ("TIMELOOP_ENABLE_FIRST_READ_ELISION", 0, "first_updates_read=yes"),
        ("TIMELOOP_ENABLE_UPDATED_RMW", 1, "sums_are_fetched=no"),
        ("TIMELOOP_DISABLE_TEMPORAL_EXTRAPOLATION", 1, "extrapolates=no"),
        ("TIMELOOP_RUN_LAST_ITERATION", 1, "last_runs=yes"),
    ],
)
def test_a_setting_of_the_run_says_which_conventions_it_means(
    tmp_path: Path, setting: str, value: int, choice: str
) -> None:
    for given, lines in ((value, 1), (1 - value, 0)):
        found = converted(tmp_path, ert=("ERT:", f"globals: {{environment_variables: {{{setting}: {given}}}}}\nERT:"))
        assert len(told(found, f"use `--conventions timeloop,{choice}`")) == lines


def test_a_setting_of_the_run_that_is_not_modelled_is_refused(tmp_path: Path) -> None:
    settings = "globals: {environment_variables: {TIMELOOP_USE_ISL: 1}}\nERT:"
    with pytest.raises(pm.SpecError, match="a run with TIMELOOP_USE_ISL is not modelled"):
        converted(tmp_path, ert=("ERT:", settings))


def test_a_converted_machine_without_overlapping_tiles_is_searched(tmp_path: Path) -> None:
    found = converted(
        tmp_path,
        problem=("[[[R], [P, stride]]]", "[[[R]], [[P]]]"),
        architecture=(", power_gated_at: null", ""),
    )
    assert "network" not in level(found, "GLB_array")
    best = pm.optimize(pm.workload(found.workload), pm.architecture(found.architecture), conventions="timeloop")
    assert isinstance(best, pm.Result)
    assert best.status == "optimal"
