"""ZigZag's files: memories and arrays in their order, layers as einsums, mappings as constraints."""

from __future__ import annotations

from pathlib import Path

import pytest

import polymap as pm
from polymap.cli import main
from polymap.frontends.zigzag import Converted, convert
from polymap.mapping import Spatial
from tests.frontends.documents import level, told

CHIP = """\
name: small
memories:
  weights:
    size: 64
    r_cost: 0.5
    w_cost: 0.25
    area: 0
    latency: 1
    operands: [I2]
    ports:
    - {name: r_port_1, type: read, bandwidth_min: 8, bandwidth_max: 8, allocation: ["I2, tl"]}
    - {name: w_port_1, type: write, bandwidth_min: 4, bandwidth_max: 4, allocation: ["I2, fh"]}
    served_dimensions: []
  sums:
    size: 96
    r_cost: 1
    w_cost: 1
    area: 0
    latency: 1
    operands: [O]
    ports:
    - {name: rw_port_1, type: read_write, bandwidth_min: 24, bandwidth_max: 24, allocation: ["O, tl", "O, fh"]}
    - {name: w_port_1, type: write, bandwidth_min: 24, bandwidth_max: 24, allocation: ["O, fl", "O, th"]}
    served_dimensions: [D2]
  buffer:
    size: 65536
    r_cost: 20
    w_cost: 24
    area: 1
    latency: 1
    operands: [I1, O]
    ports: [{name: rw_port_1, type: read_write, bandwidth_min: 64, bandwidth_max: 128, allocation: ["I1, tl"]}]
    served_dimensions: [D1, D2]
  dram:
    size: 10000000000
    r_cost: 700
    w_cost: 750
    area: 0
    latency: 1
    operands: [I1, I2, O]
    ports: [{name: rw_port_1, type: read_write, bandwidth_min: 64, bandwidth_max: 64, allocation: ["O, tl"]}]
    served_dimensions: [D1, D2]
operational_array: {unit_energy: 0.04, unit_area: 1, dimensions: [D1, D2], sizes: [4, 2]}
"""
LAYERS = """\
- id: 0
  name: first
  operator_type: Conv
  equation: O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]
  dimension_relations: [ix=2*ox+1*fx, iy=oy+3*fy]
  loop_dims: [B, K, C, OY, OX, FY, FX]
  loop_sizes: [1, 8, 4, 6, 6, 3, 3]
  pr_loop_dims: [IX, IY]
  padding: [[1, 1], [0, 0]]
  operand_precision: {W: 8, I: 8, O: 16, O_final: 8}
  operand_source: {I: 0, W: 0}
- id: 1
  operator_type: Gemm
  equation: O[b][k]+=I[b][c]*W[c][k]
  dimension_relations: []
  loop_dims: [B, C, K]
  loop_sizes: [16, 6, 4]
  operand_precision: {W: 4, I: 8, O: 32}
- id: 2
  operator_type: Add
  equation: O[b][k]=W[b][k]+I[b][k]
  loop_dims: [B, K]
  loop_sizes: [16, 4]
  operand_precision: {W: 8, I: 8, O: 8}
- id: 3
  operator_type: Pooling
  equation: O[b][g]+=W[fx]*I[b][g][ix]
  dimension_relations: [ix=1*b+1*fx]
  loop_dims: [B, G, FX]
  loop_sizes: [1, 4, 2]
  operand_precision: {W: 0, I: 8, O: 8}
"""
MAPPINGS = """\
- name: default
  spatial_mapping: {D1: ["K, 4"], D2: ["C, 2"]}
  temporal_ordering: [['*', '*'], [K, '*'], [C, '*']]
  memory_operand_links: {O: O, W: I2, I: I1}
- name: first
  spatial_mapping: {D1: ["OX, 4"], D2: ["FX, 1", "FY, 3"]}
  spatial_mapping_hint: {D1: [OX]}
  memory_operand_links: {O: O, W: I1, I: I2}
"""


def converted(folder: Path, **texts: str) -> Converted:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return convert([str(folder / f"{name}.yaml") for name in texts])


def wrong(folder: Path, old: str, new: str) -> str:
    texts = {"chip": CHIP, "layers": LAYERS, "mappings": MAPPINGS}
    assert any(old in text for text in texts.values())
    with pytest.raises(pm.SpecError) as caught:
        converted(folder, **{name: text.replace(old, new, 1) for name, text in texts.items()})
    return str(caught.value)


# accelerators


def test_memories_stand_above_the_dimensions_that_they_serve(tmp_path: Path) -> None:
    levels = converted(tmp_path, chip=CHIP).architecture["hierarchy"]
    names = [each.get("memory") or each.get("array") or each.get("compute") for each in levels]
    assert names == ["dram", "buffer", "array_D1", "sums", "array_D2", "weights", "MAC"]


def test_there_are_as_many_instances_as_dimensions_apart(tmp_path: Path) -> None:
    machine = pm.architecture(converted(tmp_path, chip=CHIP).architecture)
    assert {name: machine.instances(name) for name in ("buffer", "sums", "weights", "MAC")} == {
        "buffer": 1,
        "sums": 4,
        "weights": 8,
        "MAC": 8,
    }


def test_a_cost_is_of_an_access_of_the_whole_width(tmp_path: Path) -> None:
    found = level(converted(tmp_path, chip=CHIP), "weights")
    assert (found["width"], found["capacity"]) == ("8 b", "64 b")
    assert found["energy"] == {"read": "0.5 pJ", "write": "0.5 pJ"}  # a write is of 4 b there


def test_ports_become_rates(tmp_path: Path) -> None:
    found = converted(tmp_path, chip=CHIP)
    assert level(found, "weights")["bandwidth"] == {"read": "8 b/cycle", "write": "4 b/cycle"}
    assert level(found, "buffer")["bandwidth"] == {"shared": "128 b/cycle"}
    assert level(found, "sums")["bandwidth"] == {"read": "24 b/cycle", "write": "48 b/cycle", "shared": "48 b/cycle"}


def test_ports_of_older_versions_are_counted(tmp_path: Path) -> None:
    start, end = CHIP.index("    ports:\n    - {name: r_port_1"), CHIP.index("    served_dimensions: []")
    counts = ("r_bw: 8", "w_bw: 4", "r_port: 1", "w_port: 1", "rw_port: 0", "ports: [{fh: w_port_1, tl: r_port_1}]")
    older = "".join(f"    {line}\n" for line in counts)
    found = converted(tmp_path, chip=CHIP[:start] + older + CHIP[end:])
    assert level(found, "weights") == level(converted(tmp_path, chip=CHIP), "weights")


def test_memories_keep_their_operands_by_role(tmp_path: Path) -> None:
    found = converted(tmp_path, chip=CHIP)
    assert level(found, "buffer")["keeps"] == ["input", "output"]
    assert "keeps" not in level(found, "dram")


def test_what_has_no_counterpart_is_told(tmp_path: Path) -> None:
    found = converted(tmp_path, chip=CHIP)
    assert told(found, "cycles of one access are not modelled")
    assert told(found, "there is no clock there")
    assert told(found, "ports serve whichever tensor asks")


# layers


def test_layers_become_einsums(tmp_path: Path) -> None:
    first, second = converted(tmp_path, layers=LAYERS).workload["layers"]
    assert first["einsum"] == "O[b,k,oy,ox] += W[k,c,fy,fx] * I[b,c,oy+3*fy,2*ox+fx-1]"
    assert second["einsum"] == "O[b,k] += I[b,c] * W[c,k]"
    assert (second["name"], second["ranks"]) == ("layer1", {"b": 16, "c": 6, "k": 4})
    assert second["bits"] == {"O": 32, "I": 8, "W": 4}


def test_operators_that_are_no_products_are_named(tmp_path: Path) -> None:
    found = converted(tmp_path, layers=LAYERS)
    assert told(found, "layer2 (Add) is no product of two operands: it adds its operands")
    assert told(found, "layer3 (Pooling) is no product of two operands: W has no bits")
    assert told(found, "the border is counted as if it were stored")
    assert told(found, "outputs have the bits of partial sums everywhere")


# mappings


def test_a_mapping_limits_the_layers_that_it_is_for(tmp_path: Path) -> None:
    found = converted(tmp_path, chip=CHIP, layers=LAYERS, mappings=MAPPINGS)
    assert set(found.constraints) == {"constraints", "constraints_first"}
    assert found.constraints["constraints"]["parallel"] == {
        "D1": {"only": ["k"], "factors": {"k": 4}},
        "D2": {"only": ["c"], "factors": {"c": 2}},
    }
    assert found.constraints["constraints"]["loops"] == {"every": {"order": "c k ..."}}


def test_what_does_not_divide_a_size_is_unrolled_at_most_as_often(tmp_path: Path) -> None:
    found = converted(tmp_path, chip=CHIP, layers=LAYERS, mappings=MAPPINGS)
    along_x = found.constraints["constraints_first"]["parallel"]["D1"]
    assert along_x == {"only": ["ox"], "factors": {"ox": "at most 4"}}
    assert told(found, "4 do not divide every ox")


def test_links_say_which_tensor_is_which_operand(tmp_path: Path) -> None:
    first, second = converted(tmp_path, layers=LAYERS, mappings=MAPPINGS).workload["layers"]
    assert first["roles"] == {"output": "O", "weight": "I", "input": "W"}
    assert second["roles"] == {"output": "O", "weight": "W", "input": "I"}


def test_an_order_without_gaps_is_one_of_those_loops(tmp_path: Path) -> None:
    full = MAPPINGS.replace("[['*', '*'], [K, '*'], [C, '*']]", "[[B, 4], [K, 1], [C, 3]]")
    found = converted(tmp_path, mappings=full)
    assert found.constraints["constraints"]["loops"] == {"every": {"order": "c before k before b"}}
    assert told(found, "the order holds within each memory")


def test_a_converted_design_is_searched_under_its_mapping(tmp_path: Path) -> None:
    gemm = LAYERS[LAYERS.index("- id: 1") : LAYERS.index("- id: 2")]
    found = converted(tmp_path, chip=CHIP, layers=gemm, mappings=MAPPINGS)
    best = pm.optimize(found.workload, found.architecture, constraints=found.constraints["constraints"])
    assert best.status == "optimal"
    unrolled = {(node.rank, node.trip, node.on) for node in best.mapping.nodes if isinstance(node, Spatial)}
    assert unrolled == {("k", 4, "D1"), ("c", 2, "D2")}


# what is refused


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("served_dimensions: [D2]", "served_dimensions: [D3]", "the array has no dimension `D3`"),
        ("served_dimensions: []", "served_dimensions: [D1]", "neither is above the other"),
        ("operands: [I1, I2, O]", "operands: [I1, I2]", "the outermost memory does not hold O"),
        ("operands: [I2]", "operands: [I3]", "`I3` is no operand"),
        ("r_cost: 20", "r_costs: 20", "`r_cost` of `buffer` is missing"),
        ("type: read,", "type: reed,", "`reed` is no type of a port"),
        ("unit_energy: 0.04", "is_imc: true, unit_energy: 0.04", "arrays that compute in memory are not converted"),
        ("sizes: [4, 2]", "sizes: [4]", "2 dimensions have 1 sizes"),
        ("area: 1\n", "area: 1\n    auto_cost_extraction: true\n", "costs that CACTI gives there are not known here"),
        ("O[b][k]+=I[b][c]*W[c][k]", "O[b][k] gets I", "is no equation"),
        ("O[b][k]+=I[b][c]*W[c][k]", "O[b][k]+=I[b][z]*W[c][k]", "I has an index `z` that is no loop"),
        ("iy=oy+3*fy", "iy=oy", "is no relation of two dimensions"),
        ("iy=oy+3*fy", f"iy=oy+{'9' * 5000}*fy", "is no relation of two dimensions"),
        ("[[1, 1], [0, 0]]", "[[true, 1], [0, 0]]", "padding is a pair for each"),
        ("[[1, 1], [0, 0]]", f"[[{10**23}, 1], [0, 0]]", "padding is a pair for each"),
        ("loop_sizes: [16, 6, 4]", "loop_sizes: [16, 6]", "3 loop dimensions have 2 sizes"),
        ("loop_sizes: [16, 6, 4]", "loop_sizes: [16, 6, 0]", "`0` is no size"),
        ('"K, 4"', '"K: 4"', "is no unrolling"),
        ("- name: first\n  sp", "- name: default\n  sp", "a second mapping is called `default`"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    said = wrong(tmp_path, old, new)
    assert message in said
    assert ".yaml:" in said


def test_an_item_that_is_neither_layer_nor_mapping_is_told(tmp_path: Path) -> None:
    with pytest.raises(pm.SpecError, match="this is neither a layer nor a mapping"):
        converted(tmp_path, layers="- {noodles: 3}\n" + LAYERS)


def test_the_command_tells_whose_files_they_are(tmp_path: Path) -> None:
    files = {"chip": CHIP, "layers": LAYERS, "mappings": MAPPINGS}
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    assert main(["convert", *(str(tmp_path / f"{name}.yaml") for name in files), "-o", str(out)]) == 0
    names = sorted(path.name for path in out.iterdir())
    assert names == ["architecture.yaml", "constraints.yaml", "constraints_first.yaml", "workload.yaml"]


def test_a_name_of_a_mapping_is_no_path(tmp_path: Path) -> None:
    found = converted(tmp_path, mappings=MAPPINGS.replace("name: first", "name: ../../etc/first"))
    assert set(found.files()) == {"constraints.yaml", "constraints_______etc_first.yaml"}


def test_files_of_mappings_have_names_of_their_own(tmp_path: Path) -> None:
    alike = MAPPINGS + MAPPINGS[MAPPINGS.index("- name: first") :].replace("name: first", "name: First")
    assert set(converted(tmp_path, mappings=alike).files()) == {
        "constraints.yaml",
        "constraints_first.yaml",
        "constraints_First~2.yaml",
    }
