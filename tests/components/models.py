"""Small models for the tests of the room: whoever states the smaller error, breaks, or is out of range."""

from __future__ import annotations

from dataclasses import dataclass

from polymap import quantity
from polymap.components.estimate import Estimate, Origin
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.technology import Technology

WIDTH = Attribute("width", quantity.width_bits, "b", what="bits of one access")
BANKS = Attribute("banks", quantity.count, default=1)
ACTIVITY = Attribute("activity", lambda value: float(quantity.number(value)), default=1.0)
AT_45 = Technology(45.0)


@dataclass(frozen=True)
class Bits(Model):
    """0.1 pJ per bit read, 2 um2 per bit, 0.5 uW per bank; nothing is known of `erase`."""

    name: str = "bits"
    prices: str = "store"
    source: str = "invented"
    sigma: float = 0.2
    pj_per_bit: float = 0.1
    widest: int = 1024
    attributes: tuple[Attribute, ...] = (WIDTH, BANKS)
    actions: tuple[Action, ...] = (Action("read", (ACTIVITY,)), Action("erase"))

    def check(self, given: Given) -> None:
        if given["width"] > self.widest:
            raise CannotPrice(f"covers up to {self.widest} b, not {given['width']} b", "make it narrower")

    def energy(self, action: str, given: Given) -> Estimate:
        if action == "erase":
            raise CannotPrice("nobody measured it")
        value = self.pj_per_bit * given["width"] * given["activity"]
        return Estimate(value, "pJ", Origin("per bit", self.source, value, "pJ"), ((self.name, self.sigma),))

    def delay(self, action: str, given: Given) -> Estimate:
        return Estimate.given(1.5, "ns", "one access")

    def area(self, given: Given) -> Estimate:
        return Estimate.given(2.0 * given["width"] * given["banks"], "um2", "per bit")

    def leakage(self, given: Given) -> Estimate:
        return Estimate.given(0.5 * given["banks"], "uW", "per bank")


@dataclass(frozen=True)
class Adder(Model):
    """0.03 pJ; knows no delay, no leakage, and needs a technology for its area."""

    name: str = "adder"
    prices: str = "add"
    source: str = "invented"
    attributes: tuple[Attribute, ...] = (Attribute("bits", quantity.count, default=8),)
    actions: tuple[Action, ...] = (Action("add"),)

    def energy(self, action: str, given: Given) -> Estimate:
        return Estimate(0.03, "pJ", Origin("adder", self.source, 0.03, "pJ"), (("adders", 0.5),))

    def area(self, given: Given) -> Estimate:
        return Estimate.given(given["bits"] * given.technology.node_nm, "um2", "adder")


@dataclass(frozen=True)
class Returns(Model):
    """Returns for the energy of `read` whatever it is told to; an exception is raised."""

    what: object
    name: str = "returns"
    prices: str = "store"
    source: str = "invented"
    attributes: tuple[Attribute, ...] = (WIDTH, BANKS)
    actions: tuple[Action, ...] = (Action("read"),)

    def energy(self, action: str, given: Given) -> Estimate:
        if isinstance(self.what, Exception):
            raise self.what
        return self.what  # type: ignore[return-value]
