"""The result document `polymap.result/1`: a result as plain JSON data; docs/reference/result.md describes its keys."""

from __future__ import annotations

import json
import math
import platform
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from polymap.mapper.digest import canonical, digest
from polymap.mapper.objective import objective
from polymap.mapper.restore import fingerprint
from polymap.model.cost import told

if TYPE_CHECKING:
    from polymap.architecture.hierarchy import Architecture
    from polymap.components.estimate import Estimate
    from polymap.mapper.result import Front, NetworkResult, Result

SCHEMA = "polymap.result/1"
PARETO = "polymap.pareto/1"


def document(result: Result) -> dict[str, object]:
    """One einsum's result; counts are totals over all instances, in elements."""
    return _sealed(_single(result))


def _single(result: Result) -> dict[str, object]:
    return _finite(
        {
            "schema": SCHEMA,
            "status": result.status,
            "objective": _objective(result.objective, result.value, result.lower_bound, result.gap),
            "totals": _totals(result),
            "levels": _levels(result),
            "compute": _compute(result),
            "components": _components(result),
            "estimates": _estimates(result.architecture),
            "networks": _networks(result),
            "mapping": _mapping(result),
            "conventions": result.conventions.to_dict(),
            "search": _search(result),
            "inputs": _inputs(result),
            "versions": dict(versions()),
        }
    )


def network_document(network: NetworkResult) -> dict[str, object]:
    """A network's results: totals weigh a layer by its repeat count, `layers` holds one document per distinct layer."""
    return _sealed(_whole_network(network))


def front_document(front: Front) -> dict[str, object]:
    """A Pareto front: a result document for every point."""
    found: dict[str, object] = {
        "schema": PARETO,
        "axes": list(front.axes),
        "tolerance": float(front.tolerance),
        "subject_to": list(front.subject_to),
        "complete": front.complete,
        "points": [document(point) for point in front.points],
    }
    return _sealed(found)


def _whole_network(network: NetworkResult) -> dict[str, object]:
    return _finite(
        {
            "schema": SCHEMA,
            "status": network.status,
            "name": network.name,
            "objective": _objective(network.objective, network.value, network.lower_bound, network.gap),
            "totals": network_totals(network),
            "layers": [_layer(repeat, result) for repeat, result in network.layers],
            **({"unfinished": list(network.unfinished)} if network.unfinished else {}),
            "versions": dict(versions()),
        }
    )


def network_totals(network: NetworkResult) -> dict[str, object]:
    """Sums over layers times repeats; `edp_js` is the sum of the layers' products, the area is that of the machine."""
    costs = [(repeat, result.cost) for repeat, result in network.layers]
    area_um2 = max((cost.area_um2 for _, cost in costs), default=0.0)
    areas = [interval(area_um2, result.area_estimate) for _, result in network.layers[:1]]
    return {
        "energy_pj": float(network.energy),
        "energy_interval_pj": interval(float(network.energy), network.energy_estimate),
        "cycles": told(network.cycles),
        "latency_s": float(sum((repeat * cost.latency for repeat, cost in costs), Fraction(0))),
        "edp_js": float(network.edp),
        "area_um2": area_um2,
        "area_interval_um2": areas[0] if areas else [area_um2, area_um2],
        "computes": network.computes,
        "utilization": network.utilization,
    }


@lru_cache(maxsize=1)
def versions() -> tuple[tuple[str, str | None], ...]:
    """Name and version of polymap, Python and the libraries that take part in an answer."""
    from polymap.version import __version__

    libraries = tuple((name, _installed(name)) for name in ("ortools", "islpy", "numpy", "sympy"))
    return (("polymap", __version__), ("python", platform.python_version()), *libraries)


def _installed(distribution: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _objective(
    name: str | None, value: float | None, lower_bound: float | None, gap: float | None
) -> dict[str, object] | None:
    if name is None:
        return None
    return {"name": name, "value": value, "unit": objective(name).unit, "lower_bound": lower_bound, "gap": gap}


def _totals(result: Result) -> dict[str, object]:
    cost = result.cost
    return {
        "energy_pj": cost.energy_pj,
        "energy_interval_pj": interval(cost.energy_pj, result.energy_estimate),
        "cycles": told(cost.cycles),
        "latency_s": cost.latency_s,
        "edp_js": cost.edp_js,
        "area_um2": cost.area_um2,
        "area_interval_um2": interval(cost.area_um2, result.area_estimate),
        "computes": cost.computes,
        "utilization": cost.utilization,
    }


def interval(value: float, estimate: Estimate) -> list[float]:
    """One standard deviation below and above a value, as far as the component models know their errors."""
    return [value * math.exp(-estimate.sigma), value * math.exp(estimate.sigma)]


def _estimates(architecture: Architecture) -> list[dict[str, object]]:
    """What the component models say, number by number; the whole trees are in `inputs`."""
    return [_estimate(level.name, what, found) for level in architecture.hierarchy for what, found in level.estimates]


def _estimate(level: str, what: str, found: Estimate) -> dict[str, object]:
    low, high = found.interval
    return {
        "level": level,
        "of": what,
        "value": found.value,
        "unit": found.unit,
        "sigma": found.sigma,
        "interval": [low, high],
        "from": found.origin.what,
        "extrapolated": found.origin.extrapolated,
        "calibrated": [{"reason": reason, "factor": factor} for reason, factor in found.origin.calibrations],
        "sources": list(found.origin.citations),
    }


def _levels(result: Result) -> list[dict[str, object]]:
    return [
        {
            "level": row.level,
            "tensor": row.tensor,
            "tile_elements": row.tile_elements,
            "instances": row.instances,
            "reads": row.reads,
            "fills": row.fills,
            "updates": row.updates,
            "energy_pj": row.energy_pj,
        }
        for row in result.cost.traffic
    ]


def _compute(result: Result) -> dict[str, object]:
    cost = result.cost
    return {
        "level": cost.compute_level,
        "instances": cost.compute_instances,
        "computes": cost.computes,
        "energy_pj": float(cost.compute_energy),
    }


def _components(result: Result) -> list[dict[str, object]]:
    return [
        {
            "level": row.level,
            "instances": row.instances,
            "cycles": told(row.cycles),
            "leakage_pj": float(row.leakage),
            "occupied_bits": row.occupied_bits,
            "capacity_bits": row.capacity_bits,
        }
        for row in result.cost.components
    ]


def _networks(result: Result) -> list[dict[str, object]]:
    return [
        {
            "array": row.array,
            "tensor": row.tensor,
            "parent": row.parent,
            "child": row.child,
            "words": row.words,
            "delivered": row.delivered,
            "multicast": row.multicast,
            "word_hops": row.word_hops,
            "link_words": row.link_words,
            "network": "not modelled" if row.energy is None else "modelled",
            "energy_pj": row.energy_pj,
        }
        for row in result.cost.networks
    ]


def _mapping(result: Result) -> list[object]:
    from polymap.mapping import to_list

    return list(to_list(result.mapping))


def _search(result: Result) -> dict[str, object] | None:
    search = result.search
    if search is None:
        return None
    found: dict[str, object] = {
        "classes": search.classes,
        "bounded": search.bounded,
        "solved": search.solved,
        "cpu_s": search.cpu_s,
        "seed": search.seed,
        "mapspace": search.mapspace,
    }
    if search.factors != "perfect":
        found["factors"] = search.factors
    if search.subject_to:
        found["subject_to"] = list(search.subject_to)
    if search.constraints:
        found["constraints"] = list(search.constraints)
    if search.note:
        found["note"] = search.note
    if search.certificate:
        found["certificate"] = search.certificate.to_dict(result.einsum)
    return found


def _inputs(result: Result) -> dict[str, object]:
    arch, work = result.architecture, result.einsum
    rules = json.loads(result.search.rules) if result.search and result.search.rules else None
    stated = {"name": rules.get("name", ""), "sha256": fingerprint(rules), "value": rules} if rules else None
    return {
        "architecture": {"name": arch.name, "sha256": digest(arch), "value": canonical(arch)},
        "workload": {"name": work.name, "sha256": digest(work), "value": canonical(work)},
        **({"constraints": stated} if stated else {}),
    }


def _layer(repeat: int, result: Result) -> dict[str, object]:
    return {"name": result.einsum.name, "repeat": repeat, **_single(result)}


def seal(document: dict[str, object]) -> str:
    """SHA-256 of a document but for its own hash, however its numbers are written: 1.0 is 1."""
    return fingerprint(_whole({key: value for key, value in document.items() if key != "sha256"}))


def _sealed(section: dict[str, object]) -> dict[str, object]:
    return {**section, "sha256": seal(section)}


def _whole(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, (list, tuple)) else value


def _finite(section: dict[str, object]) -> dict[str, object]:
    return {key: _plain(value) for key, value in section.items()}


def _plain(value: object) -> object:
    # JSON has no NaN and no infinity: they are written as null.
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return _finite(value)
    return [_plain(item) for item in value] if isinstance(value, list) else value
