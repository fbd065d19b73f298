"""When closings alone decide what a mapping on a domain that is no box costs."""

from __future__ import annotations

from polymap.mapper.groups import Alone
from polymap.mapper.touched import Touched, mixes, own_ranks
from polymap.mapper.traffic import Geometry
from polymap.workload.einsum import Tensor


def is_decided(geometry: Geometry) -> bool:
    """Whether every count of a class follows from the tiles at which nodes close.

    That is so if nothing is unrolled of the ranks that the domain ties together, no coordinate has two ranks, and while
    tiles of another rank pass, a tensor that is tied to it finds each element in tiles that follow one another: with
    one rank of loops that do not concern it, and no gaps along this one.
    """
    found = geometry.touched
    assert found
    unrolled = geometry.spread(geometry.skeleton.last)
    loose = all(isinstance(group, Alone) or not unrolled & set(group.ranks) for group, _ in found.shares(None))
    return loose and all(_passes_once(geometry, found, tensor) for tensor in geometry.skeleton.einsum.tensors)


def _passes_once(geometry: Geometry, found: Touched, tensor: Tensor) -> bool:
    sizes = zip(geometry.ranks, geometry.lattice.sizes)
    passing = {rank for rank, size in sizes if size > 1 and rank not in tensor.ranks}
    for group, own in found.shares(tensor):
        if mixes(own):
            return False
        moving = passing & set(group.ranks)
        if own_ranks(own) and moving:
            ones = (1,) * len(group.ranks)
            if len(passing) > 1 or not all(group.is_gapless(own, ones, group.ranks.index(r)) for r in moving):
                return False
    return True
