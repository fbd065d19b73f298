"""Networks on a chip: crossbars, links and mesh routers, put together from registers, multiplexers and wires.

A crossbar is Aladdin's of one input and four outputs, in proportion to bits and outputs, with a multiplexer of the
inputs at each output. A link is a wire with a register at its end. A router writes a flit into the buffer of an input,
reads it, and sends it through a multiplexer of the ports and over wires as long as the router is wide; its arbiter
counts as one comparison of as many bits as there are ports. The router of ISAAC is offered beside it.
"""

from __future__ import annotations

from functools import partial
from math import sqrt

from polymap import quantity
from polymap.components import aladdin, registers, wires
from polymap.components.attributes import side_by_side
from polymap.components.estimate import Estimate, total
from polymap.components.logic import multiplexer
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.registers import File
from polymap.components.scaling import scaled
from polymap.components.technology import Technology
from polymap.components.wires import BITS, TRANSFER, CactiWire

CROSSBAR, CROSSBAR_CLOCK_NS, CROSSBAR_OUTPUTS = "crossbar_1to4_32b", 2.0, 4
PARTS = f"{aladdin.SOURCE}; {wires.SOURCE}"
UM_PER_MM = 1000.0
ACTIVITY = 0.5

INPUTS = Attribute("inputs", quantity.count, what="ports that send")
OUTPUTS = Attribute("outputs", quantity.count, what="ports that receive")
PORTS = Attribute("ports", partial(quantity.count, least=2), default=5, what="of a mesh: 4 neighbours, 1 own")
DEPTH = Attribute("depth", quantity.count, default=4, what="flits that the buffer of an input holds")
FLIT = Attribute("bits", side_by_side, "b", what="bits of a flit")
HOP = Action("hop", what="one flit from an input to an output")


class Crossbar(Model):
    """A switch from any input to any output."""

    name = "aladdin_crossbar"
    prices = "crossbar"
    source = aladdin.SOURCE
    attributes = (INPUTS, OUTPUTS, BITS)
    actions = (Action("transfer", what="one word from an input to an output"),)

    def energy(self, action: str, given: Given) -> Estimate:
        return total("transfer through a crossbar", self._parts("energy", given, 1, 1), "pJ")

    def area(self, given: Given) -> Estimate:
        return total("area of a crossbar", self._parts("area", given, given["inputs"], given["outputs"]), "um2")

    def leakage(self, given: Given) -> Estimate:
        raise CannotPrice(f"the table of Aladdin has no leakage of `{CROSSBAR}`")

    def _parts(self, what: str, given: Given, lines: int, choices: int) -> list[tuple[float, Estimate]]:
        """So many lines to all outputs, and so many multiplexers of the inputs."""
        made, bits, outputs, asked = _crossbar(), given["bits"], given["outputs"], given.technology
        share = bits / made.bits * outputs / CROSSBAR_OUTPUTS
        how = f"{bits} of its {made.bits} b, {outputs} of its {CROSSBAR_OUTPUTS} outputs"
        line = made.times(what, share, how, asked, "aladdin", aladdin.ASSUMED_SIGMA)
        if given["inputs"] == 1:
            return [(lines, line)]
        return [(lines, line), (choices, multiplexer(what, given["inputs"], bits, asked))]


def _crossbar() -> aladdin.Unit:
    return aladdin.unit(CROSSBAR, CROSSBAR_CLOCK_NS)


class Link(CactiWire):
    """A wire of CACTI with a register at its end."""

    name = "cacti7_link"
    prices = "link"
    source = PARTS
    actions = (TRANSFER,)

    def energy(self, action: str, given: Given) -> Estimate:
        parts = super().energy(action, given), registers.priced(_end(given), "write", given.technology)
        return total("transfer over a link", [(1, part) for part in parts], "pJ")

    def delay(self, action: str, given: Given) -> Estimate:
        parts = super().delay(action, given), registers.delay(_end(given), given.technology)
        return total("delay of a link", [(1, part) for part in parts], "ns")

    def leakage(self, given: Given) -> Estimate:
        parts = super().leakage(given), registers.priced(_end(given), "leakage", given.technology)
        return total("leakage of a link", [(1, part) for part in parts], "uW")

    def area(self, given: Given) -> Estimate:
        """Of the register: the wire runs above."""
        return registers.priced(_end(given), "area", given.technology).named("register at the end of a link")


def _end(given: Given) -> File:
    return File(1, given["bits"])


class Router(Model):
    """A router with a buffer at each input, as of a mesh."""

    name = "parts_router"
    prices = "router"
    source = PARTS
    attributes = (FLIT, PORTS, DEPTH)
    actions = (HOP,)

    def energy(self, action: str, given: Given) -> Estimate:
        asked, file = given.technology, _buffer(given)
        arbiter = aladdin.unit("comparator")
        how = f"{given['ports']} of its {arbiter.bits} b"
        share = given["ports"] / arbiter.bits
        parts = (
            registers.priced(file, "write", asked),
            registers.priced(file, "read", asked),
            multiplexer("energy", given["ports"], given["bits"], asked),
            arbiter.times("energy", share, how, asked, "aladdin", aladdin.ASSUMED_SIGMA),
            self._across(given),
        )
        return total("hop through a router", [(1, part) for part in parts], "pJ")

    def area(self, given: Given) -> Estimate:
        return self._ports("area", given)

    def leakage(self, given: Given) -> Estimate:
        return self._ports("leakage", given)

    def _ports(self, what: str, given: Given) -> Estimate:
        """Of the buffers and multiplexers of all ports, which are nearly all of it."""
        asked, ports = given.technology, given["ports"]
        parts = (
            registers.priced(_buffer(given), what, asked),
            multiplexer(what, ports, given["bits"], asked),
        )
        return total(f"{what} of a router", [(ports, part) for part in parts], aladdin.UNITS[what])

    def _across(self, given: Given) -> Estimate:
        """The flit over wires as long as the router is wide."""
        length_mm = sqrt(self.area(given).value) / UM_PER_MM
        changes = ACTIVITY * given["bits"]
        one = wires.per_mm("pJ", "lstp", wires.KINDS[0], given.technology)
        return one.times(changes * length_mm, f"{changes:g} bits change over {length_mm:.3g} mm")


def _buffer(given: Given) -> File:
    return File(given["depth"], given["bits"])


class IsaacRouter(Model):
    """The router of ISAAC, of flits of 256 bits in 32 nm, in proportion to the bits; what it leaks is in its energy."""

    name = "isaac_router"
    prices = "router"
    source = "Shafiee et al., ISAAC, ISCA 2016, doi:10.1109/ISCA.2016.12, as carried by Accelergy's library"
    attributes = (FLIT,)
    actions = (HOP,)
    made, flit_bits, hop_pj, router_um2, sigma = Technology(32.0), 256, 20.74, 150_000.0, 0.7

    def energy(self, action: str, given: Given) -> Estimate:
        return self._share(self.hop_pj, "pJ", given)

    def area(self, given: Given) -> Estimate:
        return self._share(self.router_um2, "um2", given)

    def leakage(self, given: Given) -> Estimate:
        raise CannotPrice("ISAAC's router has its leakage in the energy of its hops")

    def _share(self, amount: float, unit: str, given: Given) -> Estimate:
        published = Estimate.given(amount, unit, f"router of {self.flit_bits} b in 32 nm", self.source)
        how = f"{given['bits']} of its {self.flit_bits} b"
        part = published.times(given["bits"] / self.flit_bits, how, "", False, isaac_router=self.sigma)
        return scaled(part, "cmos_logic", self.made, given.technology)


MODELS: tuple[Model, ...] = (Crossbar(), Link(), Router(), IsaacRouter())
