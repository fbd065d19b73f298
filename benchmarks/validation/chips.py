"""A whole chip beside its published figures: Eyeriss on the convolutions of AlexNet, each mapped with proof.

Published: 278 mW and 35 frames per second at batch 4, without DRAM; 0.0029 DRAM accesses per MAC (Chen et al., JSSC
52(1), 2017, read in the abstract). Layers: Krizhevsky et al., NIPS 2012; of two groups, one stands for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polymap as pm

ROLES = {"input": "I", "weight": "W", "output": "O"}
CONVOLUTION = "O[n,k,p,q] += I[n,c,{s}*p+r,{s}*q+s] * W[k,c,r,s]"
MILLIWATTS, FRAMES_PER_S, DRAM_PER_MAC = 278, 35, 0.0029
WORD_BITS = 16
HEAD = (
    "| layer | pJ per MAC on chip | GLB | scratchpads | MAC | leakage | DRAM words per MAC | status |",
    "|---|---|---|---|---|---|---|---|",
)


@dataclass(frozen=True)
class Layer:
    """A convolution at batch 4: outputs `k` x `p` x `p`, inputs `c`, filters `r` x `r`, in so many equal groups."""

    name: str
    k: int
    c: int
    p: int
    r: int
    stride: int = 1
    groups: int = 1

    @property
    def einsum(self) -> pm.Einsum:
        text = CONVOLUTION.format(s=self.stride) if self.stride > 1 else CONVOLUTION.replace("{s}*", "")
        extents = {"n": 4, "k": self.k, "c": self.c, "p": self.p, "q": self.p, "r": self.r, "s": self.r}
        return pm.einsum(text, roles=ROLES, **extents)


ALEXNET = (
    Layer("conv1", 96, 3, 55, 11, stride=4),
    Layer("conv2", 128, 48, 27, 5, groups=2),
    Layer("conv3", 384, 256, 13, 3),
    Layer("conv4", 192, 192, 13, 3, groups=2),
    Layer("conv5", 128, 192, 13, 3, groups=2),
)


@dataclass(frozen=True)
class Priced:
    """A layer on the chip: MACs, pJ by level and by leakage, words of DRAM, whether the mapping is proven."""

    layer: Layer
    macs: int
    levels: dict[str, float]
    dram_words: float
    status: str

    @property
    def on_chip_pj(self) -> float:
        return sum(pj for level, pj in self.levels.items() if level != "DRAM")

    @property
    def shown(self) -> tuple[float, ...]:
        """pJ as the columns of the table have them."""
        pads = sum(pj for level, pj in self.levels.items() if level.endswith("_spad"))
        return (self.on_chip_pj, self.levels["GLB"], pads, self.levels["MAC"], self.levels["leakage"])


def priced(layer: Layer) -> Priced:
    """The mapping of least energy on `eyeriss_65nm`."""
    result = pm.optimize(layer.einsum, "eyeriss_65nm", time_limit=120)
    cost, levels = result.cost, dict[str, float]()
    for each in cost.traffic:
        levels[each.level] = levels.get(each.level, 0.0) + float(each.energy)
    levels["MAC"] = float(cost.compute_energy)
    levels["leakage"] = float(sum(each.leakage for each in cost.components))
    dram = pm.architecture("eyeriss_65nm").memory("DRAM")
    accesses = levels["DRAM"] / float(dram.read_pj)
    return Priced(layer, cost.computes, levels, accesses * dram.width_bits / WORD_BITS, result.status)


def line(found: Priced) -> str:
    """A row of the table, per MAC."""
    per_mac = " | ".join(f"{amount / found.macs:.3f}" for amount in found.shown)
    return f"| {found.layer.name} | {per_mac} | {found.dram_words / found.macs:.5f} | {found.status} |"


def table() -> Iterator[str]:
    """All layers, and the chip as a whole beside what was published."""
    layers = [priced(layer) for layer in ALEXNET]
    yield from HEAD
    yield from map(line, layers)
    macs = sum(each.macs * each.layer.groups for each in layers)
    on_chip = sum(each.on_chip_pj * each.layer.groups for each in layers) / macs
    words = sum(each.dram_words * each.layer.groups for each in layers) / macs
    published = MILLIWATTS * 1e9 / FRAMES_PER_S / (macs / 4)
    yield ""
    share = f"{on_chip / published:.0%} of it"
    yield f"All of AlexNet: {on_chip:.2f} pJ per MAC on chip, published {published:.2f} ({share});"
    yield f"{words:.4f} DRAM words per MAC, published {DRAM_PER_MAC} with compression."
