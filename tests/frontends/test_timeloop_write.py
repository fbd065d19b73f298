"""Mappings of polymap in Timeloop's form: read back, they are the same; what that form cannot say is refused."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest
import yaml

import polymap as pm
from polymap.cli import main
from polymap.errors import Place
from polymap.frontends.results import Mapped
from polymap.frontends.timeloop import convert
from polymap.frontends.timeloop.write import mapping_section
from tests.frontends.inputs import written

TWO_SIDED = ("meshX: 4, meshY: 1", "meshX: 2, meshY: 2")
MACHINE = """\
polymap: architecture/1
name: machine
clock: 1 GHz
hierarchy:
- {memory: DRAM, width: 16 b, energy: {read: 200 pJ, write: 200 pJ}}
- {memory: buffer, capacity: 4 KiB, width: 16 b, energy: {read: 6 pJ, write: 6 pJ}}
- {array: PE, shape: {X: 4, Y: 2, Z: 2}}
- {memory: registers, capacity: 64 B, width: 16 b, energy: {read: 1 pJ, write: 1 pJ}}
- {compute: MAC, energy: 1 pJ}
"""
GEMM = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=8, n=10, k=4)


def exported(text: str, machine: str = MACHINE) -> list[dict[str, object]]:
    found = Mapped(GEMM, pm.architecture(machine), pm.mapping(text), Place("result.json", path="mapping"))
    section: list[dict[str, object]] = mapping_section(found)["mapping"]
    return section


def refused(text: str, machine: str = MACHINE) -> str:
    with pytest.raises(pm.SpecError) as caught:
        exported(text, machine)
    return str(caught.value)


def test_a_mapping_is_written_memory_by_memory() -> None:
    text = "DRAM holds A B C\nfor m in 2\nbuffer holds A C\nfor k in 4\nparallel n in 2 on Y\nparallel m in 4 on X\n"
    section = exported(f"{text}registers holds A B C\nfor n in 5\ncompute")
    assert section[2:5] == [
        {"target": "buffer", "type": "bypass", "keep": ["A", "C"], "bypass": ["B"]},
        {"target": "buffer", "type": "temporal", "factors": ["m=1", "n=1", "k=4"], "permutation": ["k", "m", "n"]},
        {
            "target": "buffer",
            "type": "spatial",
            "factors": ["m=4", "n=2", "k=1"],
            "permutation": ["m", "n", "k"],
            "split": 1,
            "no_link_transfer": ["A", "B", "C"],
        },
    ]


def test_a_short_last_round_is_written_with_its_trips() -> None:
    section = exported("DRAM holds A B C\nfor n in 4\nbuffer holds A B C\nfor n in 3\nfor m in 8\nfor k in 4\ncompute")
    assert section[1]["factors"] == ["m=1", "n=4", "k=1"]
    assert section[3]["factors"] == ["m=8", "n=3,1", "k=4"]


def test_loops_below_an_array_belong_to_the_memory_there_even_if_it_keeps_nothing() -> None:
    section = exported("DRAM holds A B C\nfor n in 10\nfor k in 4\nparallel m in 4 on X\nfor m in 2\ncompute")
    loops = {str(d["target"]): d["factors"] for d in section if d["type"] == "temporal"}
    assert loops["registers"] == ["m=2", "n=1", "k=1"]


def lines(mapping: pm.Mapping) -> list[list[str]]:
    """The lines of a mapping without the name of the array, the loops over it in any order: there, Y is outermost."""
    text = str(mapping.without_unit_loops()).replace("GLB_array.", "").split("\n")
    return [sorted(together) for _, together in groupby(text, lambda line: line.startswith("parallel") or line)]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("temporal, factors: R=3", "no_temporal_reuse: [Inputs]"),
        ("temporal, factors: R=3", "rmw_first_update: [Outputs]"),
        ("spatial, factors: R=1", "no_reuse: [Inputs]"),
        ("spatial, factors: R=1", "no_link_transfer: [Inputs]"),
        ("bypass", "no_coalesce: [Outputs]"),
    ],
)
def test_habits_of_memories_and_arrays_come_back(tmp_path: Path, section: str, said: str) -> None:
    directive = f"{{target: GLB, type: {section}"
    files = written(tmp_path, {"mapping": (directive, directive.replace("target", f"{said}, target"))})
    found = convert(files)
    work = pm.workload(found.workload)
    assert isinstance(work, pm.Einsum)
    mapped = Mapped(work, pm.architecture(found.architecture), pm.mapping(found.mapping), Place("r"))
    (tmp_path / "mapping.yaml").write_text(yaml.safe_dump(mapping_section(mapped)), encoding="utf-8")
    back = convert(files)
    assert back.architecture == found.architecture
    assert back.mapping == found.mapping


@pytest.mark.parametrize("sides", [{}, {"architecture": TWO_SIDED}])
def test_what_was_found_is_the_same_when_it_is_read_back(tmp_path: Path, sides: dict[str, tuple[str, str]]) -> None:
    files = written(tmp_path, sides)
    search = tmp_path / "search.yaml"
    search.write_text("mapper: {}\n", encoding="utf-8")
    inputs = [files[0], files[1], files[3]]
    found = convert([*inputs, str(search)])
    work, machine = pm.workload(found.workload), pm.architecture(found.architecture)
    assert isinstance(work, pm.Einsum)
    along_x = {"parallel": {"Y": {"never": ["K"]}}} if sides else None
    best = pm.optimize(work, machine, objective="edp", conventions="timeloop", constraints=along_x)
    result, out = tmp_path / "result.json", tmp_path / "theirs"
    result.write_text(best.to_json(), encoding="utf-8")
    assert main(["convert", str(result), "--to", "timeloop", "-o", str(out)]) == 0
    back = convert([*inputs, str(out / "mapping.yaml")])
    again = pm.mapping(back.mapping)
    assert pm.evaluate(work, machine, again, conventions="timeloop").energy_pj == best.energy_pj
    assert lines(again) == lines(best.mapping)


def test_every_layer_of_a_network_has_a_file(tmp_path: Path) -> None:
    net = {"name": "net", "einsum": "C[m,n] += A[m,k] * B[k,n]", "bits": 16, "polymap": "workload/1"}
    layers = [{"name": name, "ranks": {"m": m, "n": 2, "k": 2}} for name, m in (("one", 2), ("two", 4))]
    best = pm.optimize(pm.workload({**net, "layers": layers}), "teaching", mapspace="even")
    (tmp_path / "result.json").write_text(best.to_json(), encoding="utf-8")
    assert main(["convert", str(tmp_path), "--to", "timeloop", "-o", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one.yaml", "two.yaml"]
    assert set(yaml.safe_load((tmp_path / "out" / "one.yaml").read_text())) == {"mapping"}


@pytest.mark.parametrize(
    ("nest", "reason"),
    [
        ("buffer holds A\nfor m in 8\nbuffer holds B C\nfor n in 10\nfor k in 4", "each memory has one place there"),
        ("for m in 2\nfor n in 10\nfor m in 4\nfor k in 4", "DRAM has a loop over m already"),
        ("for m in 8\nfor n in 5\nparallel n in 2 on Z\nfor k in 4", "two dimensions, X and Y"),
        ("for n in 10\nparallel m in 4 on X\nparallel m in 2 on Y\nfor k in 4", "m is unrolled over PE already"),
    ],
)
def test_what_has_no_counterpart_is_told_with_its_node(nest: str, reason: str) -> None:
    message = refused(f"DRAM holds A B C\n{nest}\ncompute")
    assert "result.json (mapping[" in message
    assert "has no counterpart in Timeloop" in message
    assert reason in message


def test_arrays_without_a_memory_between_them_are_refused() -> None:
    twice = MACHINE.replace("- {memory: registers", "- {array: lanes, shape: {V: 2}}\n- {memory: registers")
    assert "no memory stands between the arrays PE and lanes" in refused("DRAM holds A B C\nfor m in 8\ncompute", twice)


def test_what_is_no_result_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "result.json").write_text('{"schema": "other"}', encoding="utf-8")
    assert main(["convert", str(tmp_path), "--to", "timeloop", "-o", str(tmp_path / "out")]) != 0
    assert "is no polymap.result/1 document" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
