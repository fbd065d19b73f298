"""How many mappings per second the compiled formulas of one loop nest price on one core of this machine.

    python benchmarks/symbolic.py [--batch 2048]

Builds the formulas of a three-level convolution nest (14 loops on three memories and an array), runs them on batches
of random trips as numpy arrays, and prints mappings per CPU second for several batch sizes. Times vary; nothing here
is a test.
"""

from __future__ import annotations

import argparse
from time import perf_counter, process_time

import numpy as np
from machines import around_array

import polymap as pm
from polymap.mapping import parse_mapping
from polymap.model import SymbolicCost, symbolic
from polymap.report.table import table

SECONDS = 1.0

SKELETON = """
DRAM holds I W O
for k in 2
for c in 2
for p in 2
for q in 2
GLB holds I W O
for k in 2
for q in 2
for c in 2
parallel k in 2 on X
parallel c in 2 on Y
RF holds I W O
for p in 2
for q in 2
for c in 2
for r in 3
for s in 3
compute
"""


def main() -> None:
    """Time several batch sizes, or the one that is given."""
    options = arguments()
    begin = perf_counter()
    formulas = skeleton()
    built = perf_counter() - begin
    sizes = (options.batch,) if options.batch else (256, 1024, 2048, 4096, 16384)
    rows = [(str(size), f"{rate(formulas, size):,.0f}") for size in sizes]
    print(f"{len(formulas.symbols)} loops, {len(formulas.rows)} rows of counts, formulas in {built:.2f} s")
    print("\n".join(table(("batch", "mappings/CPU s"), rows)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Mappings per second of compiled formulas.")
    parser.add_argument("--batch", default=0, type=int)
    return parser.parse_args()


def skeleton() -> SymbolicCost:
    """The formulas of the nest on three memories and an array."""
    machine = around_array({"DRAM": 200, "GLB": 6}, {"RF": 1})
    work = pm.einsum("O[k,p,q] += I[c,p+r,q+s] * W[k,c,r,s]", name="conv", k=8, c=16, p=4, q=8, r=3, s=3)
    return symbolic(work, machine, parse_mapping(SKELETON.strip()))


def rate(formulas: SymbolicCost, size: int) -> float:
    """Mappings per CPU second in batches of `size`, each of other trips."""
    run = formulas.compile()
    random = np.random.default_rng(0)
    batches = [random.integers(2, 5, (len(formulas.symbols), size)) for _ in range(4)]
    done, begin = 0, process_time()
    while process_time() - begin < SECONDS:
        run(*batches[done % len(batches)])
        done += 1
    return done * size / (process_time() - begin)


if __name__ == "__main__":
    main()
