"""`polymap codegen`: a result's mapping as code, in a file that is whole or not there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from polymap.cli import main
from tests.cli.inputs import WORK, evaluated

ARCH = """\
polymap: architecture/1
name: small
clock: 1 GHz
hierarchy:
  - {memory: DRAM, width: 16 b, energy: {read: 100 pJ, write: 100 pJ}}
  - {memory: buffer, capacity: 1 KiB, width: 16 b, energy: {read: 1 pJ, write: 1 pJ}}
  - {compute: MAC, energy: 1 pJ}
"""
NEST = "DRAM holds A B C\nfor m in 4\nbuffer holds A B C\nfor n in 2\nfor k in 8\ncompute\n"


@pytest.fixture
def result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    return evaluated(tmp_path, capsys, {"arch.yaml": ARCH, "work.yaml": WORK, "nest.map": NEST})


def changed(result: str, **sections: Any) -> str:
    document = json.loads(Path(result).read_text())
    document.update(sections)
    Path(result).write_text(json.dumps(document))
    return result


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["codegen", *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_the_code_goes_to_standard_output(result: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, result)
    assert (code, err) == (0, "")
    assert "void gemm(const element A[4][8], const element B[8][2], element C[4][2])" in out
    assert "count" not in out


def test_the_folder_of_a_search_is_a_result(result: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, os.path.dirname(result))[:2] == said(capsys, result)[:2]


def test_a_file_is_written_whole(result: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "gemm.py"
    file.write_text("old")
    assert said(capsys, result, "--language", "python", "--count", "-o", str(file)) == (0, "", "")
    assert "def gemm(A, B, C):" in file.read_text()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_write_that_fails_leaves_the_old_file(
    result: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gemm.c"
    file.write_text("old")
    monkeypatch.setattr(os, "replace", _fails)
    code, out, err = said(capsys, result, "-o", str(file))
    assert (code, out) == (1, "")
    assert "cannot write here: No space left on device" in err
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def _fails(*_: object) -> None:
    raise OSError(28, os.strerror(28))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "-o is given no name"),
        (".", "a file is to be written here, but this is a folder"),
        ("missing/gemm.c", "there is no such folder"),
        ("nest.map/gemm.c", "there is no such folder"),
    ],
)
def test_where_no_file_can_be_written(
    name: str, message: str, result: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(os.path.dirname(result))
    code, out, err = said(capsys, result, "-o", name)
    assert (code, out) == (1, "")
    assert message in err


def test_an_unknown_language(result: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, result, "--language", "Pyton")
    assert (code, out) == (1, "")
    assert "no code is generated in 'Pyton'; did you mean python? use c, python, mlir" in err


def test_truncated_json(result: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(result).read_text()
    Path(result).write_text(text[: len(text) // 2])
    code, out, err = said(capsys, result)
    assert (code, out) == (1, "")
    assert f"{result}:" in err
    assert "this is no JSON" in err


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"schema": "polymap.result/0"}, "a document of schema 'polymap.result/0' is no polymap.result/1 document"),
        ({"mapping": None}, "the document has no mapping"),
        ({"mapping": ["DRAM holds A B C", "compute"]}, "rank m of size 4 has no loop"),
        ({"inputs": {}}, "(inputs.workload): an object with keys belongs here"),
        ({"inputs": {"workload": {"value": {}}, "architecture": {}}}, "the workload cannot be read"),
    ],
)
def test_a_document_that_says_no_mapping(
    sections: dict[str, Any], message: str, result: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, changed(result, **sections))
    assert (code, out) == (1, "")
    assert message in err
    assert err.startswith(f"error: {result}")


def test_inputs_that_were_changed_to_nonsense(result: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(Path(result).read_text())
    document["inputs"]["workload"]["value"]["tensors"][0]["coordinates"][0]["terms"][0] = ["nowhere", 1]
    Path(result).write_text(json.dumps(document))
    code, out, err = said(capsys, result)
    assert (code, out) == (1, "")
    assert "no code can be made of the inputs and the mapping" in err


def test_a_layer_of_a_network_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = "polymap: workload/1\nname: pair\nlayers:\n"
    for name in ("one", "two"):
        work += f'  - {{name: {name}, einsum: "C[m,n] += A[m,k] * B[k,n]", ranks: {{m: 4, n: 2, k: 8}}}}\n'
    for name, content in {"arch.yaml": ARCH, "work.yaml": work}.items():
        (tmp_path / name).write_text(content)
    inputs = [str(tmp_path / "arch.yaml"), str(tmp_path / "work.yaml")]
    assert main(["optimize", *inputs, "-o", str(tmp_path / "best")]) == 0
    capsys.readouterr()
    code, _, err = said(capsys, str(tmp_path / "best"))
    assert (code, "give --layer with one of one, two" in err) == (1, True)
    code, out, _ = said(capsys, str(tmp_path / "best"), "--layer", "two")
    assert (code, "void two(" in out) == (0, True)
