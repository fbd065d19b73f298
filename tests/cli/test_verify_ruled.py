"""`polymap verify` of results under statements: they are carried, held against the mapping, and the bound is proven."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given

import polymap as pm
from polymap import verbs
from polymap.errors import PolymapError
from polymap.mapper.checks import LISTED, UNPROVEN, WALKED
from polymap.mapper.restore import fingerprint
from tests.cli.test_verify import ARCH, GEMM, Document, changed, differences
from tests.properties.exact_engines import law
from tests.properties.ruled_optimum import Ruled, ruled

RULES = {"polymap": "constraints/1", "loops": {"RF": {"never": ["k"]}}, "tiles": {"RF": {"m": 1}}}


@pytest.fixture(scope="module")
def optimum() -> Document:
    return dict(json.loads(verbs.optimize(GEMM, ARCH, constraints=RULES).to_json()))


def methods(document: Document) -> dict[str, str]:
    return {check.name: check.method for check in verbs.verify(document).checks}


def ruled_otherwise(document: Document, rules: dict[str, Any]) -> Document:
    """Other statements, with the hash and the words that belong to them."""
    stated = {"name": "", "sha256": fingerprint(rules), "value": rules}
    words = [statement.text for statement in pm.constraints(rules).statements]
    other = changed(document, ("inputs", "constraints"), lambda _: stated)
    return changed(other, ("search", "constraints"), lambda _: words)


def test_the_bound_under_statements_is_proven_again(optimum: Document) -> None:
    free = json.loads(verbs.optimize(GEMM, ARCH).to_json())
    assert optimum["objective"]["value"] > free["objective"]["value"]
    assert optimum["inputs"]["constraints"]["value"] == RULES
    verified = verbs.verify(optimum)
    assert verified.status == "confirmed"
    found = methods(optimum)
    assert (found["objective.lower_bound"], found["search.certificate.groups"]) == (WALKED, LISTED)


def test_statements_that_were_left_out_leave_the_bound_unproven_or_refuted(optimum: Document) -> None:
    without = changed(optimum, ("inputs",), lambda inputs: {k: v for k, v in inputs.items() if k != "constraints"})
    assert methods(without)["objective.lower_bound"] == UNPROVEN
    silent = changed(without, ("search",), lambda search: {k: v for k, v in search.items() if k != "constraints"})
    assert "objective.lower_bound" in differences(silent)


@pytest.mark.parametrize(
    ("path", "change", "found"),
    [
        (("search", "constraints"), lambda words: words[1:], "search.constraints"),
        (("inputs", "constraints", "sha256"), lambda text: text[::-1], "inputs.constraints.sha256"),
        (("inputs", "constraints", "value", "tiles"), lambda _: {"RF": {"m": 2}}, "inputs.constraints.sha256"),
    ],
)
def test_statements_that_were_changed_are_found(
    optimum: Document, path: tuple[str, ...], change: Callable[[Any], Any], found: str
) -> None:
    assert found in differences(changed(optimum, path, change))


def test_other_statements_behind_new_hashes_are_found(optimum: Document) -> None:
    broken = ruled_otherwise(optimum, {**RULES, "tiles": {"RF": {"m": 2}}})
    assert "inputs.constraints" in differences(broken)
    looser = ruled_otherwise(optimum, {"polymap": "constraints/1", "tiles": {"RF": {"m": 1}}})
    assert "objective.lower_bound" in differences(looser)


def test_statements_that_cannot_be_read_are_named(optimum: Document) -> None:
    with pytest.raises(PolymapError, match=r"inputs.constraints.value: the statements cannot be read"):
        verbs.verify(changed(optimum, ("inputs", "constraints", "value"), lambda value: {**value, "tile": {}}))
    with pytest.raises(PolymapError, match=r"search.constraints: a list of statements in words belongs here"):
        verbs.verify(changed(optimum, ("search", "constraints"), lambda _: 3))


def confirmed(problem: Ruled) -> None:
    try:
        best = pm.optimize(
            problem.query.einsum, problem.query.architecture, mapspace=problem.mapspace, constraints=problem.constraints
        )
    except pm.Infeasible:
        assume(False)
    document = json.loads(best.to_json())
    assert not verbs.verify(document).differences, str(problem)
    if document["search"].get("constraints"):
        assert methods(document)["objective.lower_bound"] == WALKED, str(problem)


@law(15)
@given(problem=ruled("even", most_mappings=200))
def test_results_of_the_even_mapspace_under_statements_are_confirmed(problem: Ruled) -> None:
    confirmed(problem)


@law(10)
@given(problem=ruled("uneven", most_mappings=100))
def test_results_under_statements_are_confirmed(problem: Ruled) -> None:
    confirmed(problem)
