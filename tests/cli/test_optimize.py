"""`polymap optimize` and its cache, with a real search of a small problem."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polymap.cli import main


def optimized(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[dict[str, object], str]:
    """The document without CPU seconds and hash, and what is said on standard error."""
    assert main(["optimize", "teaching", "mttkrp_small", "--json", *options]) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    del document["search"]["cpu_s"], document["sha256"]
    return document, said.err


def test_an_answer_from_the_cache_says_so_and_is_otherwise_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh, _ = optimized(capsys, "--cache", str(tmp_path))
    known, err = optimized(capsys, "--cache", str(tmp_path))
    assert isinstance(known["search"], dict)
    assert known["search"].pop("note") == "cached"
    assert (known, err) == (fresh, "")


def test_the_variable_names_the_folder_and_the_option_wins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYMAP_CACHE", str(tmp_path / "a"))
    optimized(capsys, "--cache", str(tmp_path / "b"))
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    optimized(capsys)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert "note" not in str(optimized(capsys, "--cache", "off")[0]["search"])


def test_a_cache_that_is_of_no_use_is_told_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh, _ = optimized(capsys, "--cache", "off")
    (tmp_path / "answers.sqlite").write_text("no database")
    again, err = optimized(capsys, "--cache", str(tmp_path))
    assert again == fresh
    assert err.startswith("cache: ")
    assert "it is now answers.sqlite.aside1" in err
