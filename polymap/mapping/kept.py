"""Names in an architecture's lists (`keeps`, `word`, `multicast`, ...) against the workload that it is to run.

An architecture serves many workloads, so a list may name what one of them lacks, as long as it is an ordinary role.
Any other name that no einsum of the workload has is a slip: nothing would be kept, and nobody would say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from polymap.architecture.hierarchy import Architecture, Array, Compute, Memory
from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import choose, shown
from polymap.workload.einsum import Einsum

ORDINARY_ROLE = re.compile(r"input|weight|output|input([3-9]|[1-9][0-9]+)")
_OF_MEMORY = ("keeps", "may_keep", "refetches", "reads_first", "passes_through")
_OF_NETWORK = ("multicast", "reduction", "links", "share_halo")


def check_kept(architecture: Architecture, einsums: Iterable[Einsum]) -> None:
    """Raises `SpecError` with every name that none of the einsums has as a tensor or a role, at its memory or array.

    Likewise for tensors whose halos an array shares though it does not multicast them: that has no meaning.
    """
    layers = tuple(einsums)
    wrong = [*unknown_names(architecture, layers), *halos_alone(architecture, layers)]
    if wrong:
        raise SpecError(wrong)


def unknown_names(architecture: Architecture, einsums: tuple[Einsum, ...]) -> Iterator[Mistake]:
    """The names that are neither tensors, nor roles, nor ordinary roles; in the order of the hierarchy."""
    tensors = [tensor for einsum in einsums for tensor in einsum.tensors]
    known = dict.fromkeys([tensor.name for tensor in tensors] + [tensor.role for tensor in tensors])
    for level in architecture.hierarchy:
        for key, name in named(level):
            if name not in known and not ORDINARY_ROLE.fullmatch(name):
                message = f"`{key}` of {level.name} names {shown(name)}, which no einsum of the workload has"
                yield Mistake(_at(level.place, key), message, _mend(name, known))


def named(level: Memory | Array | Compute) -> Iterator[tuple[str, str]]:
    """(key, name) of every tensor or role that a level names."""
    if isinstance(level, Memory):
        yield from ((key, name) for key in _OF_MEMORY for name in getattr(level, key) or ())
        yield from (("word", name) for name, _ in level.words)
        yield from (("bandwidth.scale", name) for name, _ in level.bandwidth.scale)
    elif isinstance(level, Array):
        lists = ((key, getattr(level, key)) for key in _OF_NETWORK)
        yield from ((f"network.{key}", name) for key, names in lists if not isinstance(names, bool) for name in names)


def halos_alone(architecture: Architecture, einsums: tuple[Einsum, ...]) -> Iterator[Mistake]:
    """Inputs whose overlapping tiles are read once above, but whose equal tiles are not; once each."""
    inputs = dict.fromkeys((tensor.name, tensor) for einsum in einsums for tensor in einsum.inputs)
    seen: set[tuple[str, str]] = set()
    for array in architecture.arrays:
        for name, tensor in inputs:
            if array.shares_halo(tensor) and not array.multicasts(tensor) and (array.name, name) not in seen:
                seen.add((array.name, name))
                message = f"{array.name} shares halos of tensor {name} but does not multicast it"
                mend = "multicast it too, or list the tensors whose halos are shared"
                yield Mistake(_at(array.place, "network.share_halo"), message, mend)


def _at(place: Place, key: str) -> Place:
    return replace(place, path=f"{place.path}.{key}") if place.path else place


def _mend(name: str, known: Iterable[str]) -> str:
    return choose(name, known, f"the workload has: {', '.join(list(known)[:12])}")
