"""A loop nest drawn: loops indented, tiles and how full each memory is behind them, as comments of a mapping file."""

from __future__ import annotations

from collections.abc import Iterator

from polymap.mapper.result import Result
from polymap.mapping.nest import Node, Spatial, Storage
from polymap.mapping.tiles import elements, largest_sizes
from polymap.report.numbers import bits, count, percent
from polymap.report.paint import Paint

BAR = 10  # characters of a bar


def drawn(result: Result, paint: Paint) -> list[str]:
    """One line per node, and `compute`; without colours a mapping file that says the same."""
    nodes = result.mapping.nodes
    lines = [f"{'  ' * depth}{node}" for depth, node in zip(_depths(nodes), nodes)]
    width = max(map(len, lines), default=0)
    said = [_said(result, at, node) for at, node in enumerate(nodes)]
    shown = [
        f"{_painted(line, node, paint)}{' ' * (width - len(line))}  {paint(f'# {about}', 'dim')}" if about
        else _painted(line, node, paint)
        for line, node, about in zip(lines, nodes, said, strict=True)
    ]  # fmt: skip
    return [*shown, f"{'  ' * sum(not isinstance(node, Storage) for node in nodes)}compute"]


def _depths(nodes: tuple[Node, ...]) -> Iterator[int]:
    depth = 0
    for node in nodes:
        yield depth
        depth += not isinstance(node, Storage)


def _painted(line: str, node: Node, paint: Paint) -> str:
    if isinstance(node, Storage):
        return paint(line, "bold")
    return paint(line, "parallel") if isinstance(node, Spatial) else line


def _said(result: Result, at: int, node: Node) -> str:
    """The tiles of a storage node; at the last one of a memory how full it is, too."""
    if not isinstance(node, Storage):
        return ""
    nodes = result.mapping.nodes
    sizes = largest_sizes(result.einsum, nodes[at + 1 :])
    tiles = ", ".join(f"{name} {count(elements(result.einsum.tensor(name), sizes))}" for name in node.tensors)
    is_last = not any(isinstance(other, Storage) and other.level == node.level for other in nodes[at + 1 :])
    return f"{tiles}{_room(result, node.level)}" if is_last else tiles


def _room(result: Result, level: str) -> str:
    row = result.cost.component(level)
    if not row.capacity_bits:
        return ""
    share = row.occupied_bits / row.capacity_bits
    full = round(BAR * min(1.0, share))
    return f" [{'=' * full}{' ' * (BAR - full)}] {percent(share)} of {bits(row.capacity_bits)}"
