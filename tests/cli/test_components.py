"""`polymap components`: what the parts of a machine cost, within which interval, and who says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from polymap.cli import main

ARCH = """\
polymap: architecture/1
name: tiny
source: a test
technology: {node: 45 nm}
clock: 1 GHz
components: parts
hierarchy:
  - {memory: far, width: 64 b, energy: {read: 100 pJ, write: 90 pJ}, area: 2 mm2, source: data sheet}
  - memory: near
    capacity: 64 B
    width: 16 b
    component: {shelf: {kind: wide}}
    energy: {update: 5 pJ}
  - array: PE
    shape: {X: 4}
    network: {hop: 0.1 pJ}
  - {compute: MAC, component: {adder_tree: {}}}
"""
WORK = """\
polymap: workload/1
name: gemm
einsum: "C[m,n] += A[m,k] * B[k,n]"
ranks: {m: 4, n: 4, k: 4}
bits: 16
"""
TABLE = """\
component, kind, action, energy [pJ], delay [ns], area [um2], leakage [uW], error, source
shelf, wide, read, 2, 1.5, 100, 3, 10 %, "a chip, 2020"
shelf, wide, write, 4, , , , 10 %, "a chip, 2020"
shelf, wide, erase, 9, , , , 10 %, "a chip, 2020"
adder_tree, , compute, 1, , 10, 0.5, , a model
"""
OTHER = "component, kind, action, energy [pJ], source, error\nshelf, narrow, read, 1, a book,\n"
SURE = 'component, kind, action, energy [pJ], source, error\nshelf, wide, read, 3, "a book", 90 %\n'
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("parts").mkdir()
    Path("more").mkdir()
    for name, text in {
        "arch.yaml": ARCH,
        "parts/table.csv": TABLE,
        "parts/other.csv": OTHER,
        "more/doubtful.csv": SURE,
    }.items():
        Path(name).write_text(text, encoding="utf-8")


def said(capsys: Capture, *options: str, code: int = 0) -> str:
    assert main(["components", *options]) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_every_action_is_listed_with_interval_delay_and_source(capsys: Capture) -> None:
    lines = rows(said(capsys, "arch.yaml"))
    assert ["far", "in", "the", "file", "read", "100", "pJ", "-", "-", "-", "data", "sheet"] in lines
    assert [
        "near",
        "shelf",
        "(table)",
        "read",
        "2",
        "pJ",
        "1.81",
        "pJ",
        "2.21",
        "pJ",
        "1.5",
        "ns",
        "a",
        "chip,",
        "2020",
    ] in lines
    assert ["write", "4", "pJ", "3.619", "pJ", "4.421", "pJ", "-", "a", "chip,", "2020"] in lines
    assert ["update", "5", "pJ", "-", "-", "-", "a", "test"] in lines
    assert ["erase", "9", "pJ", "8.144", "pJ", "9.947", "pJ", "-", "a", "chip,", "2020"] in lines
    assert ["PE", "in", "the", "file", "hop", "0.1", "pJ", "-", "-", "-", "a", "test"] in lines
    assert ["MAC", "adder_tree", "(table)", "compute", "1", "pJ", "-", "-", "-", "a", "model"] in lines


def test_area_and_leakage_are_totalled_over_all_instances(capsys: Capture) -> None:
    lines = rows(said(capsys, "arch.yaml"))
    assert ["far", "1", "2", "mm2", "2", "mm2", "0", "uW", "0", "uW", "data", "sheet"] in lines
    assert ["near", "1", "100", "um2", "100", "um2", "3", "uW", "3", "uW", "a", "chip,", "2020"] in lines
    assert ["MAC", "4", "10", "um2", "40", "um2", "0.5", "uW", "2", "uW", "a", "model"] in lines
    assert ["total", "2", "mm2", "5", "uW"] in lines


def test_a_number_is_explained(capsys: Capture) -> None:
    text = said(capsys, "arch.yaml", "--explain", "near.read")
    assert "near is shelf (table)" in text
    assert "near.read = 2 pJ (1.81 .. 2.21)" in text
    assert "parts/table.csv, line 2: 2 pJ" in text
    assert "source a chip, 2020" in text
    assert "near.leakage = 3 uW" in said(capsys, "arch.yaml", "--explain", "near")
    assert "in arch.yaml:8:5 (hierarchy[0]): 100 pJ" in said(capsys, "arch.yaml", "--explain", "far.read")


@pytest.mark.parametrize(
    ("name", "message"),
    [("naer.read", "did you mean `near`?"), ("near.raed", "did you mean `read`?"), ("PE.area.x", "no amount of PE")],
)
def test_what_cannot_be_explained_lists_what_there_is(capsys: Capture, name: str, message: str) -> None:
    assert message in said(capsys, "arch.yaml", "--explain", name, code=1)


def test_candidates_are_all_models_with_their_values_or_reasons(capsys: Capture) -> None:
    text = said(capsys, "arch.yaml", "--candidates", "--folder", "more")
    assert "near: shelf in 45 nm HP, 300 K" in text
    assert "* table: error 10 %" in text
    assert "    read     2 pJ (1.81 .. 2.21)" in text
    assert "  doubtful: error 90 %" in text
    assert "  other: out: no row has kind wide" in text
    assert "`near" not in text.replace("near: ", "")


def test_a_pin_is_told_among_the_candidates(capsys: Capture) -> None:
    pinned = ARCH.replace("{shelf: {kind: wide}}", "{shelf: {kind: wide}, model: table}")
    Path("arch.yaml").write_text(pinned, encoding="utf-8")
    assert "`table` is pinned in the file" in said(capsys, "arch.yaml", "--candidates")


def test_factors_of_the_file_are_told_beside_the_model(capsys: Capture) -> None:
    factor = "calibrate: {energy: {factor: 0.5, reason: measured, source: us}}"
    Path("arch.yaml").write_text(ARCH.replace("wide}}", f"wide}}, {factor}}}"), encoding="utf-8")
    text = said(capsys, "arch.yaml", "--candidates")
    assert "    with the factors of the file:\n      read     1 pJ" in text


def test_candidates_are_told_where_nothing_answers(capsys: Capture) -> None:
    Path("arch.yaml").write_text(ARCH.replace("kind: wide", "kind: high"), encoding="utf-8")
    assert main(["components", "arch.yaml", "--candidates"]) == 1
    captured = capsys.readouterr()
    assert "near: shelf in 45 nm HP, 300 K\n  other: out: no row has kind high" in captured.out
    assert "* table: error" in captured.out  # the MAC has an answer
    assert "no model can price `near`" in captured.err


def test_the_document_holds_the_same_and_the_trees(capsys: Capture) -> None:
    document: Any = json.loads(said(capsys, "arch.yaml", "--json"))
    near = next(level for level in document["levels"] if level["level"] == "near")
    read = near["actions"][0]["energy"]
    assert document["schema"] == "polymap.components/1"
    assert (read["value"], read["unit"], read["errors"]) == (2.0, "pJ", {"table": 0.1})
    assert read["origin"]["citation"] == "a chip, 2020"
    assert near["component"]["class"] == "shelf"
    assert {each["model"] for each in near["candidates"]} == {"table", "other"}
    assert document["totals"] == {"area_um2": 2e6 + 140, "leakage_uw": 5.0}


def test_all_classes_are_listed_with_models_attributes_and_actions(capsys: Capture) -> None:
    text = said(capsys, "--list", "--folder", "parts")
    assert "\nshelf\n  other: a book\n    kind: needed\n    action read()\n" in text
    assert "\nsram\n" in text
    classes = json.loads(said(capsys, "--list", "--json"))["classes"]
    assert "sram" in classes
    assert "shelf" not in classes


def test_one_class_is_listed_alone(capsys: Capture) -> None:
    text = said(capsys, "--folder", "parts", "--list", "shelf")
    assert text.startswith("shelf\n  other: a book")
    assert "sram" not in text
    assert "did you mean `shelf`?" in said(capsys, "--folder", "parts", "--list", "shelve", code=1)


@pytest.mark.parametrize("options", [(), ("arch.yaml", "--list"), ("arch.yaml", "--list", "--candidates")])
def test_either_a_machine_or_the_list_is_asked_for(capsys: Capture, options: tuple[str, ...]) -> None:
    assert "mend:" in said(capsys, *options, code=1)


def test_a_plug_in_that_breaks_ends_the_command_with_its_name(capsys: Capture) -> None:
    Path("parts/mine.py").write_text("1 / 0\n", encoding="utf-8")
    text = said(capsys, "arch.yaml", code=1)
    assert "parts/mine.py:1: the plug-in `parts/mine.py` failed while it was loaded: ZeroDivisionError" in text
    assert "no model prices" not in text


def test_a_component_that_nobody_can_price_ends_the_command_with_every_reason(capsys: Capture) -> None:
    Path("arch.yaml").write_text(ARCH.replace("kind: wide", "kind: high"), encoding="utf-8")
    text = said(capsys, "arch.yaml", code=1)
    assert "arch.yaml:12:24 (hierarchy[1].component.shelf): no model can price `near` (shelf)" in text
    assert "`other`: no row has kind high; `table`: no row has kind high" in text


def test_searches_take_the_components_of_a_folder_too(capsys: Capture) -> None:
    Path("work.yaml").write_text(WORK, encoding="utf-8")
    Path("arch.yaml").write_text(ARCH.replace("components: parts\n", "").replace("0.1 pJ", "0 pJ"), encoding="utf-8")
    assert main(["optimize", "arch.yaml", "work.yaml", "--folder", "parts", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["compute"]["energy_pj"] == 64.0
    assert main(["explain", "arch.yaml", "work.yaml", "--folder", "parts", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["best"]["value"] == document["objective"]["value"]
    assert main(["optimize", "arch.yaml", "work.yaml"]) == 1
    assert "no model prices `shelf`" in capsys.readouterr().err


def test_what_lies_outside_of_a_table_says_so_everywhere(capsys: Capture) -> None:
    text = ARCH.replace("{node: 45 nm}", "{node: 5 nm, extrapolate: true}")
    text = text.replace("{adder_tree: {}}", "{int_mac: {bits: 8}}")
    Path("arch.yaml").write_text(text, encoding="utf-8")
    assert "extrapolated: Horowitz" in said(capsys, "arch.yaml")
    assert ", extrapolated\n" in said(capsys, "arch.yaml", "--explain", "MAC.compute")
    mac = json.loads(said(capsys, "arch.yaml", "--json"))["levels"][-1]
    assert mac["actions"][0]["energy"]["extrapolated"]
    Path("arch.yaml").write_text(text.replace(", extrapolate: true", ""), encoding="utf-8")
    assert "no model can price `MAC` (int_mac)" in said(capsys, "arch.yaml", code=1)


def test_a_leakage_outside_of_its_range_is_told_although_the_area_is_inside(capsys: Capture) -> None:
    text = ARCH.replace("{node: 45 nm}", "{node: 45 nm, temperature: 450 K, extrapolate: true}")
    text = text.replace("{adder_tree: {}}", "{int_mac: {bits: 8}}")
    Path("arch.yaml").write_text(text, encoding="utf-8")
    rows = [line for line in said(capsys, "arch.yaml").splitlines() if line.startswith("MAC")]
    assert ["extrapolated: Horowitz" in row for row in rows] == [False, True]  # energies, then area and leakage
