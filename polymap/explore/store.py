"""Texts under keys in one sqlite file that many processes may use at once. Trouble is told, and does no harm."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

Warn: TypeAlias = Callable[[str], None]

OURS = 0x706F6C79  # application_id of the files, "poly"
FORM = 1  # user_version: what the table looks like
WAIT = 10.0  # seconds for other processes to finish writing


class Foreign(sqlite3.DatabaseError):
    """A database that is not of this form."""


class Store:
    """The texts of one file, each sealed by a hash over its key and itself.

    A file that is no such database is set aside under another name; a text whose seal is broken is removed. Where the
    file cannot be used, nothing is found and nothing kept. All of that is told to `warn`.
    """

    def __init__(self, file: Path, warn: Warn) -> None:
        self.file, self.warn = file, warn
        self._connection = self._opened()

    def get(self, key: str) -> str | None:
        """The text under a key, if there is one and it is whole."""
        row = self._do("SELECT text, seal FROM texts WHERE key = ?", key)
        if row is None or row[1] == seal(key, row[0]):
            return None if row is None else str(row[0])
        self.drop(key, "is damaged")
        return None

    def put(self, key: str, text: str) -> None:
        """Keep a text, in place of whatever is under the key."""
        self._do("INSERT OR REPLACE INTO texts VALUES (?, ?, ?)", key, text, seal(key, text))

    def drop(self, key: str, why: str) -> None:
        """Remove a text that is not to be believed."""
        self.warn(f"{self.file}: an answer {why}: it is removed")
        self._do("DELETE FROM texts WHERE key = ?", key)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _do(self, statement: str, *values: str) -> tuple[str, ...] | None:
        """The first row that a statement gives. Trouble ends the use of the file."""
        if self._connection is None:
            return None
        try:
            row: tuple[str, ...] | None = self._connection.execute(statement, values).fetchone()
            return row
        except sqlite3.Error as error:
            self.close()
            self._set_aside(error)
            return None

    def _opened(self) -> sqlite3.Connection | None:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            return _connected(self.file)
        except OSError as error:
            self.warn(f"{self.file} cannot be used: {error.strerror}")
        except sqlite3.Error as error:
            if self._set_aside(error):
                return self._opened()
        return None

    def _set_aside(self, error: sqlite3.Error) -> bool:
        """Put the file out of the way if it is the cause of an error; tell what happened."""
        if isinstance(error, sqlite3.OperationalError):  # locked, full, read-only: the file may be sound
            self.warn(f"{self.file} cannot be used: {error}")
            return False
        try:
            with _alone(self.file):
                if _is_sound(self.file):  # another process was first
                    return True
                aside = _moved(self.file)
        except (OSError, sqlite3.Error) as refused:
            self.warn(f"{self.file} is damaged or foreign ({error}), and stays where it is: {refused}")
            return False
        self.warn(f"{self.file} was damaged or foreign ({error}): it is now {aside.name}")
        return True


def seal(key: str, text: str) -> str:
    """SHA-256 over a key and its text."""
    return sha256(f"{key}\n{text}".encode()).hexdigest()


def _connected(file: Path) -> sqlite3.Connection:
    """A connection to a file with a table for texts. Raises `sqlite3.Error`."""
    connection = sqlite3.connect(file, timeout=WAIT, isolation_level=None)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """No other process sets the file aside meanwhile: it would take the new one of this process."""
    lock = sqlite3.connect(f"{file}.lock", timeout=WAIT, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        lock.close()


def _is_sound(file: Path) -> bool:
    try:
        connection = _connected(file)
        try:
            return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
        finally:
            connection.close()
    except sqlite3.Error:
        return False


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the table in a new file. Raises `Foreign` for the file of another program or form."""
    if _is_ready(connection):
        return
    with suppress(sqlite3.OperationalError):  # where there is no such journal, the usual one is as safe
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    if not _is_ready(connection):  # another process may have been first
        connection.execute("CREATE TABLE texts (key TEXT PRIMARY KEY, text TEXT NOT NULL, seal TEXT NOT NULL)")
        connection.execute(f"PRAGMA application_id = {OURS}")
        connection.execute(f"PRAGMA user_version = {FORM}")
    connection.execute("COMMIT")


def _is_ready(connection: sqlite3.Connection) -> bool:
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    marks = [connection.execute(f"PRAGMA {mark}").fetchone()[0] for mark in ("application_id", "user_version")]
    if not names and marks == [0, 0]:
        return False
    if names != ["texts"] or marks != [OURS, FORM]:
        raise Foreign("it is the file of another program or version")
    return True


def _moved(file: Path) -> Path:
    """Move a file, and what belongs to it, to a free name."""
    names = (file.with_name(f"{file.name}.aside{n}") for n in range(1, 10_000))
    aside = next(name for name in names if not name.exists())
    os.replace(file, aside)
    for suffix in ("-wal", "-shm", "-journal"):
        with suppress(OSError):
            os.replace(f"{file}{suffix}", f"{aside}{suffix}")
    return aside
