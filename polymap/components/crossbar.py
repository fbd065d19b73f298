"""The circuit of an array of memory cells: what its lines and cells take, from capacitance, conductance and values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from math import sqrt

from polymap.components.estimate import Estimate, Origin, total
from polymap.components.lines import Line
from polymap.components.memory_cells import Cell, needed
from polymap.components.model import CannotPrice, Given
from polymap.components.transistors import SOURCE as TRANSISTORS
from polymap.components.transistors import Transistors, transistors
from polymap.components.values import Values

PULSE, LEVEL = "pulse", "level"
# Errors (log), measured: root mean squares over the published arrays of docs/design/components_validation.md.
SIGMA_ENERGY, SIGMA_AREA = 0.88, 1.12
# Widths in F of the transistors of a six-transistor cell: one of each kind is off (CACTI 7: access, p, n).
SRAM_WIDTHS_F = 1.31 + 1.23 + 2.08
_ERRORS = (("array_circuit", SIGMA_ENERGY),)
_AREA_ERRORS = (("array_circuit", SIGMA_AREA),)
_INSTEAD = {
    "on_ohm": "on_resistance",
    "off_ohm": "off_resistance",
    "compute_ff": "cell_capacitance",
    "area_f2": "cell_area",
    "stated_program_pj": "program_energy",
}


# What a cell of the other kind has.
_NOT_OF = {"resistive": ("compute_ff",), "charge": ("on_ohm", "off_ohm")}


def _check(cell: Cell, stated: Collection[str]) -> None:
    """Raises CannotPrice for what is stated of a cell and means nothing to it, or the wrong way round."""
    for field in _NOT_OF[cell.kind]:
        if field in stated:
            raise CannotPrice(f"`{cell.name}` is a {cell.kind} cell, and has no `{_INSTEAD[field]}`", "remove it")
    if cell.on_ohm is not None and cell.off_ohm is not None and cell.off_ohm < cell.on_ohm:
        what = f"a cell that is off ({cell.off_ohm:g} ohm) conducts more than one that is on ({cell.on_ohm:g} ohm)"
        raise CannotPrice(what, "state both, the larger one as `off_resistance`")


@dataclass(frozen=True)
class Crossbar:
    """An array as its component states it, with what it is made of."""

    rows: int
    columns: int
    cell: Cell
    transistors: Transistors
    node_nm: float
    given: Given

    @classmethod
    def of(cls, given: Given) -> Crossbar:
        """Raises CannotPrice where the cell or the technology leaves something open."""
        own = {field: given[name] for field, name in _INSTEAD.items() if given[name] is not None}
        cell: Cell = replace(given["cell"], **own) if own else given["cell"]
        _check(cell, own)
        made = transistors(given.technology)
        return cls(given["rows"], given["columns"], cell, made, given.technology.node_nm, given)

    @property
    def is_resistive(self) -> bool:
        return self.cell.kind == "resistive"

    @property
    def read_v(self) -> float:
        """Across a cell: the read voltage of a resistive one, else the supply."""
        stated = self.given["read_voltage"]
        own = self.cell.read_v if self.is_resistive else self.transistors.supply_v
        return needed(self.cell, stated, own, "read_voltage", "0.2 V")

    @property
    def pitch_um(self) -> float:
        """Of a square cell."""
        return sqrt(self.cell.area_f2) * self.node_nm * 1e-3

    @property
    def row_line(self) -> Line:
        return self._line(self.columns, self.transistors.gate_ff_um)

    @property
    def column_line(self) -> Line:
        return self._line(self.rows, self.transistors.drain_ff_um)

    def _line(self, along: int, load_ff_um: float) -> Line:
        load_ff = self.cell.access_width_f * self.node_nm * 1e-3 * load_ff_um
        return Line(along, self.pitch_um, load_ff, self.transistors)

    @property
    def row_v(self) -> float:
        """Gates of access transistors are driven at the supply; without any, the row is what cells see."""
        return self.transistors.supply_v if self.cell.access_width_f else self.read_v

    # energy, pJ

    def row(self, inputs: Values) -> Estimate:
        activity = self._carried(inputs)
        return self._priced(self.row_line.energy_pj(self.row_v) * activity, "row line and driver", inputs)

    def column(self, inputs: Values, weights: Values) -> Estimate:
        """Brought to the read voltage; a line that charge cells share, to the mean of their products."""
        products = 1.0 if self.is_resistive else inputs.mean(self._bits) * weights.mean(1)
        return self._priced(self.column_line.energy_pj(self.read_v) * products, "column line and driver", inputs)

    def one_cell(self, inputs: Values, weights: Values) -> Estimate:
        moment = inputs.mean_square(self._bits) if self._is_level else inputs.mean(self._bits)
        value_pj = self.read_v**2 * moment * self._siemens_seconds(weights.mean(1)) * 1e12
        return self._priced(
            value_pj, "conduction of a cell" if self.is_resistive else "charge of a cell", inputs, weights
        )

    def _siemens_seconds(self, value: float) -> float:
        """What energy is V^2 times of: conductance times time, or capacitance, in F."""
        if self.is_resistive:
            ns = needed(self.cell, self.given["read_time"], self.cell.read_ns, "read_time", "10 ns")
            return self.cell.conductance_s(value) * ns * 1e-9
        return needed(self.cell, None, self.cell.compute_ff, "cell_capacitance", "1 fF") * 1e-15 * value

    def step(self, inputs: Values, weights: Values) -> Estimate:
        parts = [
            (self.rows, self.row(inputs)),
            (self.columns, self.column(inputs, weights)),
            (self.rows * self.columns, self.one_cell(inputs, weights)),
        ]
        return total(f"step of {self.rows} x {self.columns} {self.cell.name}", parts, "pJ")

    def program(self) -> Estimate:
        """As stated; else the pulses of a resistive cell; the swing of a column and a cell's share of a row of SRAM."""
        if self.cell.stated_program_pj is not None:
            return Estimate.given(self.cell.stated_program_pj, "pJ", "programming of a cell, as stated")
        if self.is_resistive:
            pulse = needed(self.cell, None, self.cell.program_pj, "program_energy", "1 pJ")
            return self._priced(pulse, "mean of set and reset")
        supply = self.transistors.supply_v
        swing = self.column_line.energy_pj(supply) + self.row_line.energy_pj(supply) / self.columns
        return self._priced(swing, "column and share of a row at the supply")

    # area, um2, and leakage, uW

    def area(self) -> Estimate:
        of_cells = self.rows * self.columns * self.cell.area_f2 * (self.node_nm * 1e-3) ** 2
        row, column = (line.driver_area_um2(self.node_nm) for line in (self.row_line, self.column_line))
        exact = Estimate.given(of_cells, "um2", f"cells of {self.cell.area_f2:g} F^2", self.cell.source)
        drivers = [(self.rows, self._um2(row, "row driver")), (self.columns, self._um2(column, "column driver"))]
        return total("cells and drivers", [(1, exact), *drivers], "um2")

    def leakage(self) -> Estimate:
        made = self.transistors
        width_um = 0.0 if self.is_resistive else SRAM_WIDTHS_F * self.node_nm * 1e-3
        of_cell = width_um * made.off_na_um * made.supply_v * 1e-3
        lines = self.rows * self.row_line.leakage_uw + self.columns * self.column_line.leakage_uw
        parts = (Origin("drivers", TRANSISTORS, lines, "uW"), made.origin)
        value = lines + self.rows * self.columns * of_cell
        return Estimate(value, "uW", Origin("leakage of drivers and cells", "", value, "uW", parts=parts), _ERRORS)

    # how

    @property
    def _bits(self) -> int:
        return int(self.given["input_bits"])

    @property
    def _is_level(self) -> bool:
        return bool(self.given["encoding"] == LEVEL)

    def _carried(self, inputs: Values) -> float:
        """How often a row line is charged, in squares of its voltage: the mean of x^2, or whenever x is not 0."""
        return inputs.mean_square(self._bits) if self._is_level else inputs.above_zero(self._bits)

    def _priced(self, value: float, what: str, inputs: Values | None = None, weights: Values | None = None) -> Estimate:
        def told() -> Origin:
            data = [f"{name}: {values}" for name, values in (("inputs", inputs), ("weights", weights)) if values]
            supply = Origin(f"{self.read_v:g} V across cells, supply {self.transistors.supply_v:g} V")
            parts = (Origin(self.cell.name, self.cell.source), self.transistors.origin, supply)
            return Origin(", ".join([what, *data]), "", value, "pJ", parts=parts)

        return Estimate(value, "pJ", told, _ERRORS)

    def _um2(self, value: float, what: str) -> Estimate:
        origin = Origin(what, TRANSISTORS, value, "um2", parts=(self.transistors.origin,))
        return Estimate(value, "um2", origin, _AREA_ERRORS)
