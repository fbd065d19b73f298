"""Certificates of more classes than are told apart: how many there are, what became of any, and the least bound."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from polymap import verbs
from polymap.mapper.checks import LISTED
from tests.cli.test_verify import ARCH, GEMM, Document, changed, differences

GROUP = ("search", "certificate", "groups", 0)


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("certificate", "certified"):
        monkeypatch.setattr(import_module(f"polymap.mapper.{module}"), "MOST_CLASSES", 3)


@pytest.fixture
def optimum() -> Document:
    return dict(json.loads(verbs.optimize(GEMM, ARCH, objective="edp").to_json()))


def test_a_certificate_of_many_classes_tells_of_them_together(optimum: Document) -> None:
    (group,) = optimum["search"]["certificate"]["groups"]
    assert (group["classes"], float(group["bounds"])) == (4, 1.0)
    assert "sha256" not in group
    assert set(group["outcomes"]) <= set("bas")
    found = {check.name: check for check in verbs.verify(optimum).checks}
    assert found["search.certificate.groups"].method == LISTED
    assert all(check.agrees for check in found.values())


@pytest.mark.parametrize(
    ("key", "change", "found"),
    [
        ("classes", lambda n: n + 1, "search.certificate.groups"),
        ("kept", lambda kept: {**kept, "RF": ["A"]}, "search.certificate.groups"),
        ("bounds", lambda _: "0.9", "search.certificate.bounds"),
        ("outcomes", lambda text: text + "x", "search.certificate.outcomes"),
    ],
)
def test_a_change_of_it_is_found(optimum: Document, key: str, change: Callable[[Any], Any], found: str) -> None:
    assert found in differences(changed(optimum, (*GROUP, key), change))


def test_a_search_that_ends_early_says_that_some_are_open() -> None:
    document = json.loads(verbs.optimize("gemm_64", "teaching", objective="edp", gap=0.5).to_json())
    groups = document["search"]["certificate"]["groups"]
    assert (document["status"], sum(group["classes"] for group in groups)) == ("feasible", 70)
    assert any("x" in group["outcomes"] for group in groups)
    assert verbs.verify(document, time_limit=0).differences == ()
    claimed = changed(document, ("status",), lambda _: "optimal")
    assert "search.certificate.outcomes" in differences(claimed, time_limit=0)


def test_few_classes_have_to_be_told_apart(optimum: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("polymap.mapper.certified"), "MOST_CLASSES", 4)
    assert "search.certificate.groups" in differences(optimum)
