"""Sets of published figures, each with the components that should predict it: one YAML file per chip in `sets/`.

A row's prediction is the sum of its parts: `times` an amount of a component: the `energy` of an action (at a `rate` its
power), its `area` or its `leakage`. Rows of one `group` have one calibration factor, fitted to the first of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from polymap import quantity, spec
from polymap.components.component import Component
from polymap.components.read import Setting, attributes, component
from polymap.components.registry import Registry
from polymap.components.technology_read import technology

SETS = Path(__file__).resolve().parent / "sets"
UNITS = {"energy": "pJ", "area": "um2", "power": "uW"}


@dataclass(frozen=True)
class Row:
    """One published figure in pJ, um2 or uW, and what polymap predicts for it, by which models."""

    macro: str
    what: str
    kind: str
    published: float
    raw: float
    unit: str
    models: tuple[str, ...]
    group: str = ""
    from_memory: bool = False
    note: str = ""


@dataclass(frozen=True)
class Macro:
    """The figures of one chip, where they come from, and what of it is not modelled."""

    name: str
    source: str
    obtained: str
    rows: tuple[Row, ...]
    not_modelled: str


def macros() -> tuple[Macro, ...]:
    """All sets, by file name. Raises SpecError with every mistake in a file."""
    registry = Registry()
    return tuple(_macro(path, registry) for path in sorted(SETS.glob("*.yaml")))


def _macro(path: Path, registry: Registry) -> Macro:
    with spec.reading(path, "validation", "validation/1") as top:
        name, source = top.text("name", required=True), top.text("source", required=True)
        obtained, not_modelled = top.text("obtained", required=True), top.text("not_modelled")
        setting = Setting(registry, technology(top, "technology"))
        rows = tuple(_row(item, name, setting) for item in top.children("rows", required=True))
    return Macro(name, source, obtained, rows, not_modelled)


def _row(item: spec.Reader, macro: str, setting: Setting) -> Row:
    parts = [_part(part, setting) for part in item.children("parts", required=True)]
    units = {unit for _, unit, _ in parts}
    if len(units) > 1:
        item.wrong(f"parts in {' and '.join(sorted(units))} have no sum", "predict one quantity", key="parts")
    dimension = next(iter(sorted(units)), "energy")
    return Row(
        macro,
        item.text("what", required=True),
        item.text("kind", required=True),
        float(item.value("published", lambda value: quantity.measure(value, dimension), Fraction(1), required=True))
        * (1e6 if dimension == "power" else 1),
        sum(amount for amount, _, _ in parts),
        UNITS[dimension],
        tuple(dict.fromkeys(model for _, _, model in parts)),
        item.text("group"),
        item.flag("from_memory"),
        item.text("note"),
    )


def _part(item: spec.Reader, setting: Setting) -> tuple[float, str, str]:
    """What a part adds, its dimension, and the model that says so."""
    item.what = "a part"
    found, times = component(item, setting), float(item.value("times", _ratio, Fraction(1)))
    rate_hz = item.value("rate", quantity.frequency_hz, None)
    less = float(item.value("less", quantity.area_um2, Fraction(0)))
    action, is_area, _ = item.text("energy"), item.flag("area"), item.flag("leakage")
    arguments = {each.name: each.value for each in attributes(item, "arguments") or ()}
    if found is None:
        return 0.0, "energy", ""
    if not action:
        amount = found.area_um2 - less if is_area else found.leakage_uw
        return times * amount, "area" if is_area else "power", found.model.name
    return _of_action(found, action, arguments, times, rate_hz)


def _of_action(
    found: Component, action: str, arguments: dict[str, object], times: float, rate_hz: Fraction | None
) -> tuple[float, str, str]:
    """The energy of an action in pJ, or at a rate its power: pJ times Hz is 1e-6 uW."""
    energy_pj = times * found.action(action, **arguments).energy_pj
    if rate_hz is None:
        return energy_pj, "energy", found.model.name
    return energy_pj * float(rate_hz) * 1e-6, "power", found.model.name


def _ratio(value: object) -> Fraction:
    """A number, or `225/4`."""
    above, _, below = str(value).partition("/")
    return quantity.number(above.strip()) / (quantity.number(below.strip()) if below else 1)
