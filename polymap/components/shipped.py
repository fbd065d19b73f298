"""The models that ship: modules of this room and compound files, found by class and loaded when asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from polymap import spec
from polymap.components.model import Model
from polymap.spec import Located

# The classes that each module of this room prices, so that a question loads no more than it needs.
MODULES: dict[str, tuple[str, ...]] = {
    "adc": ("adc",),
    "cells": ("cim_array",),
    "dac": ("dac",),
    "dram": ("ddr3", "ddr4", "dram", "gddr5", "gddr6", "hbm2", "hbm3", "hbm4", "hmc", "lpddr", "lpddr4"),
    "logic": (
        "bitwise",
        "comparator",
        "counter",
        "fp_adder",
        "fp_mac",
        "fp_multiplier",
        "int_adder",
        "int_mac",
        "int_multiplier",
        "mux",
    ),
    "photonics": ("awg", "laser", "mrr", "mzm", "photodiode", "star_coupler", "tia"),
    "published": ("adc", "dac", "integrator", "sample_hold", "shift_add"),
    "registers": ("fifo", "register", "register_file"),
    "routing": ("crossbar", "link", "router"),
    "sampling": ("sample_hold",),
    "sram": ("sram",),
    "wires": ("wire",),
}
# Files here are called as the class they price.
COMPOUNDS = "components/compounds"


@cache
def classes() -> tuple[str, ...]:
    """All classes that somebody prices."""
    return tuple(sorted({*(name for names in MODULES.values() for name in names), *spec.shipped(COMPOUNDS)}))


@cache
def primitives(prices: str) -> tuple[Model, ...]:
    """The models of a class that modules hold."""
    modules = (import_module(f"polymap.components.{name}") for name, listed in MODULES.items() if prices in listed)
    return tuple(model for module in modules for model in module.MODELS if model.prices == prices)


@cache
def compound_file(name: str) -> Located | None:
    """The compound file of a name, if it ships."""
    return spec.read(name, COMPOUNDS) if name in spec.shipped(COMPOUNDS) else None
