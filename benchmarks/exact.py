"""How long the exact engines take for one mapping on this machine: imperfect factors, holes, causal and banded domains.

    python benchmarks/exact.py

Prints the median time of several pricings, wall clock and CPU, counts not cached, and the most memory that one of them
takes. Attention is priced at coarse, middle and finest tiles of its innermost memory. Times vary; nothing here is a
test.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median
from time import perf_counter, process_time

from machines import around_array

import polymap as pm
from polymap.mapping import parse_mapping
from polymap.model import evaluate
from polymap.model.conventions import POLYMAP, Conventions
from polymap.model.meeting import meeting
from polymap.model.onsets import onsets
from polymap.model.passing import arriving, coinciding, staying
from polymap.model.windows import apart, together
from polymap.report.table import Row, table

RUNS = 5
EXACT = replace(POLYMAP, name="exact holes", holes="exact")
COLUMNS = ("case", "innermost tiles", "ms", "CPU s", "MB", "compute cycles", "outer reads")
REMEMBERED = (apart, together, arriving, staying, coinciding, meeting, onsets)

CONV = """
DRAM holds I W O
for n in 2
for p in 5
for k in 3
GLB holds I W O
for q in 4
for c in 6
parallel k in 12 on X
parallel r in 3 on Y
parallel p in 4 on Y
SPAD holds I W O
for c in 6
for q in 7
for k in 2
REG holds I W O
for s in 3
for p in 3
compute
"""

# Scores of a sequence in outer tiles of 128 x 64, rows and columns spread over the array.
ATTENTION = """
DRAM holds Q K S
for h in 32
for i in {i}
for j in {j}
GLB holds Q K S
parallel j in 8 on X
parallel i in 8 on Y
SPAD holds Q K S
for i in {x}
for j in {y}
REG holds Q K S
for d in 128
for i in {p}
for j in {q}
compute
"""

# Heads share the keys, so rounds of rows pass by a column again; the tiles of a row lie an eighth of it apart.
SCATTERED = """
DRAM holds Q K S
for j in {n}
parallel i in 8 on X
for h in 32
for i in {eighth}
REG holds Q K S
for d in 128
compute
"""

TILES = {"coarse": (1, 1, 16, 8), "middle": (4, 2, 4, 4), "1 x 1": (16, 8, 1, 1)}
DOMAINS = {"causal": "{{ [i,j] : j <= i }}", "band of {w}": "{{ [i,j] : 0 <= i - j < {w} }}"}


def main() -> None:
    """Price each case a few times and print the medians."""
    print("\n".join(table(COLUMNS, [*boxes(), *attention(4096, 512), *attention(65536, 4096)])))


def boxes() -> Iterator[Row]:
    conv = pm.einsum(
        "O[n,k,p,q] += I[n,c,2*p+r,2*q+s] * W[k,c,r,s]", name="conv", n=2, k=62, c=33, p=55, q=27, r=3, s=3
    )
    long = pm.einsum("O[p] += I[3*p+2*r] * W[r]", name="long", p=2**20 - 3, r=1021)
    line = "DRAM holds I W O\nfor p in 999\nGLB holds I W O\nfor r in 7\nfor p in 1050\nSPAD holds I W O\nfor r in 146"
    yield row("7-rank conv, stride 2, imperfect", "", conv, CONV, POLYMAP)
    yield row("the same, exact holes", "", conv, CONV, EXACT)
    yield row("rank of 2^20, imperfect", "", long, f"{line}\ncompute", POLYMAP)
    yield row("the same, exact holes", "", long, f"{line}\ncompute", EXACT)


def attention(size: int, width: int) -> Iterator[Row]:
    """32 heads over a sequence, causal and banded, at all tile sizes; then with keys that all heads share."""
    for name, domain in DOMAINS.items():
        said, tied = name.format(w=width), domain.format(w=width)
        work = scores("S[h,i,j] += Q[h,i,d] * K[h,j,d]", size, tied)
        for tiles, (x, y, p, q) in TILES.items():
            text = ATTENTION.format(i=size // 128, j=size // 64, x=x, y=y, p=p, q=q)
            yield row(f"{said}, {size}, {tiles}", f"{(size // p) * (size // q):,}", work, text, POLYMAP)
        shared = scores("S[h,i,j] += Q[h,i,d] * K[j,d]", size, tied)
        text = SCATTERED.format(n=size, eighth=size // 8)
        yield row(f"{said}, {size}, 1 x 1, shared keys", f"{size * size:,}", shared, text, POLYMAP)


def scores(text: str, size: int, domain: str) -> pm.Einsum:
    return pm.einsum(text, name="scores", h=32, i=size, j=size, d=128, domain=domain)


def row(name: str, tiles: str, work: pm.Einsum, text: str, conventions: Conventions) -> Row:
    """Medians of several pricings on four memories and an array, nothing remembered from run to run."""
    nest = parse_mapping(text.strip())
    machine = around_array({"DRAM": 1, "GLB": 1}, {"SPAD": 1, "REG": 1})

    def price() -> pm.Cost:
        return evaluate(work, machine, nest, conventions, check=False)

    cost = price()
    reads = sum(traffic.reads for traffic in cost.traffic if traffic.level == "DRAM")
    wall, cpu = times(price)
    figures = (f"{1000 * wall:.1f}", f"{cpu:.3f}", f"{peak_mb(price):.1f}")
    return (name, tiles, *figures, f"{cost.compute_cycles:,}", f"{reads:,}")


def times(run: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of wall clock and of CPU."""
    taken = []
    for _ in range(RUNS):
        forget()
        begin, cpu = perf_counter(), process_time()
        run()
        taken.append((perf_counter() - begin, process_time() - cpu))
    walls, cpus = zip(*taken)
    return median(walls), median(cpus)


def peak_mb(run: Callable[[], object]) -> float:
    """Most memory that one pricing holds at a time."""
    forget()
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def forget() -> None:
    for remembered in REMEMBERED:
        remembered.cache_clear()


if __name__ == "__main__":
    main()
