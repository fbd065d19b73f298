"""The machine that the benchmarks of the model price nests on: memories around a 16 x 16 array, all energies given."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory


def around_array(outside: Mapping[str, int], inside: Mapping[str, int]) -> Architecture:
    """Memories outside and inside of an array `PE` with dimensions X and Y; pJ per access for each."""
    array = Array("PE", (("X", 16), ("Y", 16)))
    levels = (*memories(outside), array, *memories(inside), Compute("MAC", Fraction(1)))
    return Architecture("benchmark", levels, Fraction(10**9))


def memories(energies: Mapping[str, int]) -> list[Memory]:
    return [Memory(name, 16, *[Fraction(energy)] * 3) for name, energy in energies.items()]
