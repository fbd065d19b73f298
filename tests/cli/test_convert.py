"""`polymap convert` writes three files that `polymap evaluate` reads, or none at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polymap.cli import main
from tests.frontends.inputs import written

NAMES = ["architecture.yaml", "mapping.yaml", "workload.yaml"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_evaluate_reads_what_convert_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a" / "b"
    assert main(["convert", *written(tmp_path), "-o", str(out)]) == 0
    assert names(out) == NAMES
    files = [str(out / name) for name in ("architecture.yaml", "workload.yaml", "mapping.yaml")]
    capsys.readouterr()
    assert main(["evaluate", *files, "--conventions", "timeloop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["cycles"] == 24


def test_other_files_of_the_folder_stay_and_old_ones_are_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mapping.yaml").write_text("old")
    (out / "notes.txt").write_text("mine")
    assert main(["convert", *written(tmp_path), "-o", str(out)]) == 0
    assert names(out) == sorted([*NAMES, "notes.txt"])
    assert (out / "mapping.yaml").read_text().startswith("polymap: mapping/1")


def test_nothing_is_written_where_something_cannot_be_converted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = written(tmp_path, {"architecture": ("entries: 1024", "entrys: 1024")})
    assert main(["convert", *files, "-o", str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()
    assert "did you mean `entries`?" in capsys.readouterr().err


def test_what_is_left_out_is_said_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = written(tmp_path, {"ert": ("ERT:", "globals: {}\nERT:")})
    assert main(["convert", *files, "-o", str(tmp_path / "out")]) == 0
    assert "ert.yaml:1:1 (globals): settings of the front end\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("section", "change", "told"),
    [
        ("problem", ("K: 4}", "K: 4, Stride: 2}"), "(problem.instance.Stride): `Stride` is not a key here and is"),
        (
            "architecture",
            ("technology: 45nm", "bogus_key: 1"),
            "architecture.yaml:5:29 (architecture.subtree[0].attributes.bogus_key): `bogus_key` is not a key here",
        ),
        ("ert", ("system.RF[1..4]", "system.PE[1..4]"), "no component `PE`, so this table of the ERT is not used"),
        ("ert", ("{name: leak", "{name: idle"), "no access or operation is the action `idle`"),
        ("architecture", ("power_gated_at: null", "power_gated_at: RF"), "`RF` is no memory above GLB, so it gates"),
    ],
)
def test_what_is_ignored_is_said_once_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], section: str, change: tuple[str, str], told: str
) -> None:
    assert main(["convert", *written(tmp_path, {section: change}), "-o", str(tmp_path / "out")]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if told in line]
    assert len(lines) == 1
    assert f"{section}.yaml:" in lines[0]


def test_a_file_that_does_not_parse_is_the_only_thing_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("architecture: [\n")
    assert main(["convert", str(broken), "-o", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "broken.yaml:" in told
    assert "there is no section" not in told


def test_a_folder_that_cannot_be_written_to_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("a file")
    assert main(["convert", *written(tmp_path), "-o", str(tmp_path / "out")]) == 1
    assert "not a folder" in capsys.readouterr().err
