"""The rooms of the house: imports point one way, each large library has its door, names say something."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import polymap

PACKAGE = Path(polymap.__file__).resolve().parent
FLOORS = (
    ("version", "errors", "quantity", "markup"),
    ("spec",),
    ("components",),
    ("workload", "architecture"),
    ("mapping",),
    ("model", "constraints"),
    ("polyhedral", "refute"),
    ("mapper",),
    ("frontends", "explore", "report"),
    ("verbs",),
    ("serve",),
    ("__init__", "cli"),
    ("__main__",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# Rooms on the same floor that may look into each other.
NEIGHBOURS = {("quantity", "errors")}
DOORS = {
    "yaml": {"spec"},
    "sympy": {"model"},
    "ortools": {"mapper"},
    "islpy": {"workload", "polyhedral"},
    "pandas": {"mapper"},
    "onnx": {"frontends"},
    "xdsl": {"frontends"},
    "torch": {"frontends"},
    "jax": {"frontends"},
    "jinja2": {"frontends"},
    "matplotlib": {"report"},
}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "core", "manager", "handler", "misc"}
LARGE = ("yaml", "numpy", "sympy", "ortools", "islpy", "pandas", "onnx", "xdsl", "torch", "jax", "jinja2", "matplotlib")


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "specs" not in path.parts)


def room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Dotted names of all modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "polymap":
            yield from (f"polymap.{name.name}" for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def rooms_entered(path: Path) -> set[str]:
    """The rooms that a file imports from; an import of the package itself counts as `__init__`."""
    names = [name.split(".") for name in imported(path) if name.split(".")[0] == "polymap"]
    return {parts[1] if len(parts) > 1 else "__init__" for parts in names}


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    here = room(path)
    allowed = {other for other in FLOOR if FLOOR[other] < FLOOR[here] or (here, other) in NEIGHBOURS}
    assert rooms_entered(path) - {here} <= allowed


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_library_enters_through_its_door(path: Path) -> None:
    libraries = {name.split(".")[0] for name in imported(path)}
    assert all(room(path) in DOORS[library] for library in libraries & set(DOORS))


def test_names_say_something() -> None:
    assert not [path for path in files() if EMPTY_NAMES & {*path.relative_to(PACKAGE).parts[:-1], path.stem}]


def test_importing_polymap_loads_no_large_library() -> None:
    loads = f"import sys, polymap; print([name for name in {LARGE} if name in sys.modules])"
    root = str(PACKAGE.parent)
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


def test_every_public_name_is_there() -> None:
    assert all(getattr(polymap, name) is not None for name in polymap.__all__)
    assert set(polymap.__all__) <= set(dir(polymap))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'optimise'"):
        polymap.optimise  # noqa: B018


def test_verbs_keep_their_names_when_rooms_are_imported() -> None:
    import polymap.architecture.hierarchy
    import polymap.mapping.nest
    import polymap.workload.einsum

    assert all(callable(verb) for verb in (polymap.architecture, polymap.mapping, polymap.workload, polymap.einsum))


def test_every_shipped_spec_is_read() -> None:
    from polymap.spec import shipped

    kinds = {
        "architectures": polymap.architecture,
        "constraints": polymap.constraints,
        "workloads": polymap.workload,
        "mappings": polymap.mapping,
    }
    names = {kind: shipped(kind) for kind in kinds}
    assert "eyeriss_like" in names["architectures"]
    assert "resnet18" in names["workloads"]
    for kind, read in kinds.items():
        for name in names[kind]:
            assert read(name) is not None
