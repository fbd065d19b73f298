"""How long polymap takes to prove the layers of a network optimal on this machine.

    python benchmarks/first_light.py [--arch eyeriss_like] [--workload resnet18] [--objective edp]

Prints one row per distinct layer (CPU seconds, classes in the space, bounded, solved, gap), then the total CPU
seconds, peak memory, the CPU seconds of `import polymap`, and what the machine is. Times vary; nothing here is a test.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path

import polymap as pm
from polymap.report.numbers import percent
from polymap.report.table import Row, table

COLUMNS = ("layer", "CPU s", "classes", "bounded", "solved", "gap", "status")


def main() -> None:
    """Run the benchmark that the arguments describe."""
    options = arguments()
    begin = cpu_s()
    rows = [row(einsum, options) for einsum in einsums(options.workload)]
    total = cpu_s() - begin
    print(f"{options.workload} on {options.arch}, least {options.objective}, {options.conventions} conventions")
    print("\n".join(table(COLUMNS, rows)))
    print(f"\ntotal        {total:.2f} CPU-s")
    print(f"peak memory  {peak_memory_mb():.0f} MB")
    print(f"import       {import_cpu_s():.3f} CPU-s")
    print(f"machine      {machine()}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="CPU seconds per layer on this machine.")
    parser.add_argument("--arch", default="eyeriss_like")
    parser.add_argument("--workload", default="resnet18")
    parser.add_argument("--objective", default="edp", choices=("energy", "latency", "edp"))
    parser.add_argument("--conventions", default="polymap", choices=("polymap", "timeloop"))
    parser.add_argument("--gap", default=0.0, type=float)
    parser.add_argument("--seed", default=0, type=int)
    return parser.parse_args()


def einsums(workload: str) -> list[pm.Einsum]:
    """The distinct einsums of a workload."""
    found = pm.workload(workload)
    return [layer.einsum for layer in found.layers] if isinstance(found, pm.Network) else [found]


def row(einsum: pm.Einsum, options: argparse.Namespace) -> Row:
    """One search, measured from outside; child processes count."""
    begin = cpu_s()
    result = pm.optimize(
        einsum,
        options.arch,
        objective=options.objective,
        conventions=options.conventions,
        gap=options.gap,
        seed=options.seed,
    )
    used, search = cpu_s() - begin, result.search
    counts = (search.classes, search.bounded, search.solved) if search else ("", "", "")
    return (einsum.name, f"{used:.2f}", *map(str, counts), percent(result.gap), result.status)


def cpu_s() -> float:
    """CPU seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def import_cpu_s() -> float:
    """CPU seconds of `import polymap` in a fresh interpreter, the interpreter's own start not counted; best of five."""
    code = "import time; t = time.process_time(); import polymap; print(time.process_time() - t)"
    environment = {**os.environ, "PYTHONPATH": str(Path(pm.__file__).resolve().parent.parent)}
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        for _ in range(5)
    ]
    return min(float(run.stdout) for run in runs)


def machine() -> str:
    return f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, polymap {pm.__version__}"


if __name__ == "__main__":
    main()
