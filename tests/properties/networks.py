"""Machines whose networks have energies, and more."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from polymap.architecture import Architecture, Array, Wiring

WIRING = Wiring(hop_pj=Fraction(1, 2), router_pj=Fraction(1, 4), reduce_pj=Fraction(1, 8))


def wired(architecture: Architecture, links: bool = False, share_halo: bool = False) -> Architecture:
    """The machine with energies on every network and, if asked for, links between neighbours or shared halos."""
    levels = [
        replace(level, wiring=WIRING, links=links, share_halo=share_halo) if isinstance(level, Array) else level
        for level in architecture.hierarchy
    ]
    return replace(architecture, hierarchy=tuple(levels))
