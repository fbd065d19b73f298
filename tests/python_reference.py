"""The reference of the Python package, from its docstrings: `python tests/python_reference.py` rewrites the page."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import polymap

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "python.md"
HEAD = """# Python

    import polymap as pm

Every public name: what is in `polymap.__all__`, and nothing else. Energies are in pJ, areas in um2, times in s, leakage
in W, sizes in bits, counts in elements of the tensor, unless a name says otherwise. Whatever cannot be done is a
`PolymapError` with all mistakes, each with its place and mending.

This page is written from the docstrings by `python tests/python_reference.py`; a test holds it against them.
"""


def page() -> str:
    names = [name for name in polymap.__all__ if name != "__version__"]
    public = {name: getattr(polymap, name) for name in names}
    functions = {name: value for name, value in public.items() if inspect.isfunction(value)}
    classes = {name: value for name, value in public.items() if inspect.isclass(value)}
    modules = {name: value for name, value in public.items() if isinstance(value, ModuleType)}
    assert len(functions) + len(classes) + len(modules) == len(names)
    parts = [HEAD, "## Functions", *(function(f"pm.{name}", value) for name, value in functions.items())]
    for name, module in modules.items():
        parts.append(f"## pm.{name}\n\n{prose(module)}")
        parts += (function(f"pm.{name}.{inner}", value) for inner, value in own_functions(module))
    parts += ["## Values and errors", *(kind(name, value) for name, value in classes.items())]
    parts.append("### pm.\\_\\_version\\_\\_\n\nThe version of polymap, as text.")
    return "\n\n".join(part.strip() for part in parts) + "\n"


def own_functions(module: ModuleType) -> Iterator[tuple[str, object]]:
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield name, value


def function(name: str, value: object) -> str:
    return f"### {name}\n\n```text\n{signature(name, value)}\n```\n\n{prose(value)}"


def signature(name: str, value: object) -> str:
    assert callable(value)
    shape = inspect.signature(value)
    lines, was_keyword = [], False
    for parameter in shape.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not was_keyword:
            lines.append("*")
            was_keyword = True
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        lines.append(f"{stars}{parameter.name}: {parameter.annotation}{default}")
    inside = "".join(f"    {line},\n" for line in lines)
    return f"{name}(\n{inside}) -> {shape.return_annotation}"


def prose(value: object) -> str:
    """A docstring as Markdown: its examples become blocks."""
    text = inspect.getdoc(value) or ""
    assert text, f"{value} has no docstring"
    examples = re.compile(r"^>>> .*?(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
    return examples.sub(lambda match: f"```text\n{match[0]}\n```", text)


def kind(name: str, value: type) -> str:
    rows = [*fields(value), *members(value)]
    table = "\n".join(["| | | |", "|---|---|---|", *rows]) if rows else ""
    return f"### pm.{name}\n\n{prose(value)}\n\n{table}"


def fields(value: type) -> Iterator[str]:
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if not field.name.startswith("_"):
                yield row(field.name, str(field.type), "")


def members(value: type) -> Iterator[str]:
    for name, member in vars(value).items():
        what = member.fget if isinstance(member, property) else member
        if not name.startswith("_") and inspect.isfunction(what):
            first = (inspect.getdoc(what) or "").partition("\n\n")[0].replace("\n", " ")
            returned = str(inspect.signature(what).return_annotation)
            yield row(name if isinstance(member, property) else f"{name}()", returned, first)


def row(name: str, type_: str, what: str) -> str:
    return f"| `{name}` | `{type_}` | {what} |".replace(" | None", " or None").replace("|`", "| `")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
