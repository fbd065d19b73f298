"""What statements about loops leave of the states of a program: factors of the loops of a gap, and tiles at its ends.

In an even frame the loops of a gap are those of the memory above it. In a roaming frame a loop may belong to any memory
that has a node in its gap or further out; it is ruled out if none of them may have it. All of this is necessary only:
tables that heed it are still bounds.
"""

from __future__ import annotations

import numpy as np

from polymap.constraints.amount import divisors
from polymap.mapper.lattice import Values
from polymap.mapper.ledger import Ledger
from polymap.mapper.space import Skeleton
from polymap.mapper.traffic import Geometry

Few = dict[int, frozenset[int]]
ONE = frozenset((1,))


def factors(skeleton: Skeleton) -> tuple[Few, ...]:
    """For each gap the factors that single loops may have over those ranks of which not all are allowed."""
    return tuple(_factors(skeleton, gap) for gap in range(skeleton.last + 1))


def _factors(skeleton: Skeleton, gap: int) -> Few:
    ledger = skeleton.ledger
    if ledger is None or not gap or not ledger.about_loops:
        return {}
    owners = {kept.memory.name for stop in _stops(skeleton, gap) for kept in skeleton.stops[stop]}
    found: Few = {}
    for rank, (name, _) in enumerate(skeleton.einsum.ranks):
        every = [ledger.bounds(owner, name) for owner in sorted(owners)]
        known = [few for few in every if few is not None]
        if len(known) == len(every) and (not skeleton.roaming or all(few == ONE for few in known)):
            found[rank] = frozenset().union(*known)
    return found


def _stops(skeleton: Skeleton, gap: int) -> range:
    """The stops whose memories may have the loops of a gap."""
    return range(gap) if skeleton.roaming else range(gap - 1, gap)


def mask(geometry: Geometry, stop: int) -> Values:
    """0 where loops inside and outside a stop of an even frame can make the tile, infinity elsewhere."""
    skeleton, ledger = geometry.skeleton, geometry.skeleton.ledger
    if ledger is None or skeleton.roaming or not ledger.about_loops:
        return np.zeros(())
    allowed = np.ones(geometry.lattice.shape, dtype=bool)
    for rank, tiles in enumerate(geometry.lattice.tiles):
        size = geometry.lattice.sizes[rank]
        inside = _made(skeleton, ledger, rank, size, range(stop + 1, skeleton.last + 1))
        outside = _made(skeleton, ledger, rank, size, range(1, stop + 1))
        few = [tile for tile in inside if size // tile in outside]
        allowed = allowed & np.isin(tiles, few)
    return np.where(allowed, 0.0, np.inf)


def _made(skeleton: Skeleton, ledger: Ledger, rank: int, size: int, gaps: range) -> set[int]:
    """The divisors of a size that the loops of some gaps can multiply to."""
    found, name = {1}, skeleton.einsum.ranks[rank][0]
    for gap in gaps:
        few = ledger.factors.get((skeleton.stops[gap - 1][0].memory.name, name), divisors(size))
        found = {a * b for a in found for b in few if size % (a * b) == 0}
    return found
