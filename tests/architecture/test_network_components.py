"""Networks of arrays whose energies come from components: those of the models, in every number that follows."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

import polymap as pm
from polymap.model import uncertainty

HOP = {"component": {"wire": {"length": "0.2 mm", "bits": 16}}, "arguments": {"transfer": {"activity": 0.3}}}
ROUTER = {"component": {"router": {"bits": 16}}}
ADDER = {"component": {"int_adder": {"bits": 16}}}
GEMM = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4)
NEST = """
DRAM holds A B C
parallel m in 2 on X
parallel k in 2 on Y
RF holds A B C
for n in 4
for m in 2
for k in 2
compute
"""


def machine(network: object, node: str = "65 nm") -> pm.Architecture:
    plain = {"width": "16 b", "word": "16 b", "energy": {"read": "10 pJ", "write": "10 pJ"}}
    document: dict[str, Any] = {
        "polymap": "architecture/1",
        "name": "meshed",
        "clock": "200 MHz",
        "technology": {"node": node},
        "hierarchy": [
            {"memory": "DRAM", **plain},
            {"array": "PE", "shape": {"X": 4, "Y": 2}, "network": network},
            {"memory": "RF", "capacity": "64 words", **plain},
            {"compute": "MAC", "energy": "1 pJ"},
        ],
    }
    return pm.architecture(document)


def made(node: str = "65 nm") -> pm.Architecture:
    return machine({"hop": HOP, "router": ROUTER, "reduce": ADDER}, node)


def test_energies_are_those_of_the_components() -> None:
    wire = pm.component("wire", length="0.2 mm", bits=16, technology="65 nm")
    router = pm.component("router", bits=16, technology="65 nm")
    adder = pm.component("int_adder", bits=16, technology="65 nm")
    wiring = made().arrays[0].wiring
    assert wiring is not None
    known = wire.action("transfer", activity=0.3), router.action("hop"), adder.action("compute")
    counted = wiring.hop_pj, wiring.router_pj, wiring.reduce_pj
    assert counted == tuple(Fraction(f"{action.energy_pj:.6g}") for action in known)


def test_a_network_of_components_costs_what_one_of_their_numbers_does() -> None:
    wiring = made().arrays[0].wiring
    assert wiring is not None
    amounts = {"hop": wiring.hop_pj, "router": wiring.router_pj, "reduce": wiring.reduce_pj}
    numbers = machine({key: f"{float(pj or 0)} pJ" for key, pj in amounts.items()})
    assert pm.evaluate(GEMM, made(), NEST).energy == pm.evaluate(GEMM, numbers, NEST).energy
    assert pm.optimize(GEMM, made()).cost.energy == pm.optimize(GEMM, numbers).cost.energy


def test_node_and_length_change_the_result() -> None:
    known = pm.evaluate(GEMM, made(), NEST).energy
    longer = {"component": {"wire": {"length": "2 mm", "bits": 16}}}
    assert pm.evaluate(GEMM, made("28 nm"), NEST).energy < known
    assert pm.evaluate(GEMM, machine({"hop": longer, "router": ROUTER, "reduce": ADDER}), NEST).energy > known


def test_the_error_of_a_result_has_those_of_links_routers_and_adders() -> None:
    cost = pm.evaluate(GEMM, made(), NEST)
    wiring, said = made().arrays[0].wiring, dict(made().arrays[0].estimates)
    assert wiring is not None
    assert wiring.hop_pj is not None
    hops = sum(float(row.word_hops or 0) for row in cost.networks)
    joined = sum(float(row.delivered or 0) - float(row.words or 0) for row in cost.networks if row.tensor == "C")
    networks = sum(float(row.energy or 0) for row in cost.networks)
    links, adders = hops * float(wiring.hop_pj), joined * float(wiring.reduce_pj)
    pj: dict[str, float] = {}
    for part, of in ((links, "hop"), (adders, "reduce"), (networks - links - adders, "router")):
        for error, sigma in said[of].errors:
            pj[error] = pj.get(error, 0.0) + part * sigma
    expected = math.sqrt(sum(each**2 for each in pj.values())) / float(cost.energy)
    assert joined > 0
    assert uncertainty.energy(cost, GEMM, made()).sigma == pytest.approx(expected, rel=1e-5)


def test_documents_tell_what_the_models_say() -> None:
    found = pm.optimize(GEMM, made()).to_dict()["estimates"]
    assert [(each["level"], each["of"]) for each in found] == [("PE", "hop"), ("PE", "router"), ("PE", "reduce")]  # type: ignore[index, union-attr]


@pytest.mark.parametrize(
    ("network", "what"),
    [
        ({"hop": {}}, "`hop` is neither an energy nor a component"),
        ({"hop": {"component": {"wire": {"bits": 16}}}}, "length"),
        ({"hop": HOP, "router": {"component": {"nothing": {}}}}, "nothing"),
        ({"hop": HOP, "router": {"component": {"sram": {"capacity": "1 KiB", "width": "16 b"}}}}, "has no `hop`"),
        ({"router": ROUTER}, "but not what a hop costs"),
        ({"hop": {**HOP, "energy": "1 pJ"}}, "`energy` is not a key here"),
    ],
)
def test_mistakes_are_told(network: object, what: str) -> None:
    with pytest.raises(pm.SpecError, match=what):
        machine(network)
