"""The key `spatial` of a node: dimensions of an array, with what may be unrolled there and what is shared."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from polymap import spec
from polymap.frontends.accelforge.actions import Ask
from polymap.frontends.amounts import decimal
from polymap.frontends.aside import LeftOut

ASIDE = dict.fromkeys(
    ("loop_bounds", "usage_scale", "power_gateable", "physical_spatial"),
    "limits the search or gates power there, and has no counterpart yet",
)
Named = Callable[[str], tuple[str, ...]]
Names = Callable[[spec.Reader, str, str], tuple[str, ...]]


def fan(node: spec.Reader, name: str, ask: Ask, names: Names, of: Named, left_out: LeftOut) -> dict[str, Any]:
    """The array above a node, if it has one. Mistakes are noted."""
    dimensions = node.children("spatial")
    shape = {
        dimension.name("name", required=True): _dimension(dimension, ask, names, left_out) for dimension in dimensions
    }
    if not shape:
        return {}
    return {"array": name, "shape": shape, **_network(dimensions, names, of)}


def _dimension(reader: spec.Reader, ask: Ask, names: Names, left_out: LeftOut) -> int | dict[str, Any]:
    left_out.known(reader, ASIDE)
    fanout, least = ask(reader, "fanout", None), ask(reader, "min_usage", Fraction(0))
    if not isinstance(fanout, Fraction) or fanout.denominator != 1 or not 0 < fanout < 2**31:
        reader.wrong("a fan-out is a whole number", "write 1 or more", key="fanout")
        return 1
    if not isinstance(least, Fraction) or not 0 <= least <= 1:
        reader.wrong("a usage is a share of the instances", "write a number from 0 to 1", key="min_usage")
        return 1
    rules: dict[str, Any] = {"size": int(fanout)}
    if reader.has("reuse"):
        rules["reuses"] = list(names(reader, "reuse", "Nothing"))
    if least:
        # There, a usage that cannot be reached is no mistake: as much as can be is enough.
        rules["min_usage"] = f"{decimal(least)} or most"
    return rules if len(rules) > 1 else int(fanout)


def _network(dimensions: tuple[spec.Reader, ...], names: Names, of: Named) -> dict[str, Any]:
    """What is shared between instances, where that is not everything."""
    found = [names(reader, "may_reuse", "All") for reader in dimensions if reader.has("may_reuse")]
    if not found:
        return {}
    if len(found) < len(dimensions) or any(other != found[0] for other in found):
        dimensions[0].wrong(
            "the dimensions of an array share different tensors, which has no counterpart",
            "give all of them one `may_reuse`, or put a node of its own for each",
        )
    shared = set(found[0])
    if shared >= set(of("All")):
        return {}
    inputs = [name for name in of("Inputs") if name in shared]
    outputs = [name for name in of("Outputs") if name in shared]
    return {"network": {"multicast": inputs or False, "reduction": outputs or False}}
