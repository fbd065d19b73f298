"""Small machines and layers."""

from __future__ import annotations

import polymap as pm
from polymap.architecture import Architecture
from polymap.workload.einsum import Einsum


def buffered(words: int, keeps: list[str] | None = None) -> Architecture:
    """DRAM, a buffer of so many 8-bit words, and one MAC."""
    return pm.architecture({
        "polymap": "architecture/1", "name": "buffered", "clock": "1 GHz",
        "hierarchy": [
            {"memory": "DRAM", "width": "8 b", "energy": {"read": "200 pJ", "write": "200 pJ"},
             "bandwidth": {"read": "2 GB/s"}},
            {"memory": "buffer", "width": "8 b", "capacity": f"{words} B",
             "energy": {"read": "6 pJ", "write": "3 pJ"}, **({"keeps": keeps} if keeps else {})},
            {"compute": "MAC", "energy": "1 pJ"},
        ],
    })  # fmt: skip


def matmul(name: str, m: int, n: int, k: int, bits: int = 8) -> Einsum:
    return pm.einsum("C[m,n] += A[m,k] * B[k,n]", name=name, bits=bits, m=m, n=n, k=k)
