"""Solve one search in this process and print what it took, as JSON: `measured` starts the process.

CPU seconds are those of the search alone: every import is done before. Peak memory is that of the whole process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any

HERE = Path(__file__).resolve().parent
# What a search loads when it first needs it.
LATE = ("polymap.mapper.query", "polymap.mapping.legality", "ortools.sat.python.cp_model")


def measured(case: str, objective: str, seconds: float) -> dict[str, Any]:
    """One search in a process of its own. `error` is there if it found nothing."""
    command = [sys.executable, str(HERE / "solve.py"), case, objective, str(seconds)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    last = (run.stdout or run.stderr).strip().splitlines()[-1:] or ["no output"]
    return dict(json.loads(run.stdout)) if run.returncode == 0 else {"error": last[0]}


def main(name: str, objective: str, seconds: str) -> None:
    from cases import cases

    import polymap as pm

    for module in LATE:
        import_module(module)
    case = cases()[name]
    work, machine = case.work(), case.architecture()
    before, begin = set(sys.modules), process_time()
    limit = float(seconds) * (len(work.layers) if isinstance(work, pm.Network) else 1)
    found = pm.optimize(work, machine, objective=objective, **case.asked(), time_limit=limit)
    cpu_s = process_time() - begin
    print(json.dumps({"cpu_s": cpu_s, "mb": peak_mb(), "late": sorted(set(sys.modules) - before), **told(found)}))


def told(found: Any) -> dict[str, Any]:
    """What a result says: value, bound, classes."""
    layers = [each for _, each in found.layers] if hasattr(found, "layers") else [found]
    weights = [repeat for repeat, _ in found.layers] if hasattr(found, "layers") else [1]
    return {
        "status": found.status,
        "value": sum(w * each.value for w, each in zip(weights, layers)),
        "bound": sum(w * each.lower_bound for w, each in zip(weights, layers)),
        "classes": sum(each.search.classes for each in layers),
    }


def peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


if __name__ == "__main__":
    main(*sys.argv[1:])
