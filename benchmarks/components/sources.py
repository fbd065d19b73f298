"""Models of one class beside each other: energy of an action in 45 nm at 0.9 V, and what each says it may be off by."""

from __future__ import annotations

from collections.abc import Iterator

from polymap.components.question import Question, Written
from polymap.components.registry import Registry
from polymap.components.technology import Technology
from polymap.report.table import Row, table

ASKED = Technology(45.0, "hp", 0.9)
HEADER = ("component", "model", "action", "pJ", "sigma (log)")
QUESTIONS: dict[str, tuple[str, dict[str, object]]] = {
    "int8 add": ("int_adder", {"bits": 8}),
    "int32 add": ("int_adder", {"bits": 32}),
    "int8 multiply": ("int_multiplier", {"bits": 8}),
    "int32 multiply": ("int_multiplier", {"bits": 32}),
    "bf16 multiply": ("fp_multiplier", {"exponent": 8, "mantissa": 7}),
    "fp16 multiply": ("fp_multiplier", {"exponent": 5, "mantissa": 10}),
    "fp32 multiply": ("fp_multiplier", {"exponent": 8, "mantissa": 23}),
    "fp32 add": ("fp_adder", {"exponent": 8, "mantissa": 23}),
    "1 mm of wire": ("wire", {"length": "1 mm", "bits": "1 b"}),
    "hop of 256 b": ("router", {"bits": "256 b"}),
    "64 b of HBM2": ("hbm2", {"width": "64 b"}),
    "64 b of DDR3": ("ddr3", {"width": "64 b"}),
}


def sources() -> Iterator[str]:
    """The lines of one table."""
    yield from table(HEADER, list(rows()), names=3)


def rows() -> Iterator[Row]:
    registry = Registry()
    for what, (prices, attributes) in QUESTIONS.items():
        written = tuple(Written(name, value) for name, value in attributes.items())
        for each in registry.candidates(Question(prices, written, technology=ASKED)):
            for action in each.component.priced if each.component else ():
                amounts = f"{action.energy_pj:.4g}", f"{action.energy.sigma:.2f}"
                yield what, each.model.name, action.name, *amounts
