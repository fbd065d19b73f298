"""Where specs come from: shipped names, files, YAML text or plain Python data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import choose, shown
from polymap.spec.located import Located, Note, from_python

LARGEST_FILE = 2 * 1024**2
SUFFIX = ".yaml"
KINDS = ("architectures", "workloads", "mappings", "constraints")

Source: TypeAlias = "str | os.PathLike[str] | Mapping[str, object]"


def parse(text: str, file: str = "", note: Note | None = None, merges: bool = False, tagged: bool = False) -> Located:
    """The located tree of YAML text; `file` is the name that messages show.

    Raises SpecError; with `note`, duplicate keys are noted there instead of raised. Merge keys (`<<`), which other
    tools' files have, are read where `merges` says so, and their tags of mappings where `tagged` does: `!Memory {...}`
    is a mapping whose key `!` has the value `Memory`.
    """
    from polymap.spec.yaml_text import compose

    if len(text) > LARGEST_FILE:
        raise _file_error(file, f"the text is longer than {LARGEST_FILE} characters", "split it")
    found: list[Mistake] = []
    tree = compose(text, file, note or found.append, merges, tagged)
    if found:
        raise SpecError(found)
    return tree


def dump(data: object) -> str:
    """Plain Python data (dicts, lists, text, numbers) as YAML text, keys in their own order."""
    from polymap.spec.yaml_text import dump as dump_yaml

    return dump_yaml(data)


def text_of(file: str | os.PathLike[str]) -> str:
    """The text of a file, at most `LARGEST_FILE` bytes of UTF-8. Raises SpecError with the name as it was given."""
    name = os.fspath(file)
    try:
        with open(name, "rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise _file_error(name, "there is no such file", "check the path") from None
    except IsADirectoryError:
        raise _file_error(name, "this is a folder, not a file", "name a file in it") from None
    except (OSError, ValueError) as error:
        raise _file_error(
            name, f"the file cannot be read: {getattr(error, 'strerror', error)}", "check the path"
        ) from None
    if len(data) > LARGEST_FILE:
        raise _file_error(name, f"the file is larger than {LARGEST_FILE} bytes", "split it")
    return _decoded(data, name)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        place = Place(name, line, error.start - data.rfind(b"\n", 0, error.start))
        raise SpecError(Mistake(place, "the file is not UTF-8 text", "save it as UTF-8")) from None


def _file_error(name: str, message: str, mend: str) -> SpecError:
    return SpecError(Mistake(Place(name), message, mend))


def read(source: Source, kind: str, note: Note | None = None) -> Located:
    """The located tree of a shipped name or path (see `find`), of YAML text (has a newline) or of data."""
    if isinstance(source, Mapping):
        return from_python(source)
    if isinstance(source, str) and "\n" in source:
        return parse(source, "<text>", note)
    if not isinstance(source, (str, os.PathLike)):
        what = f"{shown(source)} ({type(source).__name__}) is no source of {kind}"
        raise SpecError(Mistake(Place(), what, "give a shipped name, a path or a mapping"))
    path = find(kind, source)
    return parse(text_of(path), path, note)


def specs_folder() -> Path:
    """The folder of shipped specs: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    return next(
        (folder for folder in (package / "specs", package.parent / "specs") if folder.is_dir()), package / "specs"
    )


def shipped(kind: str) -> tuple[str, ...]:
    """Names of the shipped specs of a kind (`architectures`, `workloads`, `mappings`, ...), sorted."""
    folder = specs_folder() / kind
    return tuple(sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob(f"*{SUFFIX}")))


def find(kind: str, name: str | os.PathLike[str]) -> str:
    """The path meant by a shipped name or a path; a path is returned as it was written.

    A shipped name wins over a file of the same name in the working folder: write `./name` for that file.
    Raises SpecError that lists near names if there is neither.
    """
    path = os.fspath(name)
    if isinstance(name, str) and name in shipped(kind):
        return str(specs_folder() / kind / f"{name}{SUFFIX}")
    if os.path.exists(path) or path.endswith((".yaml", ".yml")) or not isinstance(name, str):
        return path
    known = shipped(kind)
    mend = choose(path, known, f"shipped {kind}: {', '.join(known) or 'none'}; or give the path of a file")
    if others := [other for other in KINDS if path.partition("/")[0] in shipped(other)]:
        mend = f"it is the name of one of the shipped {others[0]}: is the order of the arguments right?"
    raise SpecError(Mistake(Place(path), f"there is no file and no shipped name {shown(path)}", mend))
