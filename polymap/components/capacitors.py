"""Capacitors of converters: how large noise has them, how dense they are, and the reference they are charged to."""

from __future__ import annotations

from polymap.components.attributes import positive
from polymap.components.cmos import supply_v
from polymap.components.model import Attribute, Given

BOLTZMANN_J_K = 1.380649e-23
# Metal capacitors: hwcomponents-library, misc.py, at 22 nm; taken for every node.
DENSITY_FF_UM2 = 2.3
# The least that is made on purpose.
LEAST_FF = 0.5
REFERENCE = Attribute("reference", positive("voltage"), "V", None, "reference voltage; else the supply")


def reference_v(given: Given) -> float:
    """The stated reference, or the supply of the technology."""
    return supply_v(given.technology) if given["reference"] is None else float(given["reference"])


def noise_ff(resolution: int, volts: float, kelvin: float) -> float:
    """The capacitance at which thermal noise, k T / C, equals that of quantization, V^2 / (12 * 4^N).

    >>> round(noise_ff(10, 1.0, 300), 2)
    52.12
    """
    return 12 * BOLTZMANN_J_K * kelvin * 4.0**resolution / volts**2 * 1e15
