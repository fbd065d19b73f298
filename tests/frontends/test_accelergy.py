"""Accelergy's compounds and tables become components, and an architecture its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polymap import spec
from polymap.architecture import architecture
from polymap.components.component import Component
from polymap.components.plugins import registry
from polymap.components.read import called
from polymap.errors import SpecError
from polymap.frontends.accelergy import Converted, reference_tables
from polymap.frontends.other_tools import convert

NODE = {"node": "45 nm"}
# A buffer as that tool's tutorials have it: templates of names, a choice, a merge key.
BUFFER = """\
compound_components:
  version: 0.4
  classes:
  - name: smartbuffer_SRAM
    attributes:
      technology: "must_specify"
      width: "must_specify"
      depth: "must_specify"
      n_rw_ports: 1
      global_cycle_seconds: "must_specify"
    subcomponents:
    - name: storage
      class: SRAM
      attributes: {width: width, depth: depth, n_rw_ports: n_rw_ports, technology: technology}
    - name: address_generators[0..1]
      class: intadder
      attributes: {n_bits: "max(1, ceil(log2(depth))) if depth >= 1 else 1"}
    actions:
    - &write_action
      name: write
      subcomponents:
      - {name: storage, actions: [{name: write, arguments: {data_delta: 1}}]}
      - {name: "address_generators[0]", actions: [{name: add}]}
    - name: read
      subcomponents:
      - {name: storage, actions: [{name: read}]}
      - {name: "address_generators[0..1]", actions: [{name: add, repeat: 3}]}
    - name: leak
      subcomponents:
      - {name: storage, actions: [{name: leak}]}
    - <<: *write_action
      name: update
"""
# Numbers of times that follow from attributes and from arguments; a compound that uses another one.
NETWORK = """\
compound_components:
  version: 0.3
  classes:
  - name: network
    attributes: {technology: 40nm, rows: 12, columns: 14, total: rows * columns, bits: 64}
    subcomponents:
    - {name: "controller[0..rows-1]", class: controller, attributes: {bits: bits}, area_scale: 0.5}
    - {name: "reader[1..total]", class: counter, attributes: {width: log2(bits)}}
    actions:
    - name: transfer
      arguments: {n_rows: 0..rows, unused: 0..1}
      subcomponents:
      - {name: "controller[0]", actions: [{name: compare, arguments: {many: n_rows}, repeat: n_rows}]}
    - name: idle
      subcomponents: [{name: "controller[0]", actions: [{name: idle}]}]
  - name: controller
    attributes: {bits: 4}
    subcomponents: [{name: unit, class: comparator, attributes: {datawidth: bits}}]
    actions:
    - name: compare
      arguments: {many: 0..4}
      subcomponents: [{name: unit, actions: [{name: compare, energy_scale: many}]}]
"""
ERT = """\
ERT:
  version: '0.4'
  tables:
  - name: system.GLB[1..1]
    actions:
    - {name: write, arguments: {global_cycle_seconds: 1e-09, action_latency_cycles: 1}, energy: 26.1}
    - {name: read, arguments: {global_cycle_seconds: 1e-09}, energy: 32.3}
    - {name: leak, arguments: {global_cycle_seconds: 1e-09}, energy: 0.003}
  - name: system.PE[0..3].mac[1..4]
    actions:
    - {name: mac_random, arguments: {data: 0}, energy: 1}
    - {name: mac_random, arguments: {data: 1}, energy: 2}
    - {name: leak, arguments: {}, energy: 0.1}
ART:
  version: '0.4'
  tables:
  - {name: "system.GLB[1..1]", area: 199069.5}
  - {name: system.PE.mac, area: 417}
"""


def converted(folder: Path, text: str) -> Converted:
    (folder / "in.yaml").write_text(text, encoding="utf-8")
    found = convert([str(folder / "in.yaml")])
    assert isinstance(found, Converted)
    return found


def asked(folder: Path, text: str, name: str, **attributes: object) -> Component:
    """A component of the files that a text converts into."""
    parts = folder / "parts"
    parts.mkdir()
    for file, written in converted(folder, text).files().items():
        (parts / file).write_text(written, encoding="utf-8")
    return called(name, attributes, registry(str(parts)), NODE)


def mistakes(folder: Path, text: str) -> str:
    with pytest.raises(SpecError) as raised:
        converted(folder, text)
    return str(raised.value)


def test_a_compound_costs_what_its_counterparts_cost(tmp_path: Path) -> None:
    whole = asked(tmp_path, BUFFER, "smartbuffer_SRAM", width=64, depth=1024)
    sram = called("sram", {"capacity": "8 KiB", "width": "64 b"}, registry(), NODE)
    adder = called("int_adder", {"bits": 10}, registry(), NODE)
    assert whole.actions == ("write", "read", "update")
    added = adder.action("compute").energy_pj
    assert whole.action("write").energy_pj == pytest.approx(sram.action("write").energy_pj + added)
    assert whole.action("read").energy_pj == pytest.approx(sram.action("read").energy_pj + 6 * added)
    assert whole.action("update").energy_pj == whole.action("write").energy_pj
    assert whole.area_um2 == pytest.approx(sram.area_um2 + 2 * adder.area_um2)
    assert whole.leakage_uw == pytest.approx(sram.leakage_uw + 2 * adder.leakage_uw)


def test_counts_follow_from_attributes_and_arguments(tmp_path: Path) -> None:
    whole = asked(tmp_path, NETWORK, "network", rows=4, columns=2)
    unit = called("comparator", {"bits": 64}, registry(), NODE)
    reader = called("counter", {"bits": 6}, registry(), NODE)
    once = unit.action("compute").energy_pj
    assert whole.action("transfer", n_rows=3).energy_pj == pytest.approx(9 * once)
    assert whole.action("transfer").energy_pj == pytest.approx(16 * once)
    assert whole.area_um2 == pytest.approx(4 * 0.5 * unit.area_um2 + 8 * reader.area_um2)


def test_what_has_no_counterpart_is_named(tmp_path: Path) -> None:
    told = "\n".join((*converted(tmp_path, BUFFER).left_out, *converted(tmp_path, NETWORK).left_out))
    assert "in.yaml:6:19 (compound_components.classes[0].attributes.technology)" in told
    assert "`technology`: the technology is that of the architecture" in told
    assert "the action `leak` has nothing to do here: leakage is a power here" in told
    assert "the action `idle` has nothing to do here" in told
    assert "no energy of the part depends on `data_delta` here" in told
    assert "no energy here depends on the argument `unused`" in told


def test_arguments_are_named_in_the_order_of_the_file(tmp_path: Path) -> None:
    names = [f"unused_{letter}" for letter in "hgfedcba"]
    text = NETWORK.replace("unused: 0..1", ", ".join(f"{name}: 0..1" for name in names))
    told = [line for line in converted(tmp_path, text).left_out if "no energy here depends on the argument" in line]
    assert [line.rpartition("`unused_")[2][0] for line in told] == list("hgfedcba")


def test_a_class_without_a_model_keeps_its_name_for_one_of_the_user(tmp_path: Path) -> None:
    found = converted(tmp_path, BUFFER.replace("class: intadder", "class: fancy_adder"))
    document: Any = spec.parse(found.files()["smartbuffer_SRAM.yaml"])
    assert "fancy_adder: {n_bits:" in spec.written(document)
    assert any("no model that ships prices `fancy_adder`" in line for line in found.left_out)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ceil(log2(depth))", "ceil(log(depth))", "no function is called `log`, at character 13"),
        ("depth: depth, ", "", "nothing says what `capacity` of this SRAM is"),
        ("{name: read}]", "{name: raed}]", "`sram` has no counterpart of `raed` of SRAM"),
        (
            "name: storage, actions: [{name: read}",
            "name: store, actions: [{name: read}",
            "no subcomponent is called `store`",
        ),
        ("address_generators[0..1]\n", "address_generators[0..\n", "is no name with a range"),
        ("    - name: read\n", "    - nmae: read\n", "`nmae` is not a key here"),
        ("n_rw_ports: 1\n", "n_rw_ports: ports\n      ceil: 1\n", "`ceil` cannot be the name of an attribute here"),
    ],
)
def test_what_cannot_be_converted_is_told_where_it_stands(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in BUFFER
    said = mistakes(tmp_path, BUFFER.replace(old, new, 1))
    assert message in said
    assert "in.yaml:" in said


def test_tables_of_two_files_are_told(tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(ERT, encoding="utf-8")
    with pytest.raises(SpecError, match=r"the section `ERT` is given twice, first in .*one\.yaml"):
        convert([str(tmp_path / name) for name in ("one.yaml", "two.yaml")])


def test_tables_become_a_table_of_components(tmp_path: Path) -> None:
    memory = asked(tmp_path, ERT, "GLB")
    assert (memory.action("read").energy_pj, memory.action("write").energy_pj) == (32.3, 26.1)
    assert (memory.area_um2, memory.leakage_uw) == (199069.5, 3.0)
    told = converted(tmp_path, ERT).left_out
    assert any("of several energies of `mac_random`, by arguments, the largest is taken" in line for line in told)
    assert any("no `global_cycle_seconds` says how long that is" in line for line in told)


def test_operations_are_called_as_architectures_call_them(tmp_path: Path) -> None:
    unit = asked(tmp_path, ERT, "mac")
    assert unit.action("compute").energy_pj == 2.0
    assert unit.leakage is None
    assert unit.area_um2 == 417.0


def test_components_that_share_a_name_are_called_by_their_paths(tmp_path: Path) -> None:
    text = "ART:\n  tables:\n  - {name: 'a.small[0..1].mac', area: 1}\n  - {name: a.large.mac, area: 2}\n"
    files = converted(tmp_path, text).files()
    assert [line.split(",")[0] for line in files["components.csv"].splitlines()] == [
        "component",
        "a_small_mac",
        "a_large_mac",
    ]


def test_older_tables_have_actions_as_keys(tmp_path: Path) -> None:
    text = """\
ERT:
  tables:
    like.PE.spad:
      fill:
      - {arguments: {address_delta: 0}, energy: 0.085}
      - {arguments: {address_delta: 1}, energy: 0.513}
      read: {arguments: null, energy: 0.7}
"""
    spad = asked(tmp_path, text, "spad")
    assert (spad.action("write").energy_pj, spad.action("fill").energy_pj, spad.action("read").energy_pj) == (
        0.513,
        0.513,
        0.7,
    )


@pytest.mark.parametrize("name", ["eyeriss_like", "teaching"])
def test_tables_of_an_architecture_say_what_it_counts_with(tmp_path: Path, name: str) -> None:
    machine = architecture(name)
    files, left_out = reference_tables(machine)
    assert left_out == ()
    for file, text in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    back = convert([str(tmp_path / file) for file in files]).files()["components.csv"]
    (tmp_path / "components.csv").write_text(back, encoding="utf-8")
    for file in files:
        (tmp_path / file).unlink()
    known = registry(str(tmp_path))
    for memory in machine.memories:
        found = called(memory.name, {}, known)
        energies = tuple(found.action(action).energy_pj for action in ("read", "write", "update"))
        assert energies == tuple(map(float, (memory.read_pj, memory.write_pj, memory.update_pj)))
    assert called("MAC", {}, known).action("compute").energy_pj == float(machine.compute.energy_pj)


def test_leakage_is_written_as_energy_of_a_cycle_and_read_back_as_a_power(tmp_path: Path) -> None:
    text = """\
polymap: architecture/1
name: tiny
clock: 500 MHz
hierarchy:
  - {memory: DRAM, width: 64 b, energy: {read: 9 pJ, write: 8 pJ}, address: 1 pJ, leakage: 2 mW, area: 3 mm2}
  - {array: PE, shape: {X: 4}, network: {hop: 1 pJ}}
  - {compute: MAC, energy: 1 pJ}
"""
    (tmp_path / "arch.yaml").write_text(text, encoding="utf-8")
    found = convert([str(tmp_path / "arch.yaml")])
    assert "name: leak\n      arguments:\n        global_cycle_seconds: 2.0e-09" in found.files()["ERT.yaml"]
    assert "energy: 4.0" in found.files()["ERT.yaml"]
    assert any("DRAM: energies of addresses" in line for line in found.left_out)
    assert any("PE: energies of a network" in line for line in found.left_out)
    (tmp_path / "tables.yaml").write_text(found.files()["ERT.yaml"], encoding="utf-8")
    table = convert([str(tmp_path / "tables.yaml")]).files()["components.csv"]
    assert "DRAM,,,,2000,converted" in table


def test_the_command_line_writes_a_folder_of_components(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from polymap.cli import main

    (tmp_path / "in.yaml").write_text(BUFFER, encoding="utf-8")
    assert main(["convert", str(tmp_path / "in.yaml"), "-o", str(tmp_path / "out")]) == 0
    assert "left out: " in capsys.readouterr().err
    assert (tmp_path / "out" / "smartbuffer_SRAM.yaml").exists()
    assert main(["convert", "teaching", "-o", str(tmp_path / "tables")]) == 0
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == ["ART.yaml", "ERT.yaml"]
