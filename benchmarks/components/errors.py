"""Errors of the SRAM table: each point from its neighbours (twice the spacing), and points that no table has."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from polymap.components.logarithmic import along
from polymap.components.records import records
from polymap.components.sram import Memory, macro
from polymap.components.sram_sweep import NODES_NM, QUANTITIES, At, Key, entry, points
from polymap.components.technology import Technology
from polymap.report.table import Row, table

AMOUNTS = ("read", "write", "leakage", "area", "delay")
HEADER = ("test", "n", *(f"{amount}: median/p95/max" for amount in AMOUNTS))
STEPS: dict[str, At] = {
    "left out, from capacities beside it": (0, 1, 0),
    "left out, from widths beside it": (0, 0, 1),
    "left out, along equal words per bank": (0, 1, 1),
    "left out, from banks beside it": (1, 0, 0),
}


def errors() -> Iterator[str]:
    """The lines of one table."""
    rows = [
        *(left_out(what, step, "lstp") for what, step in STEPS.items()),
        *(left_out(f"{what} (HP)", step, "hp") for what, step in STEPS.items() if not step[0]),
        node_left_out("left out, from nodes beside it, in logarithms", logarithmic),
        node_left_out("left out, from nodes beside it, linear", linear),
        held_out("held out, capacities 1.5 x 2^n, widths 48 to 384 b", ("22", "45", "65")),
        held_out("held out, nodes 28, 40, 55 nm", ("28", "40", "55")),
    ]
    yield from table(HEADER, rows)


def keys(device: str) -> list[Key]:
    return [(device, node, 1) for node in NODES_NM[device]]


def left_out(what: str, step: At, device: str) -> Row:
    """Every point from the geometric mean of the two that lie a step off."""
    found: dict[str, list[float]] = {amount: [] for amount in AMOUNTS}
    for key in keys(device):
        for point in points(key):
            below, above = (moved(point, step, sign) for sign in (-1, 1))
            for amount in AMOUNTS:
                low, own, high = (entry(key, amount, each) for each in (below, point, above))
                if low and own and high:
                    found[amount].append(math.sqrt(low * high) / own)
    return line(what, found)


def moved(point: At, step: At, sign: int) -> At:
    return (point[0] + sign * step[0], point[1] + sign * step[1], point[2] + sign * step[2])


def logarithmic(node: float, low: tuple[float, float], high: tuple[float, float]) -> float:
    """The amount at a node between two (node, amount), on a line in the logarithms of both."""
    return along((low[0], high[0]), (low[1], high[1]), node)


def linear(node: float, low: tuple[float, float], high: tuple[float, float]) -> float:
    weight = (node - low[0]) / (high[0] - low[0])
    return (1 - weight) * low[1] + weight * high[1]


def node_left_out(what: str, between: Callable[..., float]) -> Row:
    """Every point from the two nodes around its own."""
    found: dict[str, list[float]] = {amount: [] for amount in AMOUNTS}
    nodes = NODES_NM["lstp"]
    for below, own, above in zip(nodes, nodes[1:], nodes[2:]):
        for point in points(("lstp", own, 1)):
            for amount in AMOUNTS:
                low, at, high = (entry(("lstp", node, 1), amount, point) for node in (below, own, above))
                if low and at and high:
                    found[amount].append(between(own, (below, low), (above, high)) / at)
    return line(what, found)


def held_out(what: str, nodes: Sequence[str]) -> Row:
    """The model at rows that it does not read."""
    found: dict[str, list[float]] = {amount: [] for amount in AMOUNTS}
    for row in records("cacti_sram_held_out"):
        if row["node_nm"] in nodes:
            memory = Memory(8 * int(row["capacity_bytes"]), int(row["width_bits"]))
            for amount in AMOUNTS:
                predicted = macro(amount, memory, Technology(float(row["node_nm"]))).value
                found[amount].append(predicted / float(row[QUANTITIES[amount]]))
    return line(what, found)


def line(what: str, found: dict[str, list[float]]) -> Row:
    cells = []
    for amount in AMOUNTS:
        percents = 100 * np.abs(np.array(found[amount]) - 1)
        cells.append(f"{np.median(percents):.1f}/{np.percentile(percents, 95):.1f}/{percents.max():.0f}")
    return (what, str(len(found["read"])), *cells)
