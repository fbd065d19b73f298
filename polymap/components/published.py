"""Converters and other analog parts of published designs: rows of `specs/components/published_converters.csv`.

A row answers for the design it is of (`design: isaac`) as it was published. Where no design is named it is one design
taken for another, and its error is that of two draws from the survey of ADCs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import sqrt

from polymap.components.adc_regression import coefficients
from polymap.components.attributes import bits, positive
from polymap.components.estimate import Estimate
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.records import records
from polymap.components.scaling import scaled
from polymap.components.technology import Technology

LAW = {"adc": "adc", "shift_add": "cmos_logic"}  # all others are analog
WHAT = {"convert": "one value", "add": "one sum", "sample": "one value", "integrate": "one step"}
ATTRIBUTES = (
    Attribute("resolution", bits, "b", what="bits of the converted value"),
    Attribute("sample_rate", positive("frequency"), "Hz", None, "conversions per second"),
    Attribute("design", str, "", "", "the published design that is meant"),
)


@dataclass(frozen=True)
class Row:
    """One design at one resolution: pJ per action, um2, and the rate in Hz it was given at, if known."""

    resolution: int
    node_nm: float
    rate_hz: float | None
    energy_pj: float
    area_um2: float
    note: str
    source: str


@dataclass(frozen=True)
class Published(Model):
    """A part of a published design, at the resolutions it was published for."""

    name: str
    prices: str
    source: str
    design: str
    rows: tuple[Row, ...]
    actions: tuple[Action, ...]
    attributes: tuple[Attribute, ...] = ATTRIBUTES

    def check(self, given: Given) -> None:
        if given["design"] not in ("", self.design):
            raise CannotPrice(f"it is of `{self.design}`, not of `{given['design']}`")
        rate_hz, row = given["sample_rate"], self._row(given)
        if rate_hz and row.rate_hz and rate_hz > row.rate_hz:
            raise CannotPrice(f"`{self.design}` runs at up to {row.rate_hz / 1e6:g} MHz, not {rate_hz / 1e6:g} MHz")

    def energy(self, action: str, given: Given) -> Estimate:
        return self._scaled(self._row(given).energy_pj, "pJ", given)

    def area(self, given: Given) -> Estimate:
        return self._scaled(self._row(given).area_um2, "um2", given)

    def leakage(self, given: Given) -> Estimate:
        """All power was published as energy per action, as of a part that is always in use."""
        return Estimate.given(0.0, "uW", "held in the energy of actions: its source tells nothing apart", self.source)

    def _row(self, given: Given) -> Row:
        for row in self.rows:
            if row.resolution == given["resolution"]:
                return row
        known = ", ".join(str(row.resolution) for row in self.rows)
        raise CannotPrice(f"`{self.design}` is published for {known} bits, not for {given['resolution']}")

    def _scaled(self, amount: float, unit: str, given: Given) -> Estimate:
        row = self._row(given)
        what = f"{self.prices} of {self.design}" + (f" ({row.note})" if row.note else "")
        known = scaled(
            Estimate.given(amount, unit, what, row.source),
            LAW.get(self.prices, "analog"),
            Technology(row.node_nm),
            given.technology,
        )
        if given["design"]:
            return known
        of = "area" if unit == "um2" else "energy"
        spread = coefficients()[f"{of}_ratio_sigma_near"] * sqrt(2)
        return known.times(1.0, "one design taken for another", "", adc_survey=spread)


@cache
def _models() -> tuple[Model, ...]:
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in records("published_converters"):
        found.setdefault((row["class"], row["design"], row["action"]), []).append(_row(row))
    return tuple(_model(*key, tuple(rows)) for key, rows in found.items())


def _model(prices: str, design: str, action: str, rows: tuple[Row, ...]) -> Published:
    actions = (Action(action, what=WHAT[action]),)
    return Published(f"{design}_{prices}", prices, rows[0].source, design, rows, actions)


def _row(row: dict[str, str]) -> Row:
    rate_hz = float(row["rate_hz"]) if row["rate_hz"] else None
    resolution, node_nm = int(row["resolution"]), float(row["node_nm"])
    energy_pj, area_um2 = float(row["energy_pj"]), float(row["area_um2"])
    return Row(resolution, node_nm, rate_hz, energy_pj, area_um2, row["note"], row["source"])


MODELS = _models()
