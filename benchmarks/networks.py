"""How long networks take to count on this machine: wires, shared halos and links on short last tiles and triangles.

    python benchmarks/networks.py

Prints the CPU time of pricing a whole mapping once. Times vary; nothing here is a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from time import process_time

from machines import around_array

import polymap as pm
from polymap.architecture.hierarchy import Architecture, Array, Wiring
from polymap.errors import PolymapError
from polymap.mapping import parse_mapping
from polymap.model import evaluate
from polymap.polyhedral import integer_sets
from polymap.report.table import Row, table

COLUMNS = ("case", "wires CPU ms", "shared halos CPU ms", "links CPU ms", "hops", "words over links")
WIRES = Wiring(hop_pj=Fraction(1), router_pj=Fraction(1), reduce_pj=Fraction(1))
ASKED: tuple[dict[str, bool], ...] = ({}, {"share_halo": True}, {"links": True})

CONV = """
DRAM holds I W O
for m in 4
for c in 8
for q in 4
GLB holds I W O
for c in 4
for m in 4
parallel p in 14 on X
parallel r in 3 on Y
parallel m in 4 on Y
for q in 14
REG holds I W O
for p in 4
for c in 2
for s in 3
compute
"""

STEPPED = """
DRAM holds I W O
for c in 8
for m in 8
for q in 3
for p in 4
GLB holds I W O
for c in 8
for s in 3
for q in 19
parallel p in 14 on X
parallel r in 3 on Y
parallel m in 4 on Y
REG holds I W O
for m in 2
compute
"""

SCORES = """
DRAM holds Q K S
for h in 8
for i in {n}
for j in {n}
GLB holds Q K S
for d in 4
parallel i in 12 on X
parallel j in 12 on Y
REG holds Q K S
for i in 6
for j in 6
for d in 16
compute
"""


def main() -> None:
    """Price each case once with each kind of network."""
    print("\n".join(table(COLUMNS, [row(*case) for case in cases()])))


def cases() -> Iterator[tuple[str, pm.Einsum, str]]:
    text = "O[m,p,q] += I[c,p+r,q+s] * W[m,c,r,s]"
    yield "conv, perfect", pm.einsum(text, name="conv", m=64, c=64, p=56, q=56, r=3, s=3), CONV
    yield "conv, imperfect", pm.einsum(text, name="conv", m=61, c=64, p=55, q=55, r=3, s=3), CONV
    yield "conv, stepped from column to column", pm.einsum(text, name="conv", m=61, c=61, p=55, q=55, r=3, s=3), STEPPED
    for size, n in ((1024, 16), (4096, 57)):
        domain, scores = "{ [i,j] : j <= i }", "S[h,i,j] += Q[h,i,d] * K[h,j,d]"
        work = pm.einsum(scores, name="causal", h=8, i=size, j=size, d=64, domain=domain)
        yield f"causal, {size}", work, SCORES.format(n=n)


def row(name: str, work: pm.Einsum, text: str) -> Row:
    """Milliseconds with wires alone, with shared halos and with links, and some of what was counted."""
    found = [priced(work, text, asked) for asked in ASKED]
    hops, linked = found[0][1], found[2][2]
    return (name, *(time for time, _, _ in found), hops, linked)


def priced(work: pm.Einsum, text: str, asked: dict[str, bool]) -> tuple[str, str, str]:
    machine, nest = wired(**asked), parse_mapping(text.strip())
    begin = process_time()
    try:
        cost = evaluate(work, machine, nest, check=False, sets=integer_sets)
    except PolymapError:
        return f"refused after {1000 * (process_time() - begin):.0f}", "", ""
    spent = f"{1000 * (process_time() - begin):.0f}"
    hops, linked = (sum(getattr(row, what) or 0 for row in cost.networks) for what in ("word_hops", "link_words"))
    return spent, f"{hops:,}", f"{linked:,}"


def wired(links: bool = False, share_halo: bool = False) -> Architecture:
    machine = around_array({"DRAM": 1, "GLB": 1}, {"REG": 1})
    return replace(
        machine,
        hierarchy=tuple(
            replace(level, wiring=WIRES, links=links, share_halo=share_halo) if isinstance(level, Array) else level
            for level in machine.hierarchy
        ),
    )


if __name__ == "__main__":
    main()
