"""How long the exact engines take for one mapping on this machine: imperfect factors, holes, causal and banded domains.

    python benchmarks/exact.py

Prints the best time of several pricings in milliseconds, counts not cached, and what was priced. Times vary; nothing
here is a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from time import perf_counter

import polymap as pm
from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.mapping import parse_mapping
from polymap.model import evaluate
from polymap.model.band import spread
from polymap.model.conventions import POLYMAP, Conventions
from polymap.model.meeting import meeting
from polymap.model.windows import apart, together
from polymap.report.table import Row, table

RUNS = 5
EXACT = replace(POLYMAP, name="exact holes", holes="exact")

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

ATTENTION = """
DRAM holds Q K S
for h in 32
for i in 32
for j in 64
GLB holds Q K S
parallel j in 8 on X
parallel i in 8 on Y
SPAD holds Q K S
for i in 2
for j in 2
REG holds Q K S
for d in 128
for i in 8
for j in 4
compute
"""


def main() -> None:
    """Price each case a few times and print the best."""
    conv = pm.einsum(
        "O[n,k,p,q] += I[n,c,2*p+r,2*q+s] * W[k,c,r,s]", name="conv", n=2, k=62, c=33, p=55, q=27, r=3, s=3
    )
    long = pm.einsum("O[p] += I[3*p+2*r] * W[r]", name="long", p=2**20 - 3, r=1021)
    line = "DRAM holds I W O\nfor p in 999\nGLB holds I W O\nfor r in 7\nfor p in 1050\nSPAD holds I W O\nfor r in 146"
    scores = "S[h,i,j] += Q[h,i,d] * K[h,j,d]"
    causal = pm.einsum(scores, name="causal", h=32, i=4096, j=4096, d=128, domain="{ [i,j] : j <= i }")
    band = pm.einsum(scores, name="band", h=32, i=4096, j=4096, d=128, domain="{ [i,j] : 0 <= i - j < 512 }")
    rows = [
        row("7-rank conv, stride 2, imperfect", conv, CONV, POLYMAP),
        row("the same, exact holes", conv, CONV, EXACT),
        row("rank of 2^20, imperfect", long, f"{line}\ncompute", POLYMAP),
        row("the same, exact holes", long, f"{line}\ncompute", EXACT),
        row("causal 4096 x 4096, 32 heads", causal, ATTENTION, POLYMAP),
        row("band of 512, 32 heads", band, ATTENTION, POLYMAP),
    ]
    print("\n".join(table(("case", "ms", "compute cycles", "outer reads"), rows)))


def row(name: str, work: pm.Einsum, text: str, conventions: Conventions) -> Row:
    """Best of several pricings on four memories and an array, nothing remembered from run to run."""
    nest = parse_mapping(text.strip())
    machine = four_memories()

    def price() -> pm.Cost:
        return evaluate(work, machine, nest, conventions, check=False)

    cost = price()
    reads = sum(traffic.reads for traffic in cost.traffic if traffic.level == "DRAM")
    return (name, f"{best_ms(price):.1f}", f"{cost.compute_cycles:,}", f"{reads:,}")


def best_ms(run: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        for remembered in (apart, together, spread, meeting):
            remembered.cache_clear()
        begin = perf_counter()
        run()
        times.append(perf_counter() - begin)
    return 1000 * min(times)


def four_memories() -> Architecture:
    one = Fraction(1)
    dram, glb, spad, reg = (Memory(name, 16, one, one, one) for name in ("DRAM", "GLB", "SPAD", "REG"))
    array = Array("PE", (("X", 16), ("Y", 16)))
    return Architecture("four", (dram, glb, array, spad, reg, Compute("MAC", one)), Fraction(10**9))


if __name__ == "__main__":
    main()
