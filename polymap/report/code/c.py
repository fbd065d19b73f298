"""A program as a C99 function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polymap.report.code.program import (
    ELEMENTS,
    FLAGS,
    NUMBERS,
    Add,
    Argument,
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
    every,
    texts,
)

INT_MAX = 2**31 - 1
LIMITS = {
    "min": "static {0} min({0} a, {0} b) {{ return a < b ? a : b; }}",
    "max": "static {0} max({0} a, {0} b) {{ return a > b ? a : b; }}",
}
ELEMENT = """\
#ifndef POLYMAP_ELEMENT
#define POLYMAP_ELEMENT int64_t
#endif
typedef POLYMAP_ELEMENT element;"""
IS_FIRST = """\
/* Whether a key is not yet among the `used` keys of a list; then it is put there. */
static int is_first({0} *list, int *used, const {0} *key, int width)
{{
    for (int i = 0; i < *used; i++)
        if (memcmp(list + i * width, key, sizeof *key * (size_t)width) == 0)
            return 0;
    memcpy(list + (*used)++ * width, key, sizeof *key * (size_t)width);
    return 1;
}}"""


def text(program: Program) -> str:
    """The program as a file of its own."""
    number = "int" if program.largest <= INT_MAX else "long long"
    parts = [
        "\n".join(("/*", *(f" * {_plain(line)}".rstrip() for line in program.heading), " */")),
        "\n".join(_includes(program)),
        ELEMENT,
        "\n".join(LIMITS[name].format(number) for name in _calls(program)),
        IS_FIRST.format(number) if _has(program, IsFirst) else "",
        "\n".join(_buffer(buffer, number) for buffer in program.buffers),
        _counters(program),
        "\n".join((_signature(program), "{", *_begin(program), *_block(program, program.body, number, 1), "}")),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _plain(line: str) -> str:
    """Text on one line that ends no comment."""
    return " ".join(line.splitlines()).replace("*/", "* /").replace("/*", "/ *")


def _has(program: Program, kind: type[Line]) -> bool:
    return any(isinstance(line, kind) for line in every(program.body))


def _includes(program: Program) -> Iterator[str]:
    yield "#include <stdint.h>"
    if program.counters:
        yield "#include <string.h>"


def _calls(program: Program) -> list[str]:
    """The functions of two numbers that the program calls."""
    said = [text for line in every(program.body) for text in texts(line)]
    return [name for name in LIMITS if any(f"{name}(" in text for text in said)]


def _buffer(buffer: Buffer, number: str) -> str:
    kind = {ELEMENTS: "element", FLAGS: "unsigned char", NUMBERS: number}[buffer.of]
    return f"static {kind} {buffer.name}{_extents(buffer.extents)}; /* {_plain(buffer.note)} */"


def _extents(extents: Sequence[int]) -> str:
    return "".join(f"[{extent}]" for extent in extents)


def _counters(program: Program) -> str:
    if not program.counters:
        return ""
    names = "".join(f"\n    {_string(name)}," for name in program.counters)
    size = len(program.counters)
    return (
        f"const int {program.name}_counters = {size};\n"
        f"/* What was moved, in elements: numbers of `polymap evaluate`, by name. */\n"
        f"const char *const {program.name}_counted[{size}] = {{{names}\n}};\n"
        f"long long {program.name}_counts[{size}];"
    )


def _string(name: str) -> str:
    escaped = (ch if ch.isascii() and ch.isprintable() and ch not in '"\\?' else _octal(ch) for ch in name)
    return f'"{"".join(escaped)}"'


def _octal(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in character.encode())


def _begin(program: Program) -> Iterator[str]:
    """Every call counts anew."""
    cleared = [buffer.name for buffer in program.buffers if buffer.of == FLAGS]
    for name in (f"{program.name}_counts", *cleared) if program.counters else ():
        yield f"    memset({name}, 0, sizeof {name});"


def _signature(program: Program) -> str:
    notes = [f"/* of {argument.name}, {argument.note} */\n" for argument in program.arguments if argument.note]
    arguments = ", ".join(_argument(argument) for argument in program.arguments)
    return f"{''.join(notes)}void {program.name}({arguments})"


def _argument(argument: Argument) -> str:
    return f"{'' if argument.is_output else 'const '}element {argument.name}{_extents(argument.shape)}"


# Lines.


def _block(program: Program, lines: Sequence[Line], number: str, depth: int) -> Iterator[str]:
    for line in program.printed(lines):
        yield from _line(program, line, number, depth)


def _line(program: Program, line: Line, number: str, depth: int) -> Iterator[str]:
    margin = "    " * depth
    if isinstance(line, Scope):
        yield f"{margin}{{"
        yield from _block(program, line.body, number, depth + 1)
        yield f"{margin}}}"
    elif isinstance(line, For):
        yield from _braced(program, _for(line, number), line.body, number, depth, line.note)
    elif isinstance(line, If):
        yield from _if(program, line, number, depth)
    else:
        for piece in _statement(program, line, number):
            yield margin + piece


def _for(line: For, number: str) -> str:
    within = f" && {' < '.join(line.within)}" if line.within else ""
    name = line.variable
    return f"for ({number} {name} = {line.start}; {name} < {line.stop}{within}; {name}++)"


def _braced(
    program: Program, head: str, body: Sequence[Line], number: str, depth: int, note: str = ""
) -> Iterator[str]:
    """A head and what it governs, in braces unless that is one line."""
    margin, said = "    " * depth, f" /* {_plain(note)} */" if note else ""
    kept = program.printed(body)
    single = len(kept) == 1 and isinstance(kept[0], For | Set | Add)
    yield f"{margin}{head}{'' if single else ' {'}{said}"
    yield from _block(program, kept, number, depth + 1)
    if not single:
        yield f"{margin}}}"


def _if(program: Program, line: If, number: str, depth: int) -> Iterator[str]:
    head = f"if ({(' || ' if line.any else ' && ').join(line.conditions)})"
    if not line.otherwise:
        yield from _braced(program, head, line.body, number, depth)
        return
    margin = "    " * depth
    yield f"{margin}{head} {{"
    yield from _block(program, line.body, number, depth + 1)
    yield f"{margin}}} else {{"
    yield from _block(program, line.otherwise, number, depth + 1)
    yield f"{margin}}}"


def _statement(program: Program, line: Line, number: str) -> Iterator[str]:
    if isinstance(line, Comment):
        yield f"/* {_plain(line.text)} */"
    elif isinstance(line, Let):
        yield f"{'' if line.changes else 'const '}{number} {line.name} = {line.value};"
    elif isinstance(line, Hold):
        yield f"{'' if line.changes else 'const '}element {line.name} = {_value(line.value)};"
    elif isinstance(line, Set | Add):
        yield f"{_value(line.target)} {'=' if isinstance(line, Set) else '+='} {_value(line.value)};"
    elif program.counters:
        yield from _counted(program, line, number)


def _counted(program: Program, line: Line, number: str) -> Iterator[str]:
    if isinstance(line, Count):
        more = f"{program.name}_counts[{program.counters.index(line.counter)}]++; /* {_plain(line.counter)} */"
        unless = f"if (!({' && '.join(line.unless)})) " if line.unless else ""
        yield f"{unless}{f'if ({line.only}) ' if line.only else ''}{more}"
    elif isinstance(line, CountAgain):
        mark = _value(line.mark)
        index = program.counters.index(line.counter)
        only = f"{line.only} && " if line.only else ""
        yield f"{program.name}_counts[{index}] += {only}{mark}; /* {_plain(line.counter)} */"
        yield f"{mark} = 1;"
    elif isinstance(line, Log):
        yield f"{number} sent[{line.length}][{line.width or 1}];"
        yield "int used = 0;"
    elif isinstance(line, IsFirst):
        key = f"({number}[]){{{', '.join(line.key)}}}"
        yield f"const int first = is_first(&sent[0][0], &used, {key}, {len(line.key)});"


def _value(value: Value) -> str:
    if isinstance(value, Product):
        return " * ".join(map(_value, value.factors))
    return value if isinstance(value, str) else value.array + "".join(f"[{index}]" for index in value.indices)
