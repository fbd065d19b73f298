"""Small machines and layers."""

from __future__ import annotations

import random

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


def tight(rng: random.Random) -> Architecture:
    """A machine with one or two small memories, half the time with an array."""
    array = {
        "array": "PE",
        "shape": {"X": rng.choice([2, 4]), "Y": 2},
        "network": {"multicast": True, "reduction": True},
    }
    middle = {"memory": "L2", "width": "32 b", "capacity": f"{rng.choice([32, 48, 96])} B",
              "energy": {"read": "20 pJ", "write": "20 pJ"}}  # fmt: skip
    return pm.architecture({
        "polymap": "architecture/1", "name": "tight", "clock": "1 GHz",
        "hierarchy": [
            {"memory": "DRAM", "width": "8 b", "energy": {"read": "200 pJ", "write": "200 pJ"},
             "bandwidth": {"read": "2 GB/s"}},
            *([middle] if rng.random() < 0.5 else []),
            *([array] if rng.random() < 0.5 else []),
            {"memory": "L1", "width": "8 b", "capacity": f"{rng.choice([4, 6, 8, 12])} B",
             "energy": {"read": "6 pJ", "write": "3 pJ"}},
            {"compute": "MAC", "energy": "1 pJ"},
        ],
    })  # fmt: skip


def random_layer(rng: random.Random) -> Einsum:
    """A small matmul or convolution."""
    sizes = [rng.choice([2, 3, 4, 6, 8]) for _ in range(3)]
    if rng.random() < 0.5:
        return matmul("first", *sizes)
    p, r, k = sizes
    return pm.einsum("O[k,p] += I[p+r] * W[k,r]", name="first", bits=8, p=p, r=min(r, 3), k=k)


def matmul(name: str, m: int, n: int, k: int, bits: int = 8) -> Einsum:
    return pm.einsum("C[m,n] += A[m,k] * B[k,n]", name=name, bits=bits, m=m, n=n, k=k)
