"""The loop nest as a picture: loops on the left, and for each tensor where its tiles live on the right."""

from __future__ import annotations

from collections.abc import Iterator

from polymap.mapping.nest import Node, Spatial, Storage
from polymap.mapping.tiles import elements, largest_sizes
from polymap.markup import Markup, el, joined
from polymap.report.html.colours import colours
from polymap.report.html.subject import Subject
from polymap.report.numbers import count

LINE, INDENT, LEFT, COLUMN = 22, 14, 380, 170
NOTE = (
    "Time runs inside the loops, outermost first. A bar says that the tile of a tensor lives in a memory from here "
    "inwards: it is replaced when a loop above it steps. Parallel loops are copies of what stands below them."
)


def section(subject: Subject) -> Markup:
    nest = subject.mapping.without_unit_loops()
    nodes = nest.nodes
    height = LINE * (len(nodes) + 2)
    width = LEFT + COLUMN * len(subject.tensors) + 10
    picture = el(
        "svg",
        el("title", "Loop nest and lifetimes of tiles"),
        *_head(subject),
        *(_line(at, node, _depth(nodes[:at])) for at, node in enumerate(nodes)),
        _said(10 + INDENT * _depth(nodes), len(nodes), "compute", "compute"),
        *_lifetimes(subject, nodes),
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        class_="nest",
    )
    return el(
        "section",
        el("h2", "Loop nest"),
        el("p", NOTE, class_="note"),
        el("div", picture, class_="scroll"),
        id=f"{subject.path}nest",
    )


def _depth(nodes: tuple[Node, ...]) -> int:
    return sum(not isinstance(node, Storage) for node in nodes)


def _y(line: int) -> int:
    return LINE * (line + 1) + 16


def _said(x: int, line: int, said: str, class_: str) -> Markup:
    return el("text", said, x=x, y=_y(line), class_=class_)


def _line(at: int, node: Node, depth: int) -> Markup:
    kind = "storage" if isinstance(node, Storage) else "parallel" if isinstance(node, Spatial) else "loop"
    return _said(10 + INDENT * depth, at, str(node), kind)


def _head(subject: Subject) -> list[Markup]:
    return [
        el("text", f"{tensor.name} ({tensor.role})", x=LEFT + COLUMN * at, y=16, class_="head")
        for at, tensor in enumerate(subject.einsum.tensors)
    ]


def _lifetimes(subject: Subject, nodes: tuple[Node, ...]) -> Iterator[Markup]:
    """Bars of each tensor, side by side: one for every memory that holds it."""
    shades = colours(subject.tensors)
    for column, name in enumerate(subject.tensors):
        held = [(at, node) for at, node in enumerate(nodes) if isinstance(node, Storage) and name in node.tensors]
        for rank, (at, node) in enumerate(held):
            tile = elements(subject.einsum.tensor(name), largest_sizes(subject.einsum, nodes[at + 1 :]))
            x = LEFT + COLUMN * column + 12 * rank
            yield _bar(x, at, len(nodes), shades[name], f"{name} in {node.level}", f"{node.level}: {count(tile)}")


def _bar(x: int, at: int, last: int, shade: str, what: str, said: str) -> Markup:
    """A bar from a storage node inwards, and the size of the tile beside its top."""
    top, bottom = _y(at) - 14, _y(last) + 4
    bar = el(
        "rect",
        el("title", f"{what}: tiles of {said.split()[-1]} elements"),
        x=x,
        y=top,
        width=8,
        height=bottom - top,
        fill=shade,
        rx=2,
    )
    return joined([bar, el("text", said, x=x + 11, y=_y(at) - 3, class_="tile")])
