"""A program as a Python function on numpy arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polymap.report.code.program import (
    ELEMENTS,
    FLAGS,
    NUMBERS,
    Add,
    Buffer,
    Comment,
    Count,
    CountAgain,
    For,
    Hold,
    If,
    IsFirst,
    Let,
    Line,
    Log,
    Product,
    Program,
    Scope,
    Set,
    Value,
)

MARGIN = "    "


def text(program: Program) -> str:
    """The program as a file of its own."""
    arguments = ", ".join(argument.name for argument in program.arguments)
    heading = [f"# {' '.join(line.splitlines())}".rstrip() for line in program.heading]
    body = [*_shapes(program), *_start(program), *_block(program, program.body), *_end(program)]
    lines = [*heading, "", "import numpy as np", "", "", f"def {program.name}({arguments}):"]
    return "\n".join([*lines, *(f"{MARGIN}{line}" for line in body)]) + "\n"


def _shapes(program: Program) -> Iterator[str]:
    for argument in program.arguments:
        note = f", {argument.note}" if argument.note else ""
        verb = "is written to: " if argument.is_output else ""
        yield f"# {argument.name} {verb}{' x '.join(map(str, argument.shape))}{note}"


def _start(program: Program) -> Iterator[str]:
    yield from (_buffer(program, buffer) for buffer in program.buffers)
    if program.counters:
        yield "counts = {"
        yield from (f"{MARGIN}{name!r}: 0," for name in program.counters)
        yield "}"


def _buffer(program: Program, buffer: Buffer) -> str:
    output = next(argument.name for argument in program.arguments if argument.is_output)
    kind = {ELEMENTS: f"{output}.dtype", FLAGS: "bool", NUMBERS: "int"}[buffer.of]
    return f"{buffer.name} = np.zeros({buffer.extents}, {kind})  # {' '.join(buffer.note.splitlines())}"


def _end(program: Program) -> Iterator[str]:
    if program.counters:
        yield "return counts"


# Lines.


def _block(program: Program, lines: Sequence[Line]) -> Iterator[str]:
    for line in program.printed(lines):
        yield from _line(program, line)


def _inside(program: Program, lines: Sequence[Line]) -> Iterator[str]:
    return (f"{MARGIN}{piece}" for piece in _block(program, lines))


def _line(program: Program, line: Line) -> Iterator[str]:
    if isinstance(line, Scope):
        yield from _block(program, line.body)
    elif isinstance(line, For):
        yield from _for(program, line)
    elif isinstance(line, If):
        yield f"if {(' or ' if line.any else ' and ').join(line.conditions)}:"
        yield from _inside(program, line.body)
        if line.otherwise:
            yield "else:"
            yield from _inside(program, line.otherwise)
    else:
        yield from _statement(line)


def _for(program: Program, line: For) -> Iterator[str]:
    start = "" if line.start == "0" else f"{line.start}, "
    note = f"  # {' '.join(line.note.splitlines())}" if line.note else ""
    yield f"for {line.variable} in range({start}{line.stop}):{note}"
    if line.within:
        yield f"{MARGIN}if {' >= '.join(line.within)}:"
        yield f"{MARGIN}{MARGIN}break"
    yield from _inside(program, line.body)


def _statement(line: Line) -> Iterator[str]:
    if isinstance(line, Comment):
        yield f"# {' '.join(line.text.splitlines())}"
    elif isinstance(line, Let | Hold):
        yield f"{line.name} = {_value(line.value)}"
    elif isinstance(line, Set | Add):
        yield f"{_value(line.target)} {'=' if isinstance(line, Set) else '+='} {_value(line.value)}"
    elif isinstance(line, Count):
        yield from _count(line)
    elif isinstance(line, CountAgain):
        only = f"{line.only} and " if line.only else ""
        yield f"counts[{line.counter!r}] += int({only}{_value(line.mark)})"
        yield f"{_value(line.mark)} = True"
    elif isinstance(line, Log):
        yield "sent = set()"
    elif isinstance(line, IsFirst):
        key = f"({', '.join(line.key)},)"
        yield f"first = {key} not in sent"
        yield f"sent.add({key})"


def _count(line: Count) -> Iterator[str]:
    more = f"counts[{line.counter!r}] += 1"
    condition = f"not ({' and '.join(line.unless)})" if line.unless else line.only
    yield from (f"if {condition}:", f"{MARGIN}{more}") if condition else (more,)


def _value(value: Value) -> str:
    if isinstance(value, Product):
        return " * ".join(map(_value, value.factors))
    return value if isinstance(value, str) else f"{value.array}[{', '.join(value.indices)}]"
