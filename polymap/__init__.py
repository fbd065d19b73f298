"""Provably optimal mappings of tensor computations on accelerators, and what they cost.

    import polymap as pm

    arch = pm.architecture("eyeriss_like")
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=64, n=64, k=64)
    best = pm.optimize(work, arch, objective="edp")
    pm.evaluate(work, arch, best.mapping) == best.cost

What is listed in `__all__` is public; nothing else is. Names that need a large library are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

# `architecture`, `mapping` and `workload` are also the names of rooms. Importing a room binds its name here to the
# room, once; so the rooms are imported first, and the functions take the names over.
from polymap.architecture import Architecture, architecture
from polymap.errors import IllegalMapping, Infeasible, Mistake, Place, PolymapError, SpecError, Unsolved
from polymap.mapping import Mapping, mapping
from polymap.version import __version__
from polymap.workload import Einsum, Network, einsum, workload

if TYPE_CHECKING:
    from polymap.mapper.result import NetworkResult, Result
    from polymap.model.conventions import Conventions
    from polymap.model.cost import Cost
    from polymap.verbs import evaluate, optimize, symbolic, verify

__all__ = [
    "Architecture",
    "Conventions",
    "Cost",
    "Einsum",
    "IllegalMapping",
    "Infeasible",
    "Mapping",
    "Mistake",
    "Network",
    "NetworkResult",
    "Place",
    "PolymapError",
    "Result",
    "SpecError",
    "Unsolved",
    "__version__",
    "architecture",
    "einsum",
    "evaluate",
    "mapping",
    "optimize",
    "symbolic",
    "verify",
    "workload",
]

_LAZY = {
    "Conventions": "polymap.model.conventions",
    "Cost": "polymap.model.cost",
    "NetworkResult": "polymap.mapper.result",
    "Result": "polymap.mapper.result",
    "evaluate": "polymap.verbs",
    "optimize": "polymap.verbs",
    "symbolic": "polymap.verbs",
    "verify": "polymap.verbs",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'polymap' has no attribute '{name}'")
    value: object = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
