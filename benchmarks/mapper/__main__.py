"""How long polymap takes to prove mappings optimal, beside what another tool needed for the same searches.

    python benchmarks/mapper [--case NAME ...] [--objective energy|latency|edp|all] [--runs N] [--time-limit S]
    python benchmarks/mapper --growth     how the time grows with levels, ranks and extents
    python benchmarks/mapper --phases     where the time goes
    python benchmarks/mapper --domains    causal attention of 128 to 4096 tokens

Every search runs in a process of its own. CPU seconds are without start-up, as those of the other tool are; with
several runs they are the median. Times vary with the machine; nothing here is a test.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cases import Case, cases, source
from domains import domains
from growth import growth
from phases import phases
from solve import measured

import polymap as pm
from polymap.report.numbers import percent
from polymap.report.table import Row, table

OBJECTIVES = ("energy", "latency", "edp")
MOST_MB = 300
PRINTED = 1e-5  # relative: recorded figures have six digits
MEASURED = ("case", "objective", "CPU s", "MB", "classes", "value", "bound", "gap")
BESIDE = ("other CPU s", "other value", "ratio", "target", "met")


def main() -> None:
    """Print what the arguments ask for."""
    options = arguments()
    if options.growth:
        for each in growth(options.time_limit):
            print(each, end="\n\n", flush=True)
    elif options.domains:
        for each in domains(asked(options.objective), options.time_limit):
            print(each, end="\n\n", flush=True)
    elif options.phases:
        print("\n\n".join(phases(chosen(options.case), asked(options.objective))))
    else:
        rows = [row(*each, options) for each in searches(options)]
        print("\n".join(table((*MEASURED, *BESIDE), rows)))
        print(f"\nother: {source()}; ratio: its CPU seconds over ours. Met: target, {MOST_MB} MB, proof, value")
    print(f"machine: {machine()}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/mapper", description="CPU seconds of proofs of optimality.")
    add = parser.add_argument
    add("--case", nargs="+", choices=sorted(cases()), metavar="NAME", help=", ".join(cases()))
    add("--objective", choices=(*OBJECTIVES, "all"), default="energy")
    add("--runs", type=int, default=1, metavar="N", help="the median of N runs (default: 1)")
    add("--time-limit", type=float, default=60, metavar="S", help="seconds for each layer (default: 60)")
    add("--growth", action="store_true", help="how the time grows with levels, ranks and extents")
    add("--domains", action="store_true", help="causal attention of 128 to 4096 tokens")
    add("--phases", action="store_true", help="where the time goes")
    return parser.parse_args()


def chosen(names: list[str] | None) -> list[Case]:
    return [case for name, case in cases().items() if not names or name in names]


def asked(objective: str) -> tuple[str, ...]:
    return OBJECTIVES if objective == "all" else (objective,)


def searches(options: argparse.Namespace) -> Iterator[tuple[Case, str]]:
    for case in chosen(options.case):
        for objective in asked(options.objective):
            yield case, objective


def row(case: Case, objective: str, options: argparse.Namespace) -> Row:
    """The median of some runs of one search."""
    if sys.stderr.isatty():
        print(f"{case.name} {objective}", file=sys.stderr)
    found = [measured(case.name, objective, options.time_limit) for _ in range(options.runs)]
    wrong = [each["error"] for each in found if "error" in each]
    return (case.name, objective, wrong[0], *[""] * 10) if wrong else figures(case, objective, found)


def figures(case: Case, objective: str, found: list[dict[str, Any]]) -> Row:
    cpu_s, first = median(each["cpu_s"] for each in found), found[0]
    peak = max(each["mb"] for each in found)
    gap = (first["value"] - first["bound"]) / first["value"]
    other = case.recorded(objective)
    as_good = not other or other.value is None or first["value"] <= other.value * (1 + PRINTED)
    met = cpu_s <= case.target and peak <= MOST_MB and first["status"] == "optimal" and as_good
    return (
        case.name,
        objective,
        f"{cpu_s:.2f}",
        f"{peak:.0f}",
        f"{first['classes']:,}",
        f"{first['value']:.6g}",
        f"{first['bound']:.6g}",
        percent(gap),
        f"{other.cpu_s:g}" if other else "",
        (f"{other.value:.6g}" if other.value else "none") if other else "",
        f"{other.cpu_s / cpu_s:.1f}" if other else "",
        f"{case.target:g}",
        "yes" if met else "no",
    )


def machine() -> str:
    return f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, polymap {pm.__version__}"


if __name__ == "__main__":
    main()
