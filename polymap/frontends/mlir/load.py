"""MLIR text -> a module of xdsl, and where its operations stand in the text."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.extras import missing
from polymap.frontends.files import bytes_of

GENERALISE = "mlir-opt --linalg-generalize-named-ops"
# A string may hold `//`, a comment may hold a quote.
STRING_OR_COMMENT = re.compile(
    r'(?P<string>"(?:[^"\\\n\v\f]|\\(?:["nt\\]|[0-9A-Fa-f]{2}))*")|(?P<comment>//[^\n]*)|(?P<open>")'
)


@dataclass(frozen=True)
class Module:
    """A module, the file that it is from, and its text; both are empty for one that was given."""

    op: Any
    file: str
    text: str

    def placed(self) -> Iterator[tuple[Any, Place]]:
        """Every operation, outer ones first, with its line where the text tells: its n-th mention is the n-th one."""
        lines = {name: _lines(self.text, name) for name in {named(op) for op in self.op.walk()}}
        seen: Counter[str] = Counter()
        for op in self.op.walk():
            name = named(op)
            at = lines[name][seen[name]] if seen[name] < len(lines[name]) else 0
            seen[name] += 1
            yield op, Place(self.file, at, path=f"{name}[{seen[name] - 1}]")


def named(op: Any) -> str:
    """The name of an operation, also of one that xdsl does not know."""
    given = getattr(op, "op_name", None)
    return str(given.data) if op.name == "builtin.unregistered" and given is not None else str(op.name)


def _lines(text: str, name: str) -> list[int]:
    return [
        text.count("\n", 0, match.start()) + 1 for match in re.finditer(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text)
    ]


def package(file: str = "") -> Any:
    """The package xdsl with the parts that are used. Raises `SpecError` where it is missing."""
    try:
        import xdsl
        import xdsl.context
        import xdsl.dialects
        import xdsl.parser
        import xdsl.utils.exceptions
    except ImportError as error:
        raise missing(error, "mlir", file) from None
    return xdsl


def loaded(source: Any) -> Module:
    """The module of a file, or the one given. Raises `SpecError` with line and column of what cannot be parsed."""
    if not isinstance(source, str | os.PathLike):
        module = Module(source, "", "")
        _verify(module)
        return module
    file = os.fspath(source)
    xdsl = package(file)
    text = _text(bytes_of(file), file)
    _check_strings(text, file)
    module = Module(_parsed(xdsl, text, file), file, STRING_OR_COMMENT.sub(_blank, text))
    _verify(module)
    return module


def _text(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        where = Place(file, data.count(b"\n", 0, error.start) + 1)
        raise SpecError(Mistake(where, "the file is not UTF-8 text", "bytecode is not read: write text")) from None


def _blank(match: re.Match[str]) -> str:
    return match["string"] or ""


def _check_strings(text: str, file: str) -> None:
    """On a string that is not closed xdsl takes time that doubles with every character, so it is told before."""
    found = next((match for match in STRING_OR_COMMENT.finditer(text) if match["open"]), None)
    if found:
        raise SpecError(Mistake(_at(text, found.start(), file), "a string begins here that is not closed on its line"))


def _at(text: str, start: int, file: str) -> Place:
    return Place(file, text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))


def _parsed(xdsl: Any, text: str, file: str) -> Any:
    context = xdsl.context.Context(allow_unregistered=True)
    for name, dialect in xdsl.dialects.get_all_dialects().items():
        context.register_dialect(name, dialect)
    try:
        return xdsl.parser.Parser(context, text, file).parse_module()
    except xdsl.utils.exceptions.ParseError as error:
        raise SpecError(_mistake(error, text, file)) from None
    except RecursionError:
        raise SpecError(Mistake(Place(file), "the text is nested too deeply")) from None
    except Exception as error:  # on text that is wrong in some ways xdsl stumbles: assertions, indices, missing formats
        text = f"xdsl does not read it: {type(error).__name__}: {_line(error)}"
        raise SpecError(Mistake(Place(file), text, "check it with mlir-opt")) from None


def _mistake(error: Any, text: str, file: str) -> Mistake:
    place, message = _at(text, error.span.start, file), _line(error.msg)
    if "custom format" not in message:
        return Mistake(place, message)
    mend = f"write it in generic form: {GENERALISE} --mlir-print-op-generic"
    return Mistake(place, "xdsl knows no short form of this operation", mend)


def _verify(module: Module) -> None:
    try:
        module.op.verify()
    except Exception as error:  # as above; what is meant is a VerifyException
        raise SpecError(Mistake(Place(module.file), f"the module is not valid: {_line(error)}")) from None


def _line(error: object) -> str:
    """The first line of what xdsl says, without the operations that it prints below."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" ^")]
    return lines[-1] if lines else type(error).__name__
