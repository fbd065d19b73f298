"""Timeloop's sections become documents that say the same; what they cannot say is told with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import polymap as pm
from polymap.frontends.timeloop import Converted, convert, ignored
from tests.frontends.documents import level
from tests.frontends.inputs import ARCHITECTURE, written


def converted(tmp_path: Path, **changes: tuple[str, str]) -> Converted:
    return convert(written(tmp_path, changes))


LONG = "9" * 5000


def refusal(tmp_path: Path, **changes: tuple[str, str]) -> str:
    with pytest.raises(pm.SpecError) as caught:
        converted(tmp_path, **changes)
    return str(caught.value)


def component_refusals(tmp_path: Path, name: str) -> str:
    """What is wrong where a memory has the attribute in place of its size."""
    try:
        converted(tmp_path, architecture=("entries: 1024, power_gated_at: null", f"{name}: 1"))
    except pm.SpecError as error:
        return str(error)
    return ""


def evaluated(found: Converted) -> pm.Cost:
    work = pm.workload(found.workload)
    assert isinstance(work, pm.Einsum)
    return pm.evaluate(work, pm.architecture(found.architecture), pm.mapping(found.mapping), conventions="timeloop")


def test_the_problem_becomes_an_einsum(tmp_path: Path) -> None:
    found = converted(tmp_path).workload
    assert found["einsum"] == "Outputs[K,P] += Weights[K,R] * Inputs[R+P]"
    assert found["ranks"] == {"R": 3, "P": 8, "K": 4}


def test_coefficients_come_from_the_instance_before_their_default(tmp_path: Path) -> None:
    found = converted(tmp_path, problem=("K: 4}", "K: 4, stride: 2}"))
    assert found.workload["einsum"] == "Outputs[K,P] += Weights[K,R] * Inputs[R+2*P]"


def test_the_mapping_is_listed_outermost_first_without_unit_loops(tmp_path: Path) -> None:
    found = converted(tmp_path)
    assert str(pm.mapping(found.mapping)).split("\n") == [
        "DRAM holds Weights Inputs Outputs",
        "for P in 2",
        "GLB holds Inputs Outputs",
        "for R in 3",
        "for P in 4",
        "parallel K in 4 on GLB_array.X",
        "RF holds Weights Inputs Outputs",
        "compute",
    ]


def test_the_split_sends_the_dimensions_after_it_along_y(tmp_path: Path) -> None:
    found = converted(
        tmp_path,
        architecture=("meshX: 4, meshY: 1", "meshX: 1, meshY: 4"),
        mapping=("permutation: KRP, split: 1", "permutation: KRP, split: 0"),
    )
    assert level(found, "GLB_array")["shape"] == {"X": 1, "Y": 4}
    assert "parallel K in 4 on GLB_array.Y" in str(pm.mapping(found.mapping))


def test_energies_come_from_the_table_and_the_largest_of_an_action_counts(tmp_path: Path) -> None:
    found = converted(tmp_path)
    assert level(found, "GLB")["energy"] == {"read": "6 pJ", "write": "6.75 pJ", "update": "7 pJ"}
    assert level(found, "GLB")["leakage"] == "0.125 mW"
    assert level(found, "MAC")["energy"] == "1.25 pJ"


def test_an_update_that_the_table_does_not_have_costs_a_write(tmp_path: Path) -> None:
    assert level(converted(tmp_path), "RF")["energy"]["update"] == "0.6 pJ"


def test_without_a_table_the_builtin_energies_count(tmp_path: Path) -> None:
    found = convert(written(tmp_path)[:3])
    assert level(found, "DRAM")["energy"]["read"] == "800 pJ"
    assert level(found, "MAC")["energy"] == "1 pJ"


def test_the_users_energy_wins_over_the_table(tmp_path: Path) -> None:
    found = converted(tmp_path, architecture=("entries: 1024", "entries: 1024, vector_access_energy: 3.5"))
    assert level(found, "GLB")["energy"] == {"read": "3.5 pJ", "write": "3.5 pJ", "update": "3.5 pJ"}
    assert "leakage" not in level(found, "GLB")


def test_a_width_makes_blocks_of_words(tmp_path: Path) -> None:
    found = converted(tmp_path, architecture=("entries: 1024", "width: 64, depth: 256"))
    assert (level(found, "GLB")["width"], level(found, "GLB")["capacity"]) == ("64 b", "1024 words")


def test_a_width_that_is_not_blocks_of_words_is_refused_at_its_place(tmp_path: Path) -> None:
    text = refusal(tmp_path, architecture=("entries: 1024", "width: 40, depth: 256"))
    assert "architecture.yaml:12:62 (architecture.subtree[0].local[1].attributes.width): 2 words x 16 b x 1" in text


def test_an_old_bandwidth_is_half_for_reads_and_half_for_writes(tmp_path: Path) -> None:
    found = converted(tmp_path, architecture=("entries: 1024", "entries: 1024, bandwidth: 3"))
    assert level(found, "GLB")["bandwidth"] == {"read": "1.5 words/cycle", "write": "1.5 words/cycle"}


def test_networks_carry_their_energies_and_latencies(tmp_path: Path) -> None:
    attributes = "entries: 1024, energy_per_hop: 0.5, router_energy: 0.25, network_fill_latency: 7"
    network = level(converted(tmp_path, architecture=("entries: 1024", attributes)), "GLB_array")["network"]
    assert network == {"links": ["Inputs"], "hop": "0.5 pJ", "router": "0.25 pJ", "fill_latency": 7}


def test_a_wire_costs_its_length_and_width(tmp_path: Path) -> None:
    attributes = "entries: 1024, wire_energy: 0.1, tile_width: 500"
    found = converted(tmp_path, architecture=("entries: 1024", attributes))
    assert level(found, "GLB_array")["network"]["hop"] == "0.8 pJ"


def test_without_a_length_a_wire_is_as_long_as_a_childs_tile_is_wide(tmp_path: Path) -> None:
    files = written(tmp_path, {"architecture": ("entries: 1024", "entries: 1024, wire_energy: 0.1")})
    art = tmp_path / "art.yaml"
    art.write_text('ART: {tables: [{name: "s.RF[1..4]", area: 1800.0}, {name: "s.MAC[1..4]", area: 700.0}]}')
    found = convert([*files, str(art)])
    assert level(found, "GLB_array")["network"]["hop"] == "0.08 pJ"
    assert level(found, "RF")["area"] == "1800 um2"
    assert level(found, "MAC")["area"] == "700 um2"
    assert level(convert(files), "GLB_array")["network"] == {"links": ["Inputs"]}


def test_tensors_without_reuse_are_not_multicast(tmp_path: Path) -> None:
    found = converted(tmp_path, mapping=("split: 1", "split: 1, no_reuse: [Inputs], no_link_transfer: [Outputs]"))
    assert level(found, "GLB_array")["network"] == {"multicast": ["Weights"], "links": ["Inputs"]}


def test_without_links_of_the_tensor_whose_tiles_overlap_a_network_has_none(tmp_path: Path) -> None:
    found = converted(tmp_path, mapping=("split: 1", "split: 1, no_link_transfer: [Inputs]"))
    assert "network" not in level(found, "GLB_array")


def test_a_tensor_that_is_fetched_again_may_come_from_a_neighbour(tmp_path: Path) -> None:
    change = ("R=1 P=1 K=1, permutation: RPK}", "R=1 P=1 K=1, permutation: RPK, no_temporal_reuse: [Weights]}")
    assert level(converted(tmp_path, mapping=change), "GLB_array")["network"] == {"links": ["Weights", "Inputs"]}


def test_the_files_may_come_in_any_order_and_as_one(tmp_path: Path) -> None:
    files = written(tmp_path)
    one = tmp_path / "all.yaml"
    one.write_text("".join(Path(file).read_text() for file in files))
    assert convert(files) == convert(files[::-1])
    assert convert(files).files() == convert([str(one)]).files()


def test_older_versions_spell_with_hyphens(tmp_path: Path) -> None:
    older = convert(written(tmp_path, {"problem": ("data_spaces", "data-spaces")}))
    assert older == converted(tmp_path, problem=("read_write", "read-write"))


def test_what_is_left_out_is_told_with_its_reason(tmp_path: Path) -> None:
    files = written(tmp_path, {"ert": ("ERT:", "mapper: {timeout: 10}\nERT:")})
    section, attribute = convert(files).left_out
    assert section.endswith("ert.yaml:1:1 (mapper): steers the search, not the model")
    assert attribute.endswith("attributes.technology): default for the components below, which repeat it")


def test_what_is_left_out_for_one_reason_in_many_places_is_one_line(tmp_path: Path) -> None:
    text = "meshX: 4, meshY: 1"
    files = written(tmp_path, {"architecture": (text, text + ", nports: 2")})
    told = [line for line in convert(files).left_out if "nports" in line]
    assert len(told) == 1
    assert "local[2].attributes.nports) and 1 more place: read by the energy estimator" in told[0]


def test_a_near_name_is_offered_for_a_key_of_the_instance(tmp_path: Path) -> None:
    (told, _) = converted(tmp_path, problem=("K: 4}", "K: 4, Stride: 2}")).left_out[::-1]
    assert told.endswith("did you mean `stride`?")


@pytest.mark.parametrize("name", ignored.MODELLED)
def test_what_the_model_takes_from_a_component_is_known_to_a_container(tmp_path: Path, name: str) -> None:
    found = converted(tmp_path, architecture=("technology: 45nm", f"{name}: 1"))
    assert found.left_out[0].endswith(ignored.DEFAULTS)
    text = component_refusals(tmp_path, name)
    assert f"`{name}` is not a key here" not in text


def test_the_cost_is_that_of_a_count_by_hand(tmp_path: Path) -> None:
    cost = evaluated(converted(tmp_path))
    assert (cost.cycles, cost.computes) == (24, 96)
    weights, outputs = cost.row("DRAM", "Weights"), cost.row("GLB", "Outputs")
    assert weights
    assert outputs
    # 3 kernel rows for each of 4 channels, fetched again for the second tile of outputs: GLB does not keep them.
    assert weights.reads == 2 * 3 * 4
    # The kernel rows stand outside the outputs: each adds to every output, and all but the first read what is there.
    assert (outputs.updates, outputs.reads) == (3 * 32, 2 * 32)


def test_factors_cut_by_a_comma_of_the_file_are_refused(tmp_path: Path) -> None:
    text = refusal(tmp_path, mapping=("factors: R=3 P=4 K=1", "factors: R=3 P=4,3 K=1"))
    assert "`3 K=1` is not a key here" in text


def test_imperfect_factors_run_as_many_cycles_as_their_trips(tmp_path: Path) -> None:
    changes = {"mapping": ("factors: R=3 P=4 K=1", "factors: 'R=3 P=4,3 K=1'"), "problem": ("P: 8", "P: 7")}
    cost = evaluated(convert(written(tmp_path, changes)))
    assert (cost.cycles, cost.computes) == (24, 84)


@pytest.mark.parametrize(
    ("section", "change", "told"),
    [
        ("architecture", ("entries: 1024", "entrys: 1024"), "attributes.entrys): `entrys` is not a key here"),
        ("architecture", ("class: SRAM", "class: XY_NoC"), "user-defined networks are not modelled"),
        ("architecture", ("entries: 16}", "entries: 16, sizeKB: 1}"), "`entries` and `sizeKB` both say the size"),
        ("architecture", ("entries: 16}", "entries: 16, instances: 3}"), "4 x 1 are not the 3 `instances`"),
        ("architecture", ("entries: 16}", "min_utilization: 0.5}"), "a memory without a size has no utilization"),
        ("architecture", ("entries: 16}", "network_type: 'M:M'}"), "there is no network of type M:M"),
        ("architecture", ("block_size: 4", "cluster_size: 4"), "a DRAM has no clusters"),
        ("architecture", ("power_gated_at: null", "power_gated_at: PE"), "there is no memory `PE`"),
        ("architecture", ("  subtree:\n", "  local: []\n  subtree:\n"), "components stand outside the tree"),
        ("architecture", ("RF[1..4]", "RF[4..1]"), "`RF[4..1]` is no name with a range"),
        ("architecture", ("RF[1..4]", f"RF[1..{LONG}]"), "is no name with a range"),
        ("mapping", ("target: GLB, type: spatial", "target: DRAM, type: spatial"), "DRAM has one child"),
        ("architecture", ("'0.4'", "'0.1'"), "version `0.1` is not read"),
        ("architecture", ("meshX: 4, meshY: 1, entries", "meshX: 3, meshY: 1, entries"), "are not a multiple of"),
        (
            "architecture",
            ("meshX: 4, meshY: 1, entries", "meshX: 3, entries"),
            "3 along one dimension do not divide the 4",
        ),
        ("problem", ("'0.4'", "banana"), "version `banana` is not read"),
        ("ert", ("'0.4'", "banana"), "version `banana` is not read"),
        ("problem", ("[[R], [P, stride]]", "[[R], [S, stride]]"), "`S` is no dimension"),
        ("problem", ("      read_write: true\n", ""), "there is not one output and at least one input"),
        ("problem", ("K: 4}", "K: 4, densities: {Inputs: 0.5}}"), "sparse tensors are not modelled"),
        ("problem", ("[R, P, K]", "[R, P, K, N]"), "`N` of `instance` is missing"),
        ("mapping", ("factors: R=3 P=4 K=1", "factors: R=3 P=5 K=1"), "the loops over P cover 10, but its bound is 8"),
        ("mapping", ("target: RF", "target: PE"), "the architecture has no memory `PE`"),
        ("mapping", ("bypass: [Weights]", "bypass: [W]"), "`W` is no tensor"),
        ("mapping", ("split: 1", "split: 1, flatten: 2"), "`flatten` is not a key here"),
        ("mapping", ("permutation: PRK", "permutation: PRR"), "`R` is no dimension, or is listed twice"),
        ("mapping", ("factors: R=3 P=4 K=1", "factors: R3 P4 K"), "cannot read the factors from `K`"),
        ("mapping", ("factors: R=3 P=4 K=1", f"factors: R=3 P={LONG} K=1"), "cannot read the factors from `P=9"),
        ("mapping", ("factors: R=3 P=4 K=1", f"factors: 'R=3 P=4,{LONG} K=1'"), "cannot read the factors from `9"),
    ],
)
def test_what_cannot_be_converted_is_named(tmp_path: Path, section: str, change: tuple[str, str], told: str) -> None:
    text = refusal(tmp_path, **{section: change})
    assert told in text
    assert f"{section}.yaml:" in text


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    with pytest.raises(pm.SpecError, match="there is no section `mapping`"):
        convert(written(tmp_path)[:2])


def test_a_section_in_two_files_is_refused(tmp_path: Path) -> None:
    files = written(tmp_path)
    with pytest.raises(pm.SpecError, match="the section `architecture` is given twice"):
        convert([*files, *files[:1]])


@pytest.mark.parametrize(
    ("change", "key", "updates", "reads", "fills"),
    [
        (("permutation: PRK}", "permutation: PRK, rmw_first_update: [Outputs]}"), "reads_first", 96, 96, 32),
        (("bypass: [Weights]", "bypass: [Weights], no_coalesce: [Outputs]"), "passes_through", 96, 96, 96),
    ],
)
def test_how_first_updates_are_made_is_a_habit_of_the_memory(
    tmp_path: Path, change: tuple[str, str], key: str, updates: int, reads: int, fills: int
) -> None:
    found = converted(tmp_path, mapping=change)
    assert level(found, "GLB")[key] == ["Outputs"]
    outputs = evaluated(found).row("GLB", "Outputs")
    assert outputs
    assert (outputs.updates, outputs.reads, outputs.fills) == (updates, reads, fills)


def test_without_reuse_in_time_every_step_fetches_its_tile(tmp_path: Path) -> None:
    change = ("R=1 P=1 K=1, permutation: RPK}", "R=1 P=1 K=1, permutation: RPK, no_temporal_reuse: [Weights]}")
    weights = evaluated(converted(tmp_path, mapping=change)).row("RF", "Weights")
    assert weights
    assert weights.fills == 4 * 24


def test_other_conventions_refuse_the_habits_that_they_do_not_count(tmp_path: Path) -> None:
    change = ("R=1 P=1 K=1, permutation: RPK}", "R=1 P=1 K=1, permutation: RPK, no_temporal_reuse: [Weights]}")
    found = converted(tmp_path, mapping=change)
    work = pm.workload(found.workload)
    assert isinstance(work, pm.Einsum)
    with pytest.raises(pm.PolymapError, match="of RF are not counted here"):
        pm.evaluate(work, pm.architecture(found.architecture), pm.mapping(found.mapping))


def changed_lines(text: str) -> list[str]:
    """The text with one line dropped, written twice, or with one word replaced."""
    lines = text.splitlines(keepends=True)
    found = []
    for at, line in enumerate(lines):
        others = ["", line * 2]
        for word in re.finditer(r"[\w.]+", line):
            others += [line[: word.start()] + new + line[word.end() :] for new in ("0", "-1", "x", "[]", "null")]
        found += ["".join([*lines[:at], other, *lines[at + 1 :]]) for other in others]
    return found


def test_a_slip_in_one_line_of_an_architecture_is_converted_or_told(tmp_path: Path) -> None:
    files = written(tmp_path)
    told = 0
    for text in changed_lines(ARCHITECTURE):
        (tmp_path / "architecture.yaml").write_text(text, encoding="utf-8")
        try:
            convert(files)
        except pm.PolymapError as error:
            told += bool(error.mistakes)
    assert told > 100


@pytest.mark.parametrize("line", ["      class: regfile\n", "      class: intmac\n"])
def test_what_is_wrong_with_the_architecture_is_told_alone(line: str, tmp_path: Path) -> None:
    changes = {"architecture": (line, ""), "mapping": ("split: 1", "split: 1, flatten: 2")}
    with pytest.raises(pm.SpecError) as refused:
        convert(written(tmp_path, changes))
    (mistake,) = refused.value.mistakes
    assert mistake.message == "`class` is missing"


def test_a_level_that_is_not_there_is_told_without_the_loops_that_it_would_have(tmp_path: Path) -> None:
    text = refusal(tmp_path, mapping=("target: DRAM", "target: GRAM"))
    assert "the architecture has no memory `GRAM`" in text
    assert "cover" not in text
