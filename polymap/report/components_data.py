"""What the components of a machine cost, as a document: `polymap.components/1`."""

from __future__ import annotations

from collections.abc import Sequence

from polymap.architecture import Architecture
from polymap.components.component import Component
from polymap.components.estimate import Estimate, Origin
from polymap.components.listening import Asked
from polymap.components.selection import Candidate
from polymap.report.components import Amounts


def components_data(machine: Architecture, levels: Sequence[Amounts]) -> dict[str, object]:
    """Every level with its actions, area and leakage, each amount with its tree; energies in pJ, areas in um2."""
    standing = [level for level in levels if level.kind != "array"]
    return {
        "schema": "polymap.components/1",
        "architecture": machine.name,
        "levels": [_level(level) for level in levels],
        "totals": {
            "area_um2": sum(level.area.value * level.instances for level in standing),
            "leakage_uw": sum(level.leakage.value * level.instances for level in standing),
        },
    }


def _level(level: Amounts) -> dict[str, object]:
    component = _asked(level.asked, level.asked.component) if level.asked and level.asked.component else {}
    return {
        "level": level.level,
        "kind": level.kind,
        "instances": level.instances,
        "actions": [
            {
                "action": action,
                "energy": amount(energy),
                **({"delay": amount(level.delays[action])} if action in level.delays else {}),
            }
            for action, energy in level.energies.items()
        ],
        "area": amount(level.area),
        "leakage": amount(level.leakage),
        **component,
        **({"parts": {what: _part(part) for what, part in level.parts}} if level.parts else {}),
    }


def _part(part: Asked) -> dict[str, object]:
    return _asked(part, part.component) if part.component else {}


def _asked(asked: Asked, found: Component) -> dict[str, object]:
    return {"component": _component(asked, found), "candidates": [_candidate(each) for each in asked.candidates]}


def _component(asked: Asked, found: Component) -> dict[str, object]:
    return {
        "class": found.prices,
        "model": found.model.name,
        "pinned": bool(asked.question.pin),
        "technology": str(found.technology) if found.technology else "",
        "attributes": {name: str(value) for name, value in found.attributes},
    }


def _candidate(candidate: Candidate) -> dict[str, object]:
    found = candidate.component
    verdict: dict[str, object] = _values(found) if found else {"reason": candidate.reason, "failed": candidate.failed}
    return {"model": candidate.model.name, **verdict}


def _values(component: Component) -> dict[str, object]:
    return {
        "sigma": component.sigma,
        "energy_pj": {action.name: action.energy_pj for action in component.priced},
        "area_um2": component.area.value if component.area else None,
        "leakage_uw": component.leakage.value if component.leakage else None,
        "unpriced": dict(component.unpriced),
    }


def amount(estimate: Estimate) -> dict[str, object]:
    """Value, unit, interval of one standard deviation, errors by source (log), and the tree."""
    low, high = estimate.interval
    return {
        "value": estimate.value,
        "unit": estimate.unit,
        "low": low,
        "high": high,
        "errors": dict(estimate.errors),
        "extrapolated": estimate.origin.extrapolated,
        "origin": _origin(estimate.origin),
    }


def _origin(origin: Origin) -> dict[str, object]:
    said = {"value": origin.value, "unit": origin.unit, "weight": origin.weight, "citation": origin.citation}
    known: dict[str, object] = {key: value for key, value in said.items() if value not in (None, "")}
    outside = {"outside": True} if origin.outside else {}
    parts = {"parts": [_origin(part) for part in origin.parts]} if origin.parts else {}
    return {"what": origin.what, **known, **outside, **parts}
