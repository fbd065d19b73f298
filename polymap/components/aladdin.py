"""The synthesised units of the Aladdin simulator in TSMC 40 nm: the table that models of small logic are built on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from polymap.components.estimate import Estimate, Origin
from polymap.components.logarithmic import along
from polymap.components.model import CannotPrice
from polymap.components.records import records
from polymap.components.scaling import scaled
from polymap.components.technology import Technology

SOURCE = "Shao et al., Aladdin, ISCA 2014 (aladdin_40nm.csv)"
MADE = Technology(40.0)
CLOCK_NS = 1.0
ASSUMED_SIGMA = 0.7  # of what is put together from its gates by a rule
COLUMNS = {"energy": "energy_pj", "leakage": "leakage_uw", "area": "area_um2"}
UNITS = {"energy": "pJ", "leakage": "uW", "area": "um2"}


@dataclass(frozen=True)
class Unit:
    """One synthesised unit, made for one clock: its amounts in pJ, uW and um2 at the width it was made for."""

    name: str
    bits: int
    clock_ns: float
    energy: float | None
    leakage: float | None
    area: float | None

    def amount(self, quantity: str) -> float:
        """Raises CannotPrice where the table has none."""
        found: float | None = getattr(self, quantity)
        if found is None:
            raise CannotPrice(f"the table of Aladdin has no {quantity} of `{self.name}`")
        return found

    def per_bit(self, quantity: str) -> float:
        return self.amount(quantity) / self.bits

    def origin(self, quantity: str) -> Origin:
        what = f"{self.name}, {self.bits} b, made for {self.clock_ns:g} ns in 40 nm"
        return Origin(what, SOURCE, self.amount(quantity), UNITS[quantity])

    def times(self, quantity: str, factor: float, what: str, asked: Technology, error: str, sigma: float) -> Estimate:
        """The amount times what makes it another unit, as the asked technology has it."""
        exact = Estimate(self.amount(quantity), UNITS[quantity], lambda: self.origin(quantity))
        return scaled(exact.times(factor, what, "", False, **{error: sigma}), "cmos_logic", MADE, asked)


@cache
def _clocks(name: str) -> tuple[dict[str, str], ...]:
    found = [row for row in records("aladdin_40nm") if row["unit"] == name]
    return tuple(sorted(found, key=lambda row: float(row["clock_ns"])))


@cache
def unit(name: str, clock_ns: float = CLOCK_NS) -> Unit:
    """The unit made for a clock; between the clocks of the table, interpolated in logarithms.

    Raises CannotPrice for a clock outside of the table.
    """
    rows = _clocks(name)
    clocks = [float(row["clock_ns"]) for row in rows]
    if not clocks[0] <= clock_ns <= clocks[-1]:
        what = f"`{name}` was synthesised for clocks from {clocks[0]:g} to {clocks[-1]:g} ns, not {clock_ns:g} ns"
        raise CannotPrice(what, "give a `clock` in that range")
    amounts = {quantity: _amount(rows, column, clocks, clock_ns) for quantity, column in COLUMNS.items()}
    return Unit(name, int(rows[0]["bits"]), clock_ns, amounts["energy"], amounts["leakage"], amounts["area"])


def _amount(rows: tuple[dict[str, str], ...], column: str, clocks: list[float], at: float) -> float | None:
    written = [row[column] for row in rows]
    return along(clocks, [float(amount) for amount in written], at) if all(written) else None
