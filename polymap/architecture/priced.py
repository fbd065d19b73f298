"""Energies, area and leakage of a level: what its file says outright, and for the rest what its component's model says.

Numbers of a model are used rounded to six significant digits, so that they are exact decimals from here on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from polymap import quantity, spec
from polymap.architecture.hierarchy import Estimates
from polymap.components.estimate import Estimate
from polymap.errors import SpecError

if TYPE_CHECKING:  # a file without components loads nothing of what prices them
    from polymap.components.component import Component
    from polymap.components.registry import Registry
    from polymap.components.technology import Technology

# An attribute that a level offers its component: its name and text.
Offer: TypeAlias = tuple[str, str]

NOTHING = Fraction(0)
_PER_UW = Fraction(1, 10**6)


@dataclass(frozen=True)
class Surroundings:
    """What all components of a file share: who is asked (None: the models that ship or are installed), the technology,
    the clock."""

    registry: Registry | None
    technology: Technology | None = None
    offered: tuple[Offer, ...] = ()


@dataclass(frozen=True)
class Priced:
    """Numbers of a level: energies in pJ by action, leakage in W, area in um2, and what models say of theirs."""

    energies: Mapping[str, Fraction]
    leakage_w: Fraction
    area_um2: float
    estimates: Estimates
    component: Component | None


def priced(
    item: spec.Reader, actions: Sequence[str], said: Mapping[str, Fraction], around: Surroundings, *own: Offer
) -> Priced:
    """The numbers of a level that needs the energies of `actions`; `own` are attributes its component may take.

    An `update` that neither the file nor the model knows is a write. What is missing is noted, never taken as 0.
    """
    found = _component(item, around, own, _called(item)) if item.has("component") else None
    estimates: dict[str, Estimate] = {}
    energies = {**said, **_energies(item, found, [name for name in actions if name not in said], estimates)}
    leakage = item.value("leakage", quantity.power_w, otherwise=None)
    if leakage is None:
        leakage = _amount(item, found, "leakage", "0 W", estimates) * _PER_UW
    area = item.value("area", quantity.area_um2, otherwise=None)
    if area is None:
        area = _amount(item, found, "area", "0 um2", estimates)
    return Priced(energies, leakage, float(area), tuple(estimates.items()), found)


def of_component(item: spec.Reader, name: str, action: str, around: Surroundings) -> Estimate | None:
    """The energy in pJ of an action of the component that `item` describes, or of its only one; None, with the mistake
    noted, if there is none."""
    if not item.has("component"):
        item.wrong(f"{item.what} is neither an energy nor a component", "write e.g. `0.5 pJ`, or `{component: ...}`")
        return None
    found, estimates = _component(item, around, (), name), dict[str, Estimate]()
    if found is not None and action not in found.actions and len(found.actions) > 1:
        message = f"the component of {item.what} has no `{action}`, but {', '.join(found.actions)}"
        item.wrong(message, "take a component with one action, or write the energy", key="component")
        return None
    wanted = [action if found is None or action in found.actions else next(iter(found.actions))]
    _energies(item, found, wanted, estimates)
    return estimates.get(wanted[0])


def _component(item: spec.Reader, around: Surroundings, own: tuple[Offer, ...], name: str) -> Component | None:
    from polymap.components.plugins import registry
    from polymap.components.question import Written
    from polymap.components.read import Setting, component

    offered = tuple(Written(name, text, item.place_of(name)) for name, text in (*own, *around.offered))
    return component(item, Setting(around.registry or registry(), around.technology, offered, name))


def _called(item: spec.Reader) -> str:
    return next((name for kind in ("memory", "compute") if (name := item.description(kind))), "")


def decimal(estimate: Estimate) -> Fraction:
    """An estimate's value, rounded to six significant digits.

    >>> from polymap.components.estimate import Origin
    >>> decimal(Estimate(0.1 + 0.2, "pJ", Origin("a sum")))
    Fraction(3, 10)
    """
    return Fraction(f"{estimate.value:.6g}")


def _energies(
    item: spec.Reader, found: Component | None, wanted: Sequence[str], estimates: dict[str, Estimate]
) -> dict[str, Fraction]:
    arguments = _arguments(item, found)
    if found is None:
        return {}
    for action in wanted:
        if action == "update" and action not in found.actions:
            continue
        try:
            estimates[action] = found.action(action, **arguments.get(action, {})).energy.settled
        except SpecError as error:
            item.include(error, item.place_of("component"))
    return {action: decimal(estimate) for action, estimate in estimates.items()}


def _arguments(item: spec.Reader, found: Component | None) -> dict[str, dict[str, object]]:
    """`arguments: {read: {density: 0.5}}`: what the energies of actions depend on, as the model reads it."""
    listed = {} if found is None else dict(_tables(item.child("arguments"), found))
    if item.has("arguments") and not item.has("component"):
        item.wrong("`arguments` are those of a component's actions, and there is none", "remove them", key="arguments")
    return listed


def _tables(arguments: spec.Reader, found: Component) -> list[tuple[str, dict[str, object]]]:
    from polymap.components.read import attributes

    return [
        (action, {written.name: written.value for written in attributes(arguments, action) or ()})
        for action in found.actions
        if arguments.has(action)
    ]


def _amount(
    item: spec.Reader, found: Component | None, what: str, none: str, estimates: dict[str, Estimate]
) -> Fraction:
    """Area in um2 or leakage in uW of the component; 0 only where there is none."""
    if found is None:
        return NOTHING
    amount = found.area if what == "area" else found.leakage
    if amount is None:
        why = dict(found.unpriced).get(what, "")
        message = f"the component of {item.what} has no {what}: {why}"
        item.wrong(message, f"add `{what}:`; `{what}: {none}` leaves it out", key="component")
        return NOTHING
    estimates[what] = amount.settled
    return decimal(amount)
