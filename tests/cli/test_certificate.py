"""Certificates in documents: what they name, what is found when they or anything else is changed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polymap import verbs
from polymap.errors import PolymapError
from tests.cli.test_verify import ARCH, GEMM, Document, changed, differences

CERTIFICATE = ("search", "certificate")


@pytest.fixture(scope="module")
def optimum() -> Document:
    return dict(json.loads(verbs.optimize(GEMM, ARCH, objective="edp").to_json()))


@pytest.fixture(scope="module")
def counted_once() -> Iterator[None]:
    """Leaves out the counts by other routes, which hold for the document that is not edited."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(import_module("polymap.mapper.verification"), "_counted", lambda result, layer: iter(()))
        yield


def test_a_certificate_names_every_class(optimum: Document) -> None:
    certificate = optimum["search"]["certificate"]
    (group,) = certificate["groups"]
    assert group["kept"] == {"DRAM": ["A", "B", "C"], "RF": ["A", "B", "C"]}
    bounds = [float(bound) for bound in group["bounds"].split()]
    # An array of two instances: nothing unrolled, or two of m, n or k.
    assert (certificate["classes"], group["classes"], len(group["outcomes"]), len(bounds)) == (4, 4, 4, 4)
    assert min(bounds) == 1.0


@pytest.mark.parametrize(
    ("path", "change", "found"),
    [
        (("classes",), lambda n: n - 1, "search.certificate.classes"),
        (("groups", 0, "sha256"), lambda text: text[::-1], "search.certificate.groups"),
        (("groups", 0, "kept"), lambda kept: {**kept, "RF": ["A"]}, "search.certificate.groups"),
        (("groups",), lambda groups: groups * 2, "search.certificate.groups"),
        (("groups", 0, "bounds"), lambda text: text.replace("1", "0", 1), "search.certificate.bounds"),
        (("groups", 0, "outcomes"), lambda text: "x" + text[1:], "search.certificate.outcomes"),
    ],
)
def test_a_certificate_that_was_changed_is_found_even_behind_a_new_hash(
    optimum: Document, path: tuple[str | int, ...], change: Callable[[Any], Any], found: str
) -> None:
    assert found in differences(changed(optimum, (*CERTIFICATE, *path), change))


@pytest.mark.parametrize(
    ("path", "change", "message"),
    [
        ((), lambda _: [], "search.certificate: an object with keys belongs here"),
        (("groups",), lambda _: 3, "search.certificate.groups: a list of groups of classes belongs here"),
        (("groups", 0, "outcomes"), lambda _: "?", "search.certificate.groups[0].outcomes: letters of"),
        (("groups", 0, "bounds"), lambda _: "one", "search.certificate.groups[0].bounds: numbers"),
        (("groups", 0, "bounds"), lambda _: "1", "4 classes have 4 outcomes and 1 bounds"),
    ],
)
def test_a_certificate_that_cannot_be_read_is_named(
    optimum: Document, path: tuple[str | int, ...], change: Callable[[Any], Any], message: str
) -> None:
    with pytest.raises(PolymapError, match=re.escape(message)):
        verbs.verify(changed(optimum, (*CERTIFICATE, *path), change))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("classes", 5), ("classes", 4.5), ("bounded", 3), ("solved", 1), ("seed", "7"), ("seed", True), ("seed", None),
        ("cpu_s", "fast"), ("cpu_s", -1.0), ("cpu_s", None), ("note", 3), ("note", "guessed"), ("factors", "nearly"),
    ],
)  # fmt: skip
def test_figures_that_are_none_or_do_not_fit_the_certificate_are_found(
    optimum: Document, key: str, value: object
) -> None:
    assert found_by_any(changed(optimum, ("search",), lambda search: {**search, key: value}))


def test_without_a_certificate_no_more_classes_are_closed_than_there_are(optimum: Document) -> None:
    plain = {key: value for key, value in optimum["search"].items() if key != "certificate"}
    assert not found_by_any(changed(optimum, ("search",), lambda _: plain))
    assert found_by_any(changed(optimum, ("search",), lambda _: {**plain, "classes": 3}))


def test_figures_are_those_of_the_certificate() -> None:
    for gap in (0.0, 0.5):
        best = verbs.optimize("gemm_64", "teaching", objective="edp", gap=gap)
        assert best.search
        assert best.search.certificate
        outcomes = best.search.certificate.outcomes
        assert best.search.classes == len(outcomes) == 70
        assert best.search.bounded + best.search.solved == 70 - outcomes.count("x")


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where the plain values of a document stand."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    if not isinstance(value, (dict, list)):
        yield path
    for key in keys:
        yield from leaves(value[key], (*path, key))


EDITS: tuple[Callable[[Any], Any], ...] = (
    lambda value: None,
    lambda value: [],
    lambda value: (
        not value if isinstance(value, bool) else value * 2 if isinstance(value, (int, float)) else f"{value}x"
    ),
    lambda value: value * (1 + 1e-6) if isinstance(value, float) else value + 1 if isinstance(value, int) else "",
    lambda value: value / 2 if isinstance(value, float) else 0 if isinstance(value, int) else "energy",
)


def found_by_any(document: Document) -> bool:
    try:
        return bool(differences(document))
    except PolymapError:
        return True


def test_a_search_that_ends_early_says_what_it_left_open() -> None:
    for gap in (0.2, 0.5):
        document = json.loads(verbs.optimize("gemm_64", "teaching", objective="edp", gap=gap).to_json())
        outcomes = "".join(group["outcomes"] for group in document["search"]["certificate"]["groups"])
        assert ("x" in outcomes) == (document["status"] == "feasible")
        assert [c.name for c in verbs.verify(document, time_limit=0).differences] == []


ALONE = {"polymap": "constraints/1", "parallel": {"PE.X": {"only": ["n"]}}}


def test_a_result_under_constraints_names_them_and_is_not_refuted_by_mappings_that_break_them() -> None:
    best = verbs.optimize(GEMM, ARCH, constraints=ALONE)
    document = json.loads(best.to_json())
    assert document["search"]["constraints"]
    found = verbs.verify(document)
    (bound,) = (check for check in found.checks if check.name == "objective.lower_bound")
    assert (found.differences, bound.proof) == ((), "proven again independently")
    assert bound.found == "no mapping below it in any of 2 classes"


def claim_of(document: Document) -> Document:
    """What a document says of the best mapping; the rest tells how it was found: seconds, a seed and bounds above the
    claim, which may be others."""
    told = json.loads(json.dumps(document))
    for key, kinds in (("cpu_s", (int, float)), ("seed", int), ("certificate", dict)):
        if isinstance(told["search"].get(key), kinds) and not isinstance(told["search"][key], bool):
            told["search"].pop(key)
    return {key: value for key, value in told.items() if key not in ("versions", "sha256")}


@pytest.mark.usefixtures("counted_once")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_edit_behind_a_new_hash_is_found_or_changes_no_claim(optimum: Document, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([path for path in leaves(optimum) if path != ("sha256",)]))
    edit = data.draw(st.sampled_from(EDITS))
    edited = changed(optimum, path, edit)
    if claim_of(edited) != claim_of(optimum):
        assert found_by_any(edited), path
