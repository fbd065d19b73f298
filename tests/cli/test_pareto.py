"""`polymap pareto`: the table, the document, and what cannot be asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polymap.cli import main


def test_a_front_is_a_row_per_point(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["pareto", "teaching", work(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["point", "energy", "cycles", "latency", "utilization", "EDP"]
    assert "no mapping is better in both" in out


def test_json_holds_a_result_for_every_point(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["pareto", "teaching", work(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["complete"]) == ("polymap.pareto/1", True)
    assert [point["schema"] for point in document["points"]] == ["polymap.result/1"] * len(document["points"])


def test_a_front_over_the_size_of_a_memory_shows_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    options = ["--axes", "energy,size:buffer", "--tolerance", "0.5"]
    assert main(["pareto", "teaching", work(tmp_path), *options]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split()[-1] == "buffer"
    assert "at most 1.5 times the buffer space" in out
    assert main(["pareto", "teaching", work(tmp_path), *options, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["axes"], document["tolerance"]) == (["energy", "size:buffer"], 0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--axes", "energy,area"], "no front over 'energy,area'"),
        (["--axes", "energy,size:bufer"], "there is no memory 'bufer'"),
        (["--axes", "energy,size"], "the name of a memory is missing"),
        (["--tolerance", "-1"], "'-1' is not a tolerance"),
        (["--objective", "edp"], "--objective"),
        (["--subject-to", "latency"], "'latency'"),
    ],
)
def test_what_cannot_be_asked_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], message: str
) -> None:
    assert main(["pareto", "teaching", work(tmp_path), *options]) == 1
    assert message in capsys.readouterr().err


def work(folder: Path) -> str:
    path = folder / "work.yaml"
    path.write_text(
        'polymap: workload/1\nname: small\neinsum: "C[m,n] += A[m,k] * B[k,n]"\nranks: {m: 4, n: 4, k: 4}\n'
    )
    return str(path)
