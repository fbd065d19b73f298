"""Provably optimal mappings of tensor computations on accelerators, and what they cost.

    import polymap as pm

    arch = pm.architecture("eyeriss_like")
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=64, n=64, k=64)
    best = pm.optimize(work, arch, objective="edp")
    pm.evaluate(work, arch, best.mapping) == best.cost

What is listed in `__all__` is public; nothing else is. Every name is loaded when it is first used, so that the command
line can answer an interrupt from the very beginning.
"""

from __future__ import annotations

import sys
from types import ModuleType

from polymap.version import __version__

TYPE_CHECKING = False  # importing `typing` takes longer than all of this module
if TYPE_CHECKING:
    from polymap.architecture import Architecture, architecture
    from polymap.components.component import Component
    from polymap.constraints import constraints
    from polymap.constraints.statements import Constraints
    from polymap.errors import IllegalMapping, Infeasible, Mistake, Place, PolymapError, SpecError, Unsolved
    from polymap.mapper.result import Front, NetworkResult, Result
    from polymap.mapping import Mapping, mapping
    from polymap.model.conventions import Conventions
    from polymap.model.cost import Cost
    from polymap.report import plot
    from polymap.report.trace import trace
    from polymap.verbs import codegen, component, evaluate, layers, optimize, pareto, symbolic, verify
    from polymap.workload import Einsum, Network, workload
    from polymap.workload.arguments import einsum
    from polymap.workload.loop_nest import loop_nest

__all__ = [
    "Architecture",
    "Component",
    "Constraints",
    "Conventions",
    "Cost",
    "Einsum",
    "Front",
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
    "codegen",
    "component",
    "constraints",
    "einsum",
    "evaluate",
    "layers",
    "loop_nest",
    "mapping",
    "optimize",
    "pareto",
    "plot",
    "symbolic",
    "trace",
    "verify",
    "workload",
]

_HOMES = {
    "polymap.architecture": ("Architecture", "architecture"),
    "polymap.components.component": ("Component",),
    "polymap.constraints": ("constraints",),
    "polymap.constraints.statements": ("Constraints",),
    "polymap.errors": ("IllegalMapping", "Infeasible", "Mistake", "Place", "PolymapError", "SpecError", "Unsolved"),
    "polymap.mapper.result": ("Front", "NetworkResult", "Result"),
    "polymap.mapping": ("Mapping", "mapping"),
    "polymap.model.conventions": ("Conventions",),
    "polymap.model.cost": ("Cost",),
    "polymap.report.plot": ("plot",),
    "polymap.report.trace": ("trace",),
    "polymap.verbs": ("codegen", "component", "evaluate", "layers", "optimize", "pareto", "symbolic", "verify"),
    "polymap.workload.loop_nest": ("loop_nest",),
    "polymap.workload": ("Einsum", "Network", "einsum", "workload"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


class _Package(ModuleType):
    """This package. Some of its functions are called like rooms; importing a room does not bind its name here."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'polymap' has no attribute '{name}'")
    from importlib import import_module

    home = import_module(_HOME[name])
    value: object = home if name == "plot" else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
