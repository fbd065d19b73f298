"""The cost model: what a mapping costs, as formulas with three readings. See docs/design/model.md."""

from polymap.model.conventions import Conventions, conventions
from polymap.model.cost import Component, Cost, Traffic
from polymap.model.counting import NeedsSets
from polymap.model.evaluate import cost, evaluate, prepared
from polymap.model.formulas import Batch, SymbolicCost, symbolic
from polymap.model.reading import Setting

__all__ = [
    "Batch",
    "Component",
    "Conventions",
    "Cost",
    "NeedsSets",
    "Setting",
    "SymbolicCost",
    "Traffic",
    "conventions",
    "cost",
    "evaluate",
    "prepared",
    "symbolic",
]
