"""How the time of a proof grows with levels, ranks and extents."""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time

import polymap as pm
from polymap.errors import PolymapError
from polymap.report.table import table

COLUMNS = ("case", "CPU s", "classes", "status", "gap")
MATMUL = "Z[m,n] += A[m,k] * B[k,n]"
# A chain of contractions' worth of ranks: each step adds a rank to a matmul.
BY_RANKS = {
    3: MATMUL,
    4: "Z[b,m,n] += A[b,m,k] * B[b,k,n]",
    5: "Z[b,m,n] += A[b,m,k,l] * B[b,k,l,n]",
    6: "Z[b,m,n,o] += A[b,m,k,l] * B[b,k,l,n,o]",
    7: "O[n,m,p,q] += I[n,c,p+r,q+s] * W[m,c,r,s]",
    8: "O[g,n,m,p,q] += I[g,n,c,p+r,q+s] * W[g,m,c,r,s]",
    9: "O[g,n,m,p,q,x] += I[g,n,c,p+r,q+s,x] * W[g,m,c,r,s]",
    10: "O[g,n,m,p,q,x] += I[g,n,c,p+r,q+s,x+t] * W[g,m,c,r,s,t]",
}
SIZES = {
    "m": 32,
    "n": 32,
    "k": 32,
    "b": 4,
    "l": 4,
    "o": 4,
    "c": 16,
    "p": 8,
    "q": 8,
    "r": 3,
    "s": 3,
    "g": 2,
    "x": 4,
    "t": 3,
}
CUBES = ((64,) * 3, (256,) * 3, (1024,) * 3, (4096,) * 3, (16384,) * 3, (65536,) * 3)
EXTENTS = (*CUBES, (65536, 64, 64), (64, 65536, 64), (720,) * 3, (5040,) * 3, (1, 4096, 4096), (127,) * 3)


def growth(seconds: float) -> Iterator[str]:
    """One table for each of levels, ranks and extents."""
    yield _titled("levels: a matmul of 256^3 on memories without arrays", _levels(seconds))
    yield _titled("levels: the same below an array of 16 x 16", _levels(seconds, array=True))
    yield _titled("ranks: on DRAM, buffer, array of 8 x 8, registers", _ranks(seconds))
    yield _titled("extents: matmuls of m, k, n on the same machine", _extents(seconds))


def _titled(title: str, rows: Iterator[tuple[str, ...]]) -> str:
    return "\n".join([title, *table(COLUMNS, list(rows))])


def _levels(seconds: float, array: bool = False) -> Iterator[tuple[str, ...]]:
    for levels in range(2, 8):
        work = pm.einsum(MATMUL, m=256, k=256, n=256, bits=16)
        yield _row(f"{levels} memories", work, _memories(levels, array), seconds)


def _memories(levels: int, array: bool) -> pm.Architecture:
    """Memories of 8 times the room and 3 times the energy from one to the next, the innermost of 32 words."""
    found: list[dict[str, object]] = []
    for level in range(levels):
        steps = levels - 1 - level
        memory: dict[str, object] = {
            "memory": f"L{level}",
            "width": "16 b",
            "energy": {"read": f"{3**steps} pJ", "write": f"{3**steps} pJ"},
        }
        found.append(memory | ({"capacity": f"{32 * 8**steps} words", "word": "16 b"} if level else {}))
        if array and level == levels - 2:
            found.append({"array": "PE", "shape": {"X": 16, "Y": 16}})
    return _machine(found)


def _machine(levels: list[dict[str, object]]) -> pm.Architecture:
    top = {"polymap": "architecture/1", "name": "growth", "clock": "1 GHz"}
    return pm.architecture({**top, "hierarchy": [*levels, {"compute": "MAC", "energy": "1 pJ"}]})


def _three(array: int) -> pm.Architecture:
    room = {"word": "16 b", "width": "16 b"}
    return _machine(
        [
            {"memory": "DRAM", "width": "16 b", "energy": {"read": "200 pJ", "write": "200 pJ"}},
            {"memory": "buffer", "capacity": "64 KiB", "energy": {"read": "6 pJ", "write": "6 pJ"}, **room},
            {"array": "PE", "shape": {"X": array, "Y": array}},
            {"memory": "registers", "capacity": "64 words", "energy": {"read": "1 pJ", "write": "1 pJ"}, **room},
        ]
    )


def _ranks(seconds: float) -> Iterator[tuple[str, ...]]:
    for number, text in BY_RANKS.items():
        ranks = {rank: SIZES[rank] for rank in SIZES if rank in _names(text)}
        yield _row(f"{number} ranks", pm.einsum(text, bits=16, **ranks), _three(8), seconds)


def _names(text: str) -> set[str]:
    return {letter for letter in text if letter.islower()}


def _extents(seconds: float) -> Iterator[tuple[str, ...]]:
    for m, k, n in EXTENTS:
        work = pm.einsum(MATMUL, m=m, k=k, n=n, bits=16)
        yield _row(f"{m} x {k} x {n}", work, _three(8), seconds)


def _row(name: str, work: pm.Einsum, machine: pm.Architecture, seconds: float) -> tuple[str, ...]:
    begin = process_time()
    try:
        found = pm.optimize(work, machine, time_limit=seconds)
    except PolymapError as error:
        return name, f"{process_time() - begin:.2f}", "", type(error).__name__, ""
    spent = process_time() - begin
    classes = found.search.classes if found.search else 0
    return name, f"{spent:.2f}", f"{classes:,}", found.status, f"{found.gap:.2g}"
