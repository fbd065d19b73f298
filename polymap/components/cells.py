"""Arrays of memory cells that compute in place, priced from circuit laws and the values that flow through them.

In one step every row carries an input value x and every cell of it multiplies by its stored value w:

* a resistive cell conducts G(w) for a time t at V x (`level`), or for a time t x at V (`pulse`): V^2 E[x^2] E[G] t or
  V^2 E[x] E[G] t. G is linear in w, so that its mean is that of the mean w;
* a charge cell charges a capacitance where x and w meet: C V^2 E[x] E[w], or C V^2 E[x^2] E[w] at a level;
* the line of a row is charged once in every step in which it carries anything, that of a column once a step.

Inputs and stored values are independent of each other. Voltages that drop along lines are left out, and so are
decoders, timing and whatever converts at the edges: see `adc` and `dac`.
"""

from __future__ import annotations

from polymap import quantity
from polymap.components.attributes import above_zero, bits, one_of, positive
from polymap.components.crossbar import LEVEL, PULSE, Crossbar
from polymap.components.estimate import Estimate
from polymap.components.memory_cells import Cell, cells
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.transistors import SOURCE as TRANSISTORS
from polymap.components.values import INPUT, WEIGHT


def _cell(written: object) -> Cell:
    return cells()[one_of(*cells())(written)]


_SQUARES = above_zero("area of a cell", "give squares of the node above 0, e.g. `30`")

ATTRIBUTES = (
    Attribute("rows", quantity.count, what="cells along a column"),
    Attribute("columns", quantity.count, what="cells along a row"),
    Attribute("cell", _cell, what="a row of memory_cells.csv"),
    Attribute("input_bits", bits, "b", 1, "bits of the input in one step"),
    Attribute("encoding", one_of(PULSE, LEVEL), "", PULSE, "how a row carries its input: as time, or as voltage"),
    Attribute("read_voltage", positive("voltage"), "V", None, "across cells; else what the cell's source states"),
    Attribute("read_time", positive("time", 1e-9), "ns", None, "of a step; else what the cell's source states"),
    Attribute("on_resistance", positive("resistance"), "ohm", None, "instead of the cell's own"),
    Attribute("off_resistance", positive("resistance"), "ohm", None, "instead of the cell's own"),
    Attribute("cell_capacitance", positive("capacitance", 1e-15), "fF", None, "of a charge cell, instead of its own"),
    Attribute("cell_area", _SQUARES, "F^2", None, "instead of the cell's own"),
    Attribute("program_energy", positive("energy"), "pJ", None, "of one cell; else that of its pulses or lines"),
)


class CimArray(Model):
    """An array of rows x columns cells with its line drivers: energy of a step and of its parts, and of programming."""

    name = "cim_array_circuit"
    prices = "cim_array"
    source = "closed forms from circuit laws; " + TRANSISTORS
    attributes = ATTRIBUTES
    actions = (
        Action("step", (INPUT, WEIGHT), "one input on every row, one product in every cell"),
        Action("row", (INPUT,), "the share of a step of one row: its line and driver"),
        Action("column", (INPUT, WEIGHT), "the share of a step of one column: its line and driver"),
        Action("cell", (INPUT, WEIGHT), "the share of a step of one cell"),
        Action("program", (), "one cell"),
    )

    def check(self, given: Given) -> None:
        Crossbar.of(given)

    def energy(self, action: str, given: Given) -> Estimate:
        array = Crossbar.of(given)
        if action == "program":
            return array.program()
        if action == "row":
            return array.row(given["input"])
        parts = {"column": array.column, "cell": array.one_cell, "step": array.step}
        return parts[action](given["input"], given["weight"])

    def delay(self, action: str, given: Given) -> Estimate:
        array = Crossbar.of(given)
        ns = array.cell.program_ns if action == "program" else given["read_time"] or array.cell.read_ns
        if ns is None:
            raise CannotPrice(f"no time is known for `{array.cell.name}`", "add `read_time: 10 ns`")
        return Estimate.given(ns, "ns", f"{action} of {array.cell.name}", array.cell.source)

    def area(self, given: Given) -> Estimate:
        return Crossbar.of(given).area()

    def leakage(self, given: Given) -> Estimate:
        return Crossbar.of(given).leakage()


MODELS: tuple[Model, ...] = (CimArray(),)
