"""A line along the rows or columns of an array, and the chain of inverters that drives it.

Each stage of the chain drives four times its own gates, so that their gates add up to a third of the line, and their
drains (as large as the gates) to another third. (Tapered buffers with a fan-out of four: any text on CMOS design,
e.g. Weste and Harris.) The drivers run at the supply, whatever the line's voltage is.
"""

from __future__ import annotations

from dataclasses import dataclass

from polymap.components.transistors import WIRE_FF_UM, Transistors

CHAIN = 1 / 3  # gates of the driving chain over the load, 1/4 + 1/16 + ...
PITCHES_F = 8.0  # layout of a transistor per um of width: contacted pitch of 4 F, as much again for wells and wires


@dataclass(frozen=True)
class Line:
    """So many cells, each with a length of wire and with gates or drains on it."""

    cells: int
    pitch_um: float
    load_ff: float
    transistors: Transistors

    @property
    def capacitance_ff(self) -> float:
        return self.cells * (self.pitch_um * WIRE_FF_UM + self.load_ff)

    def energy_pj(self, volts: float) -> float:
        """Taken from the supplies to charge the line to so many volts once, and its drivers with it."""
        of_drivers = 2 * CHAIN * self.transistors.supply_v**2
        return self.capacitance_ff * (volts**2 + of_drivers) * 1e-3

    @property
    def driver_width_um(self) -> float:
        """Width of all transistors of the driver."""
        return self.capacitance_ff * CHAIN / self.transistors.gate_ff_um

    def driver_area_um2(self, node_nm: float) -> float:
        return self.driver_width_um * PITCHES_F * node_nm * 1e-3

    @property
    def leakage_uw(self) -> float:
        """Half of the driver's transistors are off at any time."""
        return self.driver_width_um / 2 * self.transistors.off_na_um * self.transistors.supply_v * 1e-3
