"""How a component is written, in files and in calls -> a question to the models, and its answer.

component: lpddr4                             # a class alone
component: {sram: {width: 64 b, banks: 32}}   # a class and its attributes, and beside the class, where needed:
component:
  sram: {banks: 32}
  model: NAME                                 # the only model to ask
  technology: {voltage: 0.9 V}                # what differs from the technology of the file
  calibrate: {energy: {factor: 0.9, ...}}     # factors on what the model says (see `calibration`)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from polymap import spec
from polymap.components.calibration import read_calibrations
from polymap.components.component import Component
from polymap.components.question import Question, Written
from polymap.components.registry import Registry
from polymap.components.technology import Technology
from polymap.components.technology_read import UNREAD
from polymap.components.technology_read import technology as read_technology
from polymap.errors import SpecError
from polymap.spec import Fields, Items, Located, Scalar, described

MODEL, TECHNOLOGY, CALIBRATE = "model", "technology", "calibrate"
BESIDE = (MODEL, TECHNOLOGY, CALIBRATE)


@dataclass(frozen=True)
class Setting:
    """What a component stands in: the attributes its level offers, the technology of the file, and who is asked."""

    registry: Registry
    technology: Technology | None = None
    offered: tuple[Written, ...] = ()
    name: str = ""


def component(item: spec.Reader, setting: Setting, key: str = "component") -> Component | None:
    """The priced component under a key; None if it is absent, or if a mistake has been noted."""
    asked = question(item, setting, key)
    try:
        return setting.registry.answer(asked) if asked and asked.technology is not UNREAD else None
    except SpecError as error:
        item.include(error, item.place_of(key))
        return None


def question(item: spec.Reader, setting: Setting, key: str = "component") -> Question | None:
    """What is asked under a key; None if it is absent, or if a mistake has been noted."""
    if not item.has(key):
        return None
    place = item.place_of(key)
    if not item.is_mapping(key):
        prices = item.name(key)
        return Question(prices, (), setting.offered, setting.technology, "", setting.name, place) if prices else None
    return _detailed(item.child(key), setting)


def _detailed(reader: spec.Reader, setting: Setting) -> Question | None:
    pin, technology = reader.name(MODEL), setting.technology
    if reader.has(TECHNOLOGY):
        technology = read_technology(reader, TECHNOLOGY, technology)
    factors = read_calibrations(reader.child(CALIBRATE))
    prices = one_class(reader)
    written = attributes(reader, prices) if prices else None
    if written is None or (reader.has(MODEL) and not pin):
        return None
    place, pin_place = reader.place_of(prices), reader.place_of(MODEL)
    return Question(prices, written, setting.offered, technology, pin, setting.name, place, pin_place, factors)


def one_class(reader: spec.Reader) -> str:
    """The one class that is named; empty, with the mistake noted, if it is none or several."""
    classes = [key for key in reader.keys if key and key not in BESIDE]
    for name in classes:
        reader.has(name)
    if len(classes) == 1:
        return classes[0]
    if reader.is_there:
        found = f"names {len(classes)} classes: {', '.join(classes)}" if classes else "names no class of components"
        reader.wrong(f"{reader.what} {found}", "write one, with its attributes, e.g. `{sram: {width: 64 b}}`")
    return ""


def attributes(reader: spec.Reader, name: str) -> tuple[Written, ...] | None:
    """A mapping of names to values, as written; None if it is absent or empty, or if a mistake has been noted."""
    node = reader.node_of(name)
    if node is None:
        return None
    if not isinstance(node, Fields):
        reader.wrong_at(node.place, f"{described(node)} stands where attributes belong", f"write `{name}: {{}}`")
        return None
    return tuple(Written(field.key, plain(field.value), field.value.place) for field in node.fields)


def plain(node: Located) -> object:
    """What a node says, as attributes are read from it: a value, a tuple of such, or a dictionary."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return tuple(plain(item) for item in node.items)
    return {field.key: plain(field.value) for field in node.fields}


def called(
    prices: str,
    attributes: Mapping[str, object],
    registry: Registry,
    technology: Technology | Mapping[str, object] | str | None = None,
    model: str = "",
    calibrate: Mapping[str, object] | None = None,
) -> Component:
    """A component of a class with attributes as a file would say them. Raises SpecError with every mistake."""
    stated = technology if isinstance(technology, Technology) else None
    asked = ((MODEL, model), (TECHNOLOGY, technology), (CALIBRATE, calibrate))
    beside = {key: value for key, value in asked if value and value != stated}
    source = {"component": {prices: dict(attributes), **beside}}
    with spec.reading(source, "components", "component/1") as top:
        found = component(top, Setting(registry, stated))
    assert found is not None  # leaving the block raises whatever kept it from being found
    return found
