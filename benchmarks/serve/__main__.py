"""How long a compiler waits for the server: `python benchmarks/serve`.

A matmul on a three-level machine that was never asked before, with the process of the worker warm; and a question that
was asked before. Seconds are of wall time, at the client, medians and extremes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import IO

TARGETS = {"not asked before": 0.3, "asked before": 0.001}


def asked(lines: IO[str], out: IO[str], m: int) -> float:
    """Seconds from sending a request to its answer."""
    einsum = {"text": "C[m,n] += A[m,k] * B[k,n]", "ranks": {"m": m, "n": 512, "k": 768}}
    params = {"architecture": "eyeriss_like", "einsum": einsum, "objective": "edp", "answer": "plan"}
    line = json.dumps({"jsonrpc": "2.0", "id": m, "method": "optimize", "params": params})
    began = time.perf_counter()
    print(line, file=lines, flush=True)
    answer = json.loads(out.readline())
    assert answer["result"]["status"] == "optimal", answer
    return time.perf_counter() - began


def main() -> None:
    command = [sys.executable, "-m", "polymap", "serve", "--stdio", "--workers", "1", "--cache", "off"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        sizes = [64 * n for n in range(1, 16)]
        asked(server.stdin, server.stdout, 32)
        fresh = [asked(server.stdin, server.stdout, m) for m in sizes]
        warm = [asked(server.stdin, server.stdout, m) for m in sizes * 20]
        server.stdin.close()
    print(f"{'m x 512 x 768 on eyeriss_like':32}{'median s':>12}{'least':>12}{'most':>12}{'target':>10}")
    for name, seconds in (("not asked before", fresh), ("asked before", warm)):
        row = (statistics.median(seconds), min(seconds), max(seconds))
        print(f"{name:32}" + "".join(f"{value:12.5f}" for value in row) + f"{TARGETS[name]:10}")


if __name__ == "__main__":
    main()
