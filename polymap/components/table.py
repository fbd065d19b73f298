"""Tables of components: each row is one action of one component as somebody measured it.

A row answers where its attributes are those that were asked for: nothing is interpolated. Where it has a node, it
answers in that technology alone, or, with `scales_as`, in others by the law of that kind of circuit (see `scaling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from polymap.components.component import AREA, DELAY, ENERGY, LEAKAGE
from polymap.components.estimate import Estimate, Origin
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model
from polymap.components.technology import Technology
from polymap.components.term import Value

UNITS = {"energy": ENERGY, "delay": DELAY, "area": AREA, "leakage": LEAKAGE}


@dataclass(frozen=True)
class Row:
    """One action of one component as it was measured; amounts by name, in the units that models answer in."""

    prices: str
    attributes: tuple[tuple[str, Value], ...]
    action: str
    amounts: tuple[tuple[str, float], ...]
    made: Technology | None
    scales_as: str
    sigma: float
    source: str
    line: int

    def fits(self, given: Given) -> bool:
        return all(given[name] == value for name, value in self.attributes)


@dataclass(frozen=True)
class Table(Model):
    """The rows of one file for one class of components."""

    name: str
    prices: str
    source: str
    attributes: tuple[Attribute, ...]
    actions: tuple[Action, ...]
    rows: tuple[Row, ...] = ()
    file: str = ""

    def check(self, given: Given) -> None:
        """Some row has these attributes, in this technology."""
        self._rows(given)

    def energy(self, action: str, given: Given) -> Estimate:
        return self._amount("energy", [row for row in self._rows(given) if row.action == action], given)

    def delay(self, action: str, given: Given) -> Estimate:
        return self._amount("delay", [row for row in self._rows(given) if row.action == action], given)

    def area(self, given: Given) -> Estimate:
        return self._amount("area", self._rows(given), given)

    def leakage(self, given: Given) -> Estimate:
        return self._amount("leakage", self._rows(given), given)

    def _rows(self, given: Given) -> list[Row]:
        """Rows with these attributes that answer in this technology, those measured nearest to it."""
        fitting = [row for row in self.rows if row.fits(given)]
        if not fitting:
            raise CannotPrice(f"no row has {_shown(self.attributes, given)}", f"it has {self._known(given)}")
        answering = [row for row in fitting if not row.made or row.scales_as or _is_made_in(row.made, given)]
        if not answering:
            nodes = ", ".join(dict.fromkeys(str(row.made) for row in fitting))
            raise CannotPrice(f"its rows are of {nodes}, not of {given.technology}", "add `scales_as` to the table")
        nearest = min(_distance(row, given) for row in answering)
        return [row for row in answering if _distance(row, given) == nearest]

    def _known(self, given: Given) -> str:
        """Values of the first attribute that no row has."""
        for attribute in self.attributes:
            values = dict.fromkeys(str(dict(row.attributes).get(attribute.name, "any")) for row in self.rows)
            if str(given[attribute.name]) not in values and "any" not in values:
                return f"`{attribute.name}`: {', '.join(values)}"
        return "each of these, but not together"

    def _amount(self, what: str, rows: Sequence[Row], given: Given) -> Estimate:
        known = [(row, dict(row.amounts)[what]) for row in rows if what in dict(row.amounts)]
        if not known:
            raise CannotPrice(f"`{self.file}` has no {what} for it")
        row, value = known[0]
        unit = UNITS[what]
        origin = Origin(f"{self.file}, line {row.line}", row.source, value, unit)
        errors = ((self.name, row.sigma),) if row.sigma else ()
        amount = Estimate(value, unit, origin, errors)
        return _scaled(amount, row, given) if row.made and row.scales_as else amount


def _is_made_in(made: Technology, given: Given) -> bool:
    """Whether a row is of the technology that is asked for; temperatures do not tell them apart."""
    asked = given.technology
    same = made.node_nm == asked.node_nm and made.family == asked.family
    return same and (made.voltage_v is None or asked.voltage_v is None or made.voltage_v == asked.voltage_v)


def _distance(row: Row, given: Given) -> float:
    return abs(log(row.made.node_nm / given.technology.node_nm)) if row.made else 0.0


def _scaled(amount: Estimate, row: Row, given: Given) -> Estimate:
    from polymap.components.scaling import scaled

    assert row.made is not None
    return scaled(amount, row.scales_as, row.made, given.technology)


def _shown(attributes: Sequence[Attribute], given: Given) -> str:
    return ", ".join(f"{each.name} {given[each.name]}" for each in attributes) or "what is asked"
