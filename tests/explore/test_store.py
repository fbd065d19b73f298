"""The store: what is kept is found whole, by many processes at once; whatever else is there is told and set aside."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import polymap
from polymap.explore.store import Store

ROOT = Path(polymap.__file__).resolve().parent.parent


class Told(list[str]):
    """Warnings."""

    def open(self, file: Path) -> Store:
        return Store(file, self.append)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "texts.sqlite"


def test_what_is_kept_is_found_by_whoever_opens_the_file(told: Told, file: Path) -> None:
    one, other = told.open(file), told.open(file)
    one.put("a", "first")
    assert other.get("a") == "first"
    other.put("a", "second")
    other.close()
    assert (one.get("a"), one.get("b"), told) == ("second", None, [])


def test_a_text_that_was_changed_is_told_and_removed(told: Told, file: Path) -> None:
    store = told.open(file)
    store.put("a", "first")
    store.put("b", "other")
    raw = sqlite3.connect(file)
    with raw:
        raw.execute("UPDATE texts SET text = 'forged' WHERE key = 'a'")
    raw.close()
    assert store.get("a") is None
    assert told == [f"{file}: an answer is damaged: it is removed"]
    assert (store.get("a"), store.get("b"), len(told)) == (None, "other", 1)


def test_a_text_under_another_key_is_not_believed(told: Told, file: Path) -> None:
    store = told.open(file)
    store.put("a", "first")
    raw = sqlite3.connect(file)
    with raw:
        raw.execute("UPDATE texts SET key = 'b'")
    raw.close()
    assert (store.get("b"), len(told)) == (None, 1)


def foreign(file: Path) -> None:
    other = sqlite3.connect(file)
    with other:
        other.execute("CREATE TABLE texts (mine TEXT)")
    other.close()


def newer(file: Path) -> None:
    Store(file, print).close()
    other = sqlite3.connect(file)
    other.execute("PRAGMA user_version = 99")
    other.close()


def garbage(file: Path) -> None:
    file.write_bytes(os.urandom(5000))


@pytest.mark.parametrize("spoil", [foreign, newer, garbage])
def test_any_other_file_is_set_aside_as_it_is(told: Told, tmp_path: Path, spoil: object) -> None:
    file = tmp_path / "texts.sqlite"
    assert callable(spoil)
    spoil(file)
    before = file.read_bytes()
    for n in (1, 2):
        store = told.open(file)
        store.put("a", "first")
        assert store.get("a") == "first"
        store.close()
        assert len(told) == n
        assert f"it is now texts.sqlite.aside{n}" in told[-1]
        assert (tmp_path / f"texts.sqlite.aside{n}").read_bytes() == before
        file.write_bytes(before)


def test_a_file_that_is_damaged_inside_is_set_aside_when_it_is_noticed(told: Told, file: Path) -> None:
    store = told.open(file)
    for i in range(300):
        store.put(f"key{i}", "text " * 50)
    store.close()
    sqlite3.connect(file).execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    content = bytearray(file.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    file.write_bytes(content)
    store = told.open(file)
    assert [store.get(f"key{i}") for i in range(300)] == [None] * 300
    assert [text for text in told if "it is now texts.sqlite.aside1" in text] == told != []
    told.clear()
    again = told.open(file)
    again.put("a", "first")
    assert (again.get("a"), told) == ("first", [])


def test_a_folder_that_cannot_be_had_is_told_once(told: Told, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    store = told.open(tmp_path / "taken" / "texts.sqlite")
    store.put("a", "first")
    assert store.get("a") is None
    assert len(told) == 1
    assert "cannot be used" in told[0]


WRITER = """\
import sys
from pathlib import Path
from polymap.explore import store as stores
from polymap.explore.store import Store

stores.WAIT = 300.0  # a busy machine, or a slow disk, is no failure
me, file = int(sys.argv[1]), Path(sys.argv[2])
sys.stdin.readline()  # so that all begin at once
store = Store(file, lambda text: print(text, flush=True))
for i in range(60):
    store.put(f"mine{me}.{i}", f"{me}.{i}" * 100)
    store.put(f"ours{i}", f"ours{i}" * 100)
    assert store.get(f"mine{me}.{i}") == f"{me}.{i}" * 100
"""


def writers(file: Path) -> str:
    """What four processes that write at once have to say."""
    command = [sys.executable, "-c", WRITER]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(
            [*command, str(i), str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        for i in range(4)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = "".join(process.communicate(timeout=300)[0] for process in started)
    assert [process.returncode for process in started] == [0] * 4, said
    return said


def test_many_processes_may_write_at_once(told: Told, file: Path) -> None:
    assert writers(file) == ""
    store = told.open(file)
    for i in range(60):
        assert store.get(f"ours{i}") == f"ours{i}" * 100
        assert [store.get(f"mine{n}.{i}") for n in range(4)] == [f"{n}.{i}" * 100 for n in range(4)]
    assert told == []


def test_many_processes_may_find_a_damaged_file_at_once(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "texts.sqlite"
    file.write_bytes(b"no database" * 1000)
    said = writers(file)
    assert said.count("it is now texts.sqlite.aside") >= 1
    assert all("it is now" in line for line in said.splitlines())
    assert told.open(file).get("ours7") == "ours7" * 100
    assert told == []
