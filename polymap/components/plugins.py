"""The user's models: those of installed packages (entry points `polymap.components`), and those of a folder.

In a folder, `*.yaml` files are compounds, `*.csv` files tables, and `*.py` files define `MODELS`, a tuple of models.
Python is executed because the user named the folder, and for no other reason; files that begin with `_` are left alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from polymap import spec
from polymap.components import shipped
from polymap.components.model import Model
from polymap.components.registry import Registry
from polymap.errors import Mistake, Place, PolymapError, SpecError
from polymap.spec import Fields, Located, Scalar

if TYPE_CHECKING:  # most machines have no models but those that ship, which need none of this
    from polymap.components.compound import Asked

GROUP = "polymap.components"
YAML = (".yaml", ".yml")

Reading: TypeAlias = Callable[[], tuple[Model, ...]]


def registry(*folders: str) -> Registry:
    """The models that ship, those of installed packages, and those of folders. Raises SpecError with every mistake."""
    return _of_folders(folders) if folders else _installed()


@cache
def _installed() -> Registry:
    return _of_folders(())


def _of_folders(folders: tuple[str, ...]) -> Registry:
    def own(asked: Registry) -> Iterable[Model]:
        return [*installed(), *(model for folder in folders for model in of_folder(folder, asked))]

    return Registry(own, folders)


# installed packages


def installed() -> tuple[Model, ...]:
    """The models of installed packages. Raises SpecError, with the name of the plug-in, for one that breaks."""
    if not any(_announces(folder) for folder in sys.path):
        return ()
    from importlib.metadata import entry_points

    found = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    return tuple(model for point in found for model in _loaded(f"`{point.name}` ({point.value})", point.load))


def _announces(folder: str) -> bool:
    """Whether a package in a folder has entry points of the group; the interpreter takes 50 ms to tell, this 1 ms."""
    try:
        names = [name for name in os.listdir(folder or ".") if name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return False
    return any(GROUP in _text(os.path.join(folder, name, "entry_points.txt")) for name in names)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _loaded(what: str, load: Callable[[], object]) -> tuple[Model, ...]:
    """The models that an entry point stands for."""
    from polymap.components.python_file import checked, failed

    try:
        found = load()
    except PolymapError:
        raise
    except (Exception, SystemExit) as error:
        raise SpecError(failed(f"the plug-in {what}", error, Place())) from error
    return checked(found, f"the plug-in {what}", Place())


# folders


def of_folder(folder: str, asked: Asked) -> tuple[Model, ...]:
    """The models of a folder, whose compounds `asked` prices. Raises SpecError with the mistakes of all files."""
    from polymap.components.python_file import executed

    files, mistakes = _files(folder), spec.Mistakes()
    trees = _trees([file for file in files if file.endswith(YAML)], mistakes)

    def other(name: str) -> Located | None:
        return trees.get(name) or shipped.compound_file(name)

    readers: list[Reading] = [partial(_compound, tree, other, asked) for tree in trees.values()]
    readers += [partial(_table, file) for file in files if file.endswith(".csv")]
    readers += [partial(executed, file) for file in files if file.endswith(".py")]
    found: list[Model] = []
    for read in readers:
        with mistakes.noting():
            found += read()
    mistakes.check()
    return tuple(found)


def _compound(tree: Located, other: Callable[[str], Located | None], asked: Asked) -> tuple[Model, ...]:
    from polymap.components.compound_read import compound

    return (compound(tree, other, asked),)


def _table(file: str) -> tuple[Model, ...]:
    from polymap.components.table_read import tables

    return tables(spec.text_of(file), file)


def _files(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise SpecError(
            Mistake(Place(folder), f"no folder of components: {error.strerror}", "check the path")
        ) from None
    return [os.path.join(folder, name) for name in names if not name.startswith(("_", "."))]


def _trees(files: Iterable[str], mistakes: spec.Mistakes) -> dict[str, Located]:
    """The compounds of files, each under its name; files of another format are none."""
    from polymap.components.compound_read import FORMAT

    found: dict[str, Located] = {}
    for file in files:
        with mistakes.noting():
            tree = spec.parse(spec.text_of(file), file)
            if _value(tree, "polymap") in (FORMAT, ""):
                _add(tree, _value(tree, "component") or file, found, mistakes)
    return found


def _add(tree: Located, name: str, found: dict[str, Located], mistakes: spec.Mistakes) -> None:
    if name in found:
        message = f"the compound `{name}` is in {found[name].place.file}, too"
        mistakes.note(Mistake(tree.place, message, "rename one"))
    found.setdefault(name, tree)


def _value(tree: Located, key: str) -> str:
    fields = tree.fields if isinstance(tree, Fields) else ()
    values = (field.value for field in fields if field.key == key)
    return next((value.text for value in values if isinstance(value, Scalar)), "")
