"""DRAM by kind: energy per bit from published figures, each source a model of its own, so that they can disagree.

The class is `dram` with a `type`, or the type itself: `lpddr4` is `{dram: {type: lpddr4}}`. What the sources do not
have is not made up: DRAM has no area, background or refresh power here, and a row hit costs what a miss does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from polymap import quantity
from polymap.components.estimate import Estimate, Origin
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.records import records
from polymap.quantity import Misread, near, shown

WIDTH = Attribute("width", quantity.width_bits, "b", what="bits of one access")
ACTIONS = (Action("read", what="one access of the width"), Action("write", what="one access of the width"))


@dataclass(frozen=True)
class Kind:
    """What one source says of one type."""

    type: str
    pj_per_bit: float
    sigma: float
    source: str


@cache
def sources() -> Mapping[str, tuple[Kind, ...]]:
    """What each source has, by its short name."""
    found: dict[str, tuple[Kind, ...]] = {}
    for row in records("dram"):
        kind = Kind(row["type"], float(row["energy_pj_per_bit"]), float(row["sigma"]), row["source"])
        found[row["by"]] = (*found.get(row["by"], ()), kind)
    return found


@cache
def types() -> tuple[str, ...]:
    """All types that a source has."""
    return tuple(sorted({kind.type for kinds in sources().values() for kind in kinds}))


def _type(value: object) -> str:
    found = str(value).lower()
    if found not in types():
        guess = near(found, types())
        mend = f"did you mean `{guess}`?" if guess else f"use one of: {', '.join(types())}"
        raise Misread(f"{shown(value)} is no type of DRAM known here", mend)
    return found


TYPE = Attribute("type", _type, what="kind of DRAM, e.g. lpddr4")


@dataclass(frozen=True)
class Dram(Model):
    """What one source has of DRAM: of the one type that the class names, or of the type that is asked for."""

    name: str
    prices: str
    source: str
    kinds: tuple[Kind, ...]
    attributes: tuple[Attribute, ...]
    actions: tuple[Action, ...] = ACTIONS

    def check(self, given: Given) -> None:
        self._kind(given)

    def energy(self, action: str, given: Given) -> Estimate:
        kind, bits = self._kind(given), given["width"]
        per_bit = Origin(f"one bit of {kind.type}", kind.source, kind.pj_per_bit, "pJ", weight=bits)
        value = kind.pj_per_bit * bits
        origin = Origin(f"{action} of {bits} b of {kind.type}", "", value, "pJ", parts=(per_bit,))
        return Estimate(value, "pJ", origin, ((f"dram_{kind.type}", kind.sigma),))

    def area(self, given: Given) -> Estimate:
        raise CannotPrice("DRAM stands on chips of its own: none of its sources has an area")

    def leakage(self, given: Given) -> Estimate:
        raise CannotPrice("none of the sources of DRAM has background or refresh power")

    def _kind(self, given: Given) -> Kind:
        wanted = self.kinds[0].type if TYPE not in self.attributes else given["type"]
        found = next((kind for kind in self.kinds if kind.type == wanted), None)
        if found is None:
            raise CannotPrice(f"has {', '.join(kind.type for kind in self.kinds)} only")
        return found


def _models() -> Iterator[Model]:
    for by, kinds in sources().items():
        yield Dram(f"{by}_dram", "dram", kinds[0].source, kinds, (TYPE, WIDTH))
        for kind in kinds:
            yield Dram(f"{by}_{kind.type}", kind.type, kind.source, (kind,), (WIDTH,))


MODELS: tuple[Model, ...] = tuple(_models())
