"""The result document `polymap.result/1`."""

from __future__ import annotations

import builtins
import json
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from polymap.errors import Place, PolymapError
from polymap.mapper.digest import digest
from polymap.mapping import mapping
from polymap.model.cost import Transport
from tests.report.examples import ARCHITECTURE, COST, NEST, evaluated, gemm, network, stopped

KEYS = (
    "schema status objective totals levels compute components estimates networks mapping conventions search inputs "
    "versions sha256"
)


def read(result: Any) -> dict[str, Any]:
    """The document as a consumer reads it."""
    data: dict[str, Any] = json.loads(result.to_json())
    return data


def test_the_document_has_exactly_these_keys_in_this_order() -> None:
    assert list(read(gemm())) == KEYS.split()


def test_the_objective_is_in_si_units() -> None:
    edp = float(COST.edp)
    expected = {"name": "edp", "value": edp, "unit": "J*s", "lower_bound": edp, "gap": 0.0}
    assert read(gemm())["objective"] == expected


def test_totals_are_those_of_the_cost() -> None:
    assert read(gemm())["totals"] == {
        "energy_pj": 6562.5,
        "energy_interval_pj": [6562.5, 6562.5],
        "cycles": 32,
        "latency_s": 1.6e-7,
        "edp_js": float(COST.edp),
        "area_um2": 100.0,
        "area_interval_um2": [100.0, 100.0],
        "computes": 64,
        "utilization": 0.5,
    }


def test_there_is_one_row_per_level_and_tensor() -> None:
    assert read(gemm())["levels"][1] == {
        "level": "RF",
        "tensor": "A",
        "tile_elements": 1,
        "instances": 4,
        "reads": 64,
        "fills": 32,
        "updates": 0,
        "energy_pj": 96.0,
    }


def test_levels_compute_and_leakage_add_up_to_the_energy() -> None:
    found = read(gemm())
    parts = [row["energy_pj"] for row in found["levels"]] + [row["leakage_pj"] for row in found["components"]]
    assert sum(parts) + found["compute"]["energy_pj"] == found["totals"]["energy_pj"]


def test_a_network_without_energies_is_called_not_modelled() -> None:
    rows = (
        Transport("PE", "A", "DRAM", "RF", 8, 32, None, 0, None),
        Transport("PE", "B", "DRAM", "RF", 8, 8, 12, 0, Fraction(7, 2)),
    )
    found = read(replace(gemm(), cost=replace(COST, networks=rows)))
    assert [(row["network"], row["multicast"], row["energy_pj"]) for row in found["networks"]] == [
        ("not modelled", 4.0, None),
        ("modelled", 1.0, 3.5),
    ]
    assert found["totals"]["energy_pj"] == 6562.5 + 3.5


def test_the_mapping_in_the_document_is_read_back_as_the_same_mapping() -> None:
    assert mapping(read(gemm())["mapping"]) == NEST


def test_inputs_are_named_and_hashed() -> None:
    inputs = read(gemm())["inputs"]
    assert (inputs["architecture"]["name"], inputs["architecture"]["sha256"]) == ("tiny", digest(ARCHITECTURE))
    assert inputs["workload"]["name"] == "gemm"
    assert len(inputs["workload"]["sha256"]) == 64


def test_a_hash_does_not_depend_on_where_the_input_was_read() -> None:
    assert digest(replace(ARCHITECTURE, place=Place("elsewhere.yaml", 3, 1))) == digest(ARCHITECTURE)


def test_a_hash_depends_on_every_number() -> None:
    assert digest(replace(ARCHITECTURE, clock_hz=ARCHITECTURE.clock_hz + 1)) != digest(ARCHITECTURE)


def test_what_has_no_canonical_form_has_no_hash() -> None:
    with pytest.raises(TypeError, match="object has no canonical form"):
        digest(object())


def test_versions_name_polymap_python_and_the_solver() -> None:
    assert {"polymap", "python", "ortools", "islpy"} <= set(read(gemm())["versions"])


def test_an_evaluated_mapping_has_no_objective_and_no_search() -> None:
    found = read(evaluated())
    assert (found["status"], found["objective"], found["search"]) == ("evaluated", None, None)


def test_numbers_that_json_cannot_hold_are_null() -> None:
    found = read(replace(gemm(), value=math.inf, lower_bound=math.nan))
    assert (found["objective"]["value"], found["objective"]["lower_bound"]) == (None, None)


def test_a_bound_that_is_no_number_proves_nothing() -> None:
    assert math.isnan(replace(gemm(), lower_bound=math.nan).gap or 0.0)


def test_a_network_sums_its_layers_times_their_repeats() -> None:
    found = read(network())
    assert [(layer["name"], layer["repeat"]) for layer in found["layers"]] == [("first", 3), ("second", 1)]
    assert found["totals"]["energy_pj"] == 4 * 6562.5
    assert (found["totals"]["cycles"], found["totals"]["computes"]) == (128, 256)
    assert found["totals"]["utilization"] == 0.5
    assert found["totals"]["area_um2"] == 100.0


def test_the_edp_of_a_network_is_the_objective_that_was_minimised() -> None:
    found = read(network())
    assert found["totals"]["edp_js"] == pytest.approx(found["objective"]["value"], rel=1e-12)


def test_a_network_is_optimal_only_if_every_layer_is() -> None:
    found = read(network((1, gemm("first")), (3, stopped("second"))))
    assert found["status"] == "feasible"
    assert found["objective"]["gap"] == pytest.approx(0.75 * 0.25)


def test_data_frames_have_one_row_per_level_and_tensor_or_per_layer() -> None:
    pytest.importorskip("pandas")
    assert list(gemm().to_pandas()["tensor"]) == ["A", "A"]
    assert list(network().to_pandas()["repeat"]) == [3, 1]


def test_without_pandas_a_data_frame_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_pandas(name: str, *rest: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(PolymapError, match="pip install pandas"):
        gemm().to_pandas()
