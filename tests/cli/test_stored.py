"""Files that are no results: `explain` and `verify` say what is wrong with them, and where."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from polymap.cli import main

verbs = pytest.mark.parametrize("verb", ["explain", "verify"])


def refused(capsys: pytest.CaptureFixture[str], verb: str, path: Path) -> str:
    """What is said of a bad file: one error, no traceback, nothing on standard output."""
    assert main([verb, str(path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert "Traceback" not in said.err
    return said.err


@verbs
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":1:1: this is no JSON: Expecting value"),
        (b'{"schema": "polymap.result/1", "status"', ":1:40: this is no JSON: Expecting ':' delimiter"),
        (b'{"a": NaN}', ": this is no JSON: NaN is no number of JSON"),
        (b"\x7fELF\x02\x01\x01\x00\xff\xfe", ": this is no JSON: byte 8 is no UTF-8 text"),
        (b"\xef\xbb\xbf{}", ":1:1: this is no JSON: Unexpected UTF-8 BOM"),
        (b"[" * 100_000, ": this is no JSON: it is nested too deeply"),
        (b"1" * 5000, ": this is no JSON: "),
        (b"[]", ": this is no polymap.result/1 document: an object with keys belongs here"),
        (b"3", ": this is no polymap.result/1 document: an object with keys belongs here"),
        (b"{}", " (schema): this is no polymap.result/1 document"),
        (b'{"schema": 1}', " (schema): this is no polymap.result/1 document"),
        (
            b'{"schema": "polymap.result/0"}',
            " (schema): a document of schema 'polymap.result/0' is no polymap.result/1",
        ),
        (b'{"schema": "polymap.error/1"}', " (schema): a document of schema 'polymap.error/1' is no polymap.result/1"),
        (b'{"schema": "polymap.result/1"}', " (inputs): an object with keys belongs here"),
        (b'{"schema": "polymap.result/1", "inputs": {"workload": {}}}', " (inputs.architecture): an object with keys"),
        (b'{"schema": "polymap.result/1", "layers": 3}', " (layers"),
    ],
)
def test_a_file_that_is_no_result_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, content: bytes, message: str
) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content)
    said = refused(capsys, verb, path)
    assert f"{path}{message}" in said
    if "no JSON" in message:
        assert "\n    mend: give a result document, whole: " in said


@pytest.mark.parametrize("verb", ["explain", "codegen"])
def test_a_front_in_the_place_of_a_result_is_mended_with_one_of_its_points(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    path = tmp_path / "front.json"
    path.write_text('{"schema": "polymap.pareto/1", "points": []}')
    said = refused(capsys, verb, path)
    assert "(schema): a document of schema 'polymap.pareto/1' is no polymap.result/1" in said
    assert "mend: write one of its `points`, which is a result document, to a file of its own" in said


@verbs
def test_a_folder_without_a_result_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    said = refused(capsys, verb, tmp_path)
    assert f"{tmp_path / 'result.json'}: cannot be read: No such file or directory" in said
    assert "mend: give a result document, or a folder with a result.json" in said


@verbs
def test_a_missing_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert "nowhere.json: cannot be read: No such file or directory" in refused(capsys, verb, tmp_path / "nowhere.json")


@verbs
def test_a_folder_in_the_place_of_a_document_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    os.mkdir(tmp_path / "result.json")
    assert "result.json: cannot be read: " in refused(capsys, verb, tmp_path)


@verbs
def test_a_bad_file_is_one_document_of_json_too(tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    (tmp_path / "result.json").write_text("{")
    assert main([verb, str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["errors"][0]["line"], told["errors"][0]["column"]) == ("bad input", 1, 2)
