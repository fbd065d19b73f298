"""What `-o` names: the folder of `polymap optimize`, with one mapping file per layer and result.json, or one file.

A file appears whole or not at all: it is written under a temporary name in the same folder and then renamed.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from polymap.errors import NOWHERE, Mistake, Place, SpecError
from polymap.version import __version__

if TYPE_CHECKING:
    from polymap.mapper.result import NetworkResult, Result

DOCUMENT = "result.json"
SUFFIX = ".map"
LONGEST_NAME = 100


@dataclass(frozen=True)
class Folder:
    """A folder that can be written to; it is made when the first file is written."""

    path: Path

    @classmethod
    def checked(cls, name: str, files: Iterable[str] = (DOCUMENT,)) -> Folder:
        """The folder called `name`; raises `SpecError` if the files cannot be written there."""
        if not name.strip():
            raise SpecError(Mistake(NOWHERE, "-o is given no name", "name a folder: -o best; `-o .` is this one"))
        try:
            return cls(_writable(Path(name), files))
        except OSError as error:
            raise unwritable(Path(name), error) from error

    def write(self, result: Result | NetworkResult, architecture: str, workload: str) -> None:
        """Write the mappings and result.json; other files in the folder are left alone."""
        files = dict(mapping_files(result, architecture, workload))
        files[DOCUMENT] = result.to_json() + "\n"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                replace(self.path / name, text)
        except OSError as error:
            raise unwritable(self.path, error) from error


def _writable(path: Path, files: Iterable[str]) -> Path:
    """The path itself, or `SpecError` if it, or what is there of it, is no folder with room for the files."""
    existing = next((part for part in (path, *path.absolute().parents) if part.exists()), Path("."))
    if not existing.is_dir():
        raise SpecError(Mistake(Place(str(existing)), "not a folder", "give -o a folder"))
    if not os.access(existing, os.W_OK | os.X_OK):
        raise SpecError(Mistake(Place(str(existing)), "the folder cannot be written to", "give -o another folder"))
    taken = [path / file for file in files if (path / file).is_dir()]
    if taken:
        mend = "move the folder away, or give -o another one"
        raise SpecError(
            Mistake(Place(str(file)), "a file is to be written here, but this is a folder", mend) for file in taken
        )
    return path


def unwritable(path: Path, error: OSError) -> SpecError:
    """What is said where the system refuses to write below `path`."""
    return SpecError(Mistake(Place(str(path)), f"cannot write here: {error.strerror}", "give -o another place"))


def replace(path: Path, text: str) -> None:
    """Put `text` in place of whatever `path` holds, in one step."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:LONGEST_NAME]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def checked_file(name: str) -> Path:
    """The file called `name`; raises `SpecError` if no file can be written there."""
    mend = "give -o a file in a folder that can be written to"
    file = Path(name)
    if not name.strip():
        raise SpecError(Mistake(NOWHERE, "-o is given no name", "name a file"))
    if file.is_dir():
        raise SpecError(Mistake(Place(name), "a file is to be written here, but this is a folder", mend))
    if not file.parent.is_dir():
        raise SpecError(Mistake(Place(str(file.parent)), "there is no such folder", mend))
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise SpecError(Mistake(Place(str(file.parent)), "the folder cannot be written to", mend))
    return file


def write_file(file: Path, text: str) -> None:
    """One file, whole or not at all; a device or a pipe takes the text and stays what it is. Raises `SpecError` where
    it cannot be written."""
    try:
        if file.exists() and not file.is_file():
            file.write_text(text, encoding="utf-8")
        else:
            replace(file, text)
    except OSError as error:
        raise unwritable(file, error) from error


def _umask() -> int:
    # There is no way to read it but to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask


def mapping_files(result: Result | NetworkResult, architecture: str, workload: str) -> Iterator[tuple[str, str]]:
    """Name and text of each mapping file; `architecture` and `workload` are what the user called them."""
    from polymap.mapper.result import Result

    if isinstance(result, Result):
        yield f"{file_stem(result.einsum.name)}{SUFFIX}", mapping_file(result, architecture, workload)
        return
    names = distinct_stems([layer.einsum.name for _, layer in result.layers])
    for name, (_, layer) in zip(names, result.layers):
        yield f"{name}{SUFFIX}", mapping_file(layer, architecture, f"{workload}/{layer.einsum.name}")


def mapping_file(result: Result, architecture: str, workload: str) -> str:
    """A mapping as text, below comments that say what it is for and what it costs."""
    from polymap.mapping import to_text
    from polymap.model.cost import told

    comments = (
        f"polymap {__version__}",
        f"workload: {workload}",
        f"architecture: {architecture}",
        f"objective: {result.objective}",
        f"conventions: {result.conventions.name}",
        f"value: {result.value!r} ({result.status}, lower bound {result.lower_bound!r})",
        f"cost: {result.energy_pj!r} pJ, {told(result.cost.cycles)} cycles",
    )
    return to_text(result.mapping, [" ".join(comment.split()) for comment in comments])


def distinct_stems(names: list[str]) -> list[str]:
    """File names for layers, none equal to another even where case does not count.

    A repeated stem gets `~2`, `~3`, ...; a stem itself never holds `~`, so the new name is free.

    >>> distinct_stems(["a/b", "a b", "A_B", "c"])
    ['a_b', 'a_b~2', 'A_B~3', 'c']
    """
    stems = [file_stem(name) for name in names]
    folded = [stem.lower() for stem in stems]
    nth = [folded[: i + 1].count(stem) for i, stem in enumerate(folded)]
    return [stem if n == 1 else f"{stem}~{n}" for stem, n in zip(stems, nth)]


def file_stem(name: str) -> str:
    """A layer's name with only letters, digits, `_`, `-` and inner dots left.

    >>> file_stem("../layer1.x/conv 1"), file_stem("")
    ('_layer1.x_conv_1', 'layer')
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip(".")[:LONGEST_NAME] or "layer"
