"""A network's results as text: one row per distinct layer and totals that weigh every layer by its repeat count."""

from __future__ import annotations

from polymap.mapper.result import NetworkResult, Result
from polymap.report.layer import of_models
from polymap.report.numbers import count, joules, objective, percent, scientific
from polymap.report.table import Row, table

COLUMNS = ("layer", "repeat", "energy", "cycles", "utilization", "EDP", "gap")


def network_text(network: NetworkResult) -> str:
    """The table of layers, the totals and the status."""
    rows = [_row(repeat, result) for repeat, result in network.layers]
    return "\n".join([*table(COLUMNS, rows, totals=[_total(network)]), "", status(network)])


def status(network: NetworkResult) -> str:
    """What was proven, over all layers, in one line; below it, what else a reader of the numbers has to know.

    The EDP of a network is the sum of its layers' products, which is what choosing each layer's mapping minimises.
    """
    proven = sum(result.status == "optimal" for _, result in network.layers)
    layers = f"{proven} of {len(network.layers) + len(network.unfinished)} distinct layers proven optimal"
    return f"{network.name}: {network.status}; {layers}{_objective(network)}{_unfinished(network)}{_models(network)}"


def _models(network: NetworkResult) -> str:
    told = of_models(network.layers[0][1].architecture) if network.layers else ""
    return f"\n  models  {told}" if told else ""


def _unfinished(network: NetworkResult) -> str:
    names = ", ".join(network.unfinished)
    return f"\n  without a mapping, and not in the totals: {names}" if names else ""


def _objective(network: NetworkResult) -> str:
    if network.value is None:
        return ""
    value, bound = (objective(network.objective, number) for number in (network.value, network.lower_bound))
    return f"; {network.objective} {value}, lower bound {bound}, gap {percent(network.gap)}"


def _row(repeat: int, result: Result) -> Row:
    cost = result.cost
    return (
        result.einsum.name,
        f"x{repeat}",
        joules(cost.energy_pj),
        count(cost.cycles),
        percent(cost.utilization),
        scientific(cost.edp_js, "J*s"),
        percent(result.gap),
    )


def _total(network: NetworkResult) -> Row:
    return (
        "total",
        f"x{sum(repeat for repeat, _ in network.layers)}",
        joules(float(network.energy)),
        count(network.cycles),
        percent(network.utilization),
        scientific(float(network.edp), "J*s"),
        percent(network.gap),
    )
