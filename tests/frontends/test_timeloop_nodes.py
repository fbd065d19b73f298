"""Timeloop's architectures as lists of tagged nodes: they convert to what their processed trees convert to."""

from __future__ import annotations

from pathlib import Path

import pytest

import polymap as pm
from polymap.frontends.timeloop import Converted, convert
from tests.frontends.inputs import PROBLEM

NODES = """\
architecture:
  version: 0.4
  nodes:
  - !Container {name: chip, attributes: {datawidth: 16}}
  - !Component {name: DRAM, class: DRAM, attributes: {width: 64}}
  - !Component
    name: GLB
    class: SRAM
    attributes: {width: 16, depth: 1024}
    constraints: {dataspace: {keep: [Inputs, Outputs], bypass: [Weights]}, temporal: {factors: [R=1]}}
  - !Container
    name: column
    spatial: {meshX: 2}
    constraints: {spatial: {factors: [R=1, P=1], permutation: [K]}}
  - !Container {name: PE, spatial: {meshY: 4}}
  - !Parallel
    nodes:
    - !Component
      {name: spad, class: regfile, attributes: {depth: 8, width: 16}, constraints: {dataspace: {keep: [Weights]}}}
    - !Hierarchical
      nodes:
      - !Component {name: sums, class: regfile, attributes: {depth: 4, width: 16}}
    - !Nothing {constraints: {dataspace: {keep: [Outputs]}}}
  - !Component {name: MAC, class: intmac}
"""
TREE = """\
architecture:
  version: '0.4'
  subtree:
  - name: chip
    local:
    - {name: "DRAM[1..1]", class: DRAM, attributes: {datawidth: 16, width: 64, meshX: 1, meshY: 1}}
    - {name: "GLB[1..1]", class: SRAM, attributes: {datawidth: 16, width: 16, depth: 1024, meshX: 1, meshY: 1}}
    - name: "inter_column_spatial[1..1]"
      class: dummy_storage
      attributes: {datawidth: 1, width: 1, depth: 1, meshX: 1, meshY: 1}
    - name: "inter_PE_spatial[1..2]"
      class: dummy_storage
      attributes: {datawidth: 1, width: 1, depth: 1, meshX: 2, meshY: 1}
    - {name: "spad[1..8]", class: regfile, attributes: {datawidth: 16, width: 16, depth: 8, meshX: 2, meshY: 4}}
    - {name: "sums[1..8]", class: regfile, attributes: {datawidth: 16, width: 16, depth: 4, meshX: 2, meshY: 4}}
    - {name: "MAC[1..8]", class: intmac, attributes: {datawidth: 16, meshX: 2, meshY: 4}}
architecture_constraints:
  targets:
  - {target: GLB, type: dataspace, keep: [Inputs, Outputs], bypass: [Weights]}
  - {target: GLB, type: temporal, factors: R=1}
  - {target: inter_column_spatial, type: spatial, factors: R=1 P=1, permutation: K}
  - {target: inter_column_spatial, type: temporal, factors: R=1 P=1 K=1}
  - {target: inter_column_spatial, type: bypass, bypass: [Weights, Inputs, Outputs]}
  - {target: inter_PE_spatial, type: temporal, factors: R=1 P=1 K=1}
  - {target: inter_PE_spatial, type: bypass, bypass: [Weights, Inputs, Outputs]}
  - {target: spad, type: bypass, keep: [Weights], bypass: [Outputs]}
  - {target: sums, type: bypass, bypass: [Weights, Outputs]}
"""


def converted(folder: Path, architecture: str) -> Converted:
    files = {"arch.yaml": architecture, "problem.yaml": PROBLEM}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return convert([str(folder / name) for name in files])


def wrong(folder: Path, old: str, new: str) -> str:
    assert old in NODES
    with pytest.raises(pm.SpecError) as caught:
        converted(folder, NODES.replace(old, new))
    return str(caught.value)


def test_nodes_are_the_tree_that_the_front_end_writes(tmp_path: Path) -> None:
    nodes, tree = converted(tmp_path, NODES), converted(tmp_path, TREE)
    assert nodes.architecture == tree.architecture
    assert nodes.workload == tree.workload
    assert nodes.constraints == tree.constraints


def test_a_container_multiplies_what_follows_it(tmp_path: Path) -> None:
    machine = pm.architecture(converted(tmp_path, NODES).architecture)
    assert {name: machine.instances(name) for name in ("GLB", "spad", "sums")} == {"GLB": 1, "spad": 8, "sums": 8}


def test_an_attribute_of_a_container_is_a_default_of_what_follows(tmp_path: Path) -> None:
    own = NODES.replace("{width: 16, depth: 1024}", "{width: 16, depth: 1024, datawidth: 8}")
    levels = converted(tmp_path, own).architecture["hierarchy"]
    assert [level["word"] for level in levels if level.get("memory") in ("DRAM", "GLB")] == ["16 b", "8 b"]


def test_what_is_not_enabled_is_not_there(tmp_path: Path) -> None:
    without = converted(tmp_path, NODES.replace("name: GLB\n", "name: GLB\n    enabled: false\n"))
    assert "GLB" not in {level.get("memory") for level in without.architecture["hierarchy"]}
    assert any("GLB is not enabled" in line for line in without.left_out)


def test_constraints_of_a_file_apart_hold_too(tmp_path: Path) -> None:
    more = NODES + "architecture_constraints:\n  targets:\n  - {target: DRAM, type: temporal, factors: P<=4}\n"
    said = converted(tmp_path, more).constraints
    assert said["loops"]["DRAM"] == {"factors": {"P": "at most 4"}}
    assert said["loops"]["GLB"] == {"never": ["R"]}


def test_an_unknown_kind_of_node_is_told_with_its_place(tmp_path: Path) -> None:
    message = wrong(tmp_path, "!Component {name: MAC", "!Komponent {name: MAC")
    assert "arch.yaml:24:5 (architecture.nodes[6]): `Komponent` is no kind of node" in message


def test_a_node_without_a_tag_is_told(tmp_path: Path) -> None:
    assert "is no kind of node" in wrong(tmp_path, "- !Component {name: MAC", "- {name: MAC")


def test_a_fan_out_inside_a_branch_is_refused(tmp_path: Path) -> None:
    message = wrong(tmp_path, "{name: sums,", "{name: sums, spatial: {meshX: 2},")
    assert "a fan-out stands in one branch" in message


def test_an_unknown_key_of_a_node_is_told(tmp_path: Path) -> None:
    assert "`spatail` is not a key here" in wrong(tmp_path, "spatial: {meshX: 2}", "spatail: {meshX: 2}")


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!<tag:yaml.org,2002:python/name:os.system>"])
def test_a_tag_that_would_make_an_object_is_refused(tmp_path: Path, tag: str) -> None:
    assert "is not read" in wrong(tmp_path, "!Component {name: MAC", f"{tag} {{name: MAC")
