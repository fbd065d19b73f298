"""The verbs of `import polymap`, on a small einsum and the teaching machine."""

from __future__ import annotations

import pytest

import polymap as pm

WORK = {"polymap": "workload/1", "name": "g", "einsum": "C[m,n] += A[m,k] * B[k,n]", "ranks": {"m": 4, "n": 4, "k": 4}}


@pytest.fixture(scope="module")
def best() -> pm.Result:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", name="g", m=4, n=4, k=4)
    return pm.optimize(work, "teaching", objective="edp")


def test_a_mapping_that_was_found_is_priced_the_same_again(best: pm.Result) -> None:
    assert pm.evaluate(best.einsum, best.architecture, best.mapping) == best.cost


def test_names_mappings_and_values_are_all_understood(best: pm.Result) -> None:
    same = pm.optimize(WORK, pm.architecture("teaching"), objective="edp")
    assert isinstance(same, pm.Result)
    assert (same.mapping, same.cost) == (best.mapping, best.cost)


def test_the_text_of_a_mapping_is_as_good_as_the_mapping(best: pm.Result) -> None:
    assert pm.evaluate(WORK, "teaching", best.mapping.text()) == best.cost


def test_a_network_gives_a_network_result() -> None:
    layers = [{"name": "a", "repeat": 2, "ranks": {"m": 2, "n": 2, "k": 2}}, {"name": "b", "ranks": WORK["ranks"]}]
    work = {"polymap": "workload/1", "name": "two", "einsum": WORK["einsum"], "layers": layers}
    told: list[tuple[int, int, str]] = []
    found = pm.optimize(work, "teaching", on_layer=lambda *layer: told.append(layer))
    assert isinstance(found, pm.NetworkResult)
    assert told == [(1, 2, "a"), (2, 2, "b")]
    assert [repeat for repeat, _ in found.layers] == [2, 1]


def test_a_mapping_cannot_be_of_a_whole_network(best: pm.Result) -> None:
    with pytest.raises(pm.SpecError, match="a mapping is of one einsum"):
        pm.evaluate("resnet18", "teaching", best.mapping)


def test_conventions_change_the_price_of_a_mapping(best: pm.Result) -> None:
    assert pm.evaluate(WORK, "teaching", best.mapping, conventions="timeloop") != best.cost
