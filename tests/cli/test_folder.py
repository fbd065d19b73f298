"""The folder of mappings: names that cannot clash, files that are whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap.cli.folder import Folder, distinct_stems, file_stem, mapping_file, replace, write_file
from polymap.errors import SpecError
from polymap.mapping import mapping
from tests.report.examples import NEST, gemm, network


@given(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["a", "A", "a/", "a~2", "a_2", "a_"])), max_size=12))
def test_file_names_never_clash_even_where_case_does_not_count(names: list[str]) -> None:
    stems = distinct_stems(names)
    assert len({stem.lower() for stem in stems}) == len(names)


@given(st.text())
def test_a_file_name_stays_in_its_folder_and_is_not_hidden(name: str) -> None:
    stem = file_stem(name)
    assert stem
    assert os.path.basename(stem) == stem
    assert not stem.startswith(".")
    assert len(stem) <= 100


def test_a_layer_keeps_its_name_where_it_can() -> None:
    assert file_stem("layer1.x.conv") == "layer1.x.conv"


def test_a_mapping_file_is_read_back_as_the_same_mapping(tmp_path: Path) -> None:
    file = tmp_path / "gemm.map"
    replace(file, mapping_file(gemm(), "tiny.yaml", "gemm.yaml"))
    assert mapping(file) == NEST


def test_names_that_hold_line_breaks_stay_in_their_comment() -> None:
    text = mapping_file(gemm(), "tiny\ncompute", "gemm\r\ncompute")
    assert mapping(text) == NEST


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "result.json"
    file.write_text("old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace(file, "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("result.json", "old")]


def test_files_have_the_usual_permissions(tmp_path: Path) -> None:
    replace(tmp_path / "a", "text")
    (tmp_path / "b").write_text("text")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SpecError, match="cannot be written to"):
        Folder.checked(str(tmp_path / "best"))


def test_checking_a_folder_makes_none(tmp_path: Path) -> None:
    Folder.checked(str(tmp_path / "a" / "b"))
    assert list(tmp_path.iterdir()) == []


def test_writing_twice_gives_the_same_files(tmp_path: Path) -> None:
    folder = Folder.checked(str(tmp_path))
    contents = []
    for _ in range(2):
        folder.write(network(), "tiny", "pair")
        contents.append({path.name: path.read_text() for path in tmp_path.iterdir()})
    assert contents[0] == contents[1]


def test_what_goes_wrong_while_writing_is_bad_input(tmp_path: Path) -> None:
    folder = Folder.checked(str(tmp_path))
    (tmp_path / "result.json").mkdir()
    with pytest.raises(SpecError, match="cannot write here") as caught:
        folder.write(gemm(), "tiny", "gemm")
    assert caught.value.mistakes[0].mend == "give -o another place"


@pytest.mark.parametrize("name", ["", " "])
def test_a_folder_without_a_name_is_refused(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        Folder.checked(name)
    assert caught.value.mistakes[0].mend


def test_a_folder_in_place_of_the_document_is_found_beforehand(tmp_path: Path) -> None:
    (tmp_path / "result.json").mkdir()
    with pytest.raises(SpecError, match="but this is a folder") as caught:
        Folder.checked(str(tmp_path))
    assert caught.value.mistakes[0].place.file == str(tmp_path / "result.json")
    assert caught.value.mistakes[0].mend


def test_a_name_that_the_system_refuses_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot write here") as caught:
        Folder.checked(str(tmp_path / ("a" * 5000)))
    assert caught.value.mistakes[0].mend == "give -o another place"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_takes_the_text_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_file(pipe, "all of it")
        assert os.read(reader, 100) == b"all of it"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
