"""Accelergy's primitive components that polymap has models for: class, attributes and actions of each.

An attribute is a template of its counterpart: `{depth}` stands for what the file says of `depth`; of several templates
the first is taken whose names the file gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Attributes that polymap takes from elsewhere, or has no use for.
DROPPED = {
    "technology": "the technology is that of the architecture",
    "global_cycle_seconds": "leakage is a power here, which no cycle is needed for",
    "cycle_seconds": "leakage is a power here, which no cycle is needed for",
    "n_instances": "an architecture says how many there are",
    "latency": "a delay is an answer of a model here",
    "action_latency_cycles": "a delay is an answer of a model here",
}
# Actions that are none here.
STANDING = ("leak", "idle")
STANDS = "leakage is a power here, and that of a compound is the sum of its parts'"
_BITS = ("{n_bits}", "{datawidth}", "{width}", "{precision}")
_WIDTH = ("({width}) * 1 b", "({datawidth}) * 1 b", "({n_bits}) * 1 b")
_OPERATIONS = ("add", "compute", "count", "compare", "multiply", "mult", "mac", "process", "access")
_COMPUTE = {name: "compute" for each in _OPERATIONS for name in (each, f"{each}_random")}
_STORE = {"read": "read", "write": "write", "update": "write", "fill": "write", "random_read": "read", "access": "read"}


@dataclass(frozen=True)
class Known:
    """The counterpart of a class."""

    prices: str
    attributes: Mapping[str, tuple[str, ...]]
    actions: Mapping[str, str]
    needed: tuple[str, ...]


def _unit(prices: str) -> Known:
    return Known(prices, {"bits": _BITS}, _COMPUTE, ("bits",))


def _float(prices: str) -> Known:
    attributes = {"exponent": ("{exponent}",), "mantissa": ("{mantissa}",)}
    return Known(prices, attributes, _COMPUTE, ("exponent", "mantissa"))


_WORDS: Mapping[str, tuple[str, ...]] = {"words": ("{depth}", "{entries}"), "width": _WIDTH}
_SRAM: Mapping[str, tuple[str, ...]] = {
    "capacity": ("({depth}) * ({width}) * 1 b", "({size}) * 1 b"),
    "width": _WIDTH,
    "banks": ("{n_banks}",),
    "ports": ("{n_rw_ports}", "{n_rdwr_ports}"),
}
CLASSES = {
    "sram": Known("sram", _SRAM, _STORE, ("capacity", "width")),
    "regfile": Known("register_file", _WORDS, _STORE, ("words", "width")),
    "fifo": Known("fifo", _WORDS, {**_STORE, "push": "write", "pop": "read"}, ("words", "width")),
    "reg": Known("register", {"width": _WIDTH}, _STORE, ("width",)),
    "intadder": _unit("int_adder"),
    "intmultiplier": _unit("int_multiplier"),
    "intmac": _unit("int_mac"),
    "counter": _unit("counter"),
    "comparator": _unit("comparator"),
    "bitwise": _unit("bitwise"),
    "fpadder": _float("fp_adder"),
    "fpmultiplier": _float("fp_multiplier"),
    "fpmac": _float("fp_mac"),
}


def known(name: str) -> Known | None:
    """The counterpart of a class; that tool does not care about case."""
    return CLASSES.get(name.lower())


def is_more(name: str, counterpart: Known) -> bool:
    """Whether an attribute is one that no template of the counterpart speaks of."""
    return not any(f"{{{name}}}" in template for templates in counterpart.attributes.values() for template in templates)
