"""Microseconds per question: single ones with their error, their tree on top, and arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from timeit import Timer

import numpy as np

from polymap.components.sram import Memory, estimate, values
from polymap.components.technology import Technology
from polymap.report.table import Row, table

RUNS, CALLS, LENGTH = 7, 2000, 100_000
KIB = 8 * 1024
QUESTIONS: dict[str, tuple[Memory, Technology]] = {
    "64 KiB, 64 b, 45 nm: a point of the table": (Memory(64 * KIB, 64), Technology(45)),
    "100 KiB, 72 b, 45 nm": (Memory(100 * KIB, 72), Technology(45)),
    "100 KiB, 72 b, 3 banks, 45 nm": (Memory(100 * KIB, 72, 3), Technology(45)),
    "100 KiB, 72 b, 3 banks, 40 nm": (Memory(100 * KIB, 72, 3), Technology(40)),
    "100 KiB, 72 b, 7 nm": (Memory(100 * KIB, 72), Technology(7)),
    "16 words of 16 b, 16 nm": (Memory(256, 16), Technology(16)),
    "45 words of 16 b, 16 nm: of flip-flops and SRAM": (Memory(720, 16), Technology(16)),
}
HEADER = ("question", "read", "leakage", "read and its tree")


def times() -> Iterator[str]:
    """The lines of two tables."""
    yield from table(HEADER, [single(what, *question) for what, question in QUESTIONS.items()])
    yield ""
    sizes = [arrays(node, 16) for node in (45.0, 40.0, 7.0)]
    yield from table((f"arrays of {LENGTH:,}", "read", "area"), [*sizes, arrays(45.0, 11, "down to a few words")])


def single(what: str, memory: Memory, asked: Technology) -> Row:
    questions: tuple[Callable[[], object], ...] = (
        lambda: estimate("read", memory, asked).sigma,
        lambda: estimate("leakage", memory, asked).sigma,
        lambda: estimate("read", memory, asked).origin,
    )
    return (what, *(f"{microseconds(question, CALLS):.1f}" for question in questions))


def arrays(node_nm: float, least_log2: float, what: str = "8 KiB to 32 MiB") -> Row:
    drawn = np.random.default_rng(0)
    capacities, widths = 2 ** drawn.uniform(least_log2, 28, LENGTH), 2 ** drawn.uniform(3, 10, LENGTH)
    asked = Technology(node_nm)
    found = (microseconds(lambda of=of: values(of, capacities, widths, asked), 1) for of in ("read", "area"))
    return (f"{node_nm:g} nm, {what}", *(f"{each / LENGTH:.2f}" for each in found))


def microseconds(question: Callable[[], object], calls: int) -> float:
    """The median of some runs, after one that fills the tables."""
    question()
    return 1e6 * median(Timer(question).repeat(RUNS, calls)) / calls
