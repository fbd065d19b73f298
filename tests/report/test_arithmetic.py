"""The arithmetic of `explain`: whatever it prints adds up to the number, for every engine and on random mappings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from polymap.errors import PolymapError
from polymap.model import Cost, evaluate
from polymap.model.conventions import ACCELFORGE, POLYMAP, TIMELOOP
from polymap.polyhedral import integer_sets
from polymap.report.arithmetic import Equation, arithmetic, equations_text
from polymap.report.arithmetic.equation import equation, evaluated
from polymap.report.arithmetic.numbers import UNSAID
from polymap.report.explain import numbers, shown
from polymap.report.subject import Subject
from tests.properties import strategies, strategies_exact
from tests.properties.networks import wired

CALLED = {"max": max, "min": min, "ceil": ceil, "floor": floor, "abs": abs}
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def value_of(text: str, known: Mapping[str, Any] | None = None) -> Any:
    """What a side of an equation comes to, with every decimal exact and the names of `known` for their values."""
    named = sorted(known or {}, key=len, reverse=True)
    tokens = [*(re.escape(name) for name in named), r"\d+\.\d+", r"\d+"]

    def exact(found: re.Match[str]) -> str:
        token = found.group()
        return f"Fraction('{(known or {}).get(token, token)}')"

    word = re.compile(r"(?<![\w.])(?:" + "|".join(tokens) + r")(?![\w.])")
    return eval(word.sub(exact, text), {"Fraction": Fraction, **CALLED})


def check(found: Equation, known: Mapping[str, Any]) -> None:
    """Every line adds up, and so does every formula once the names in it are replaced by their numbers."""
    for _, line in found.lines():
        given = {**known, **{part.name: part.value for part in line.parts}, **trips(line)}
        assert value_of(line.values) == line.value, line
        assert value_of(line.formula, given) == line.value, line


def trips(line: Equation) -> dict[str, int]:
    """`k0 = 8: for k in 8` of the details; ranks stand for their sizes."""
    told = (re.match(r"(\w+) = (\d+)", detail) for detail in line.details)
    return {found.group(1): int(found.group(2)) for found in told if found}


def check_all(subject: Subject) -> None:
    """All numbers of a result: the arithmetic is spelled out, adds up, and gives the number."""
    try:
        cost = price(subject)
    except PolymapError:  # what is not counted is not explained
        assume(False)
    found = numbers(cost)
    sizes, steps_of = dict(subject.einsum.ranks), arithmetic(subject, cost, found)
    for name, value in found.items():
        if value is not None:
            steps = steps_of(name)
            assert (steps.name, steps.value) == (name, value)
            assert steps.note != UNSAID, name
            check(steps, {**sizes, **found})


def price(subject: Subject) -> Cost:
    return evaluate(
        subject.einsum, subject.architecture, subject.mapping, subject.conventions, check=False, sets=integer_sets
    )


@given(problem=strategies.problems())
@SLOW
def test_closed_forms_add_up(problem: strategies.Problem) -> None:
    for conventions in (POLYMAP, ACCELFORGE):
        check_all(Subject(problem.einsum, problem.architecture, problem.mapping, conventions))


@given(problem=strategies_exact.any_problem)
@SLOW
def test_every_engine_adds_up(problem: strategies_exact.Problem) -> None:
    conventions = replace(POLYMAP, holes=problem.rules.holes)
    check_all(Subject(problem.posed, problem.architecture, problem.mapping, conventions))


@given(problem=strategies_exact.differences)
@SLOW
def test_two_tied_ranks_add_up(problem: strategies_exact.Problem) -> None:
    check_all(Subject(problem.posed, problem.architecture, problem.mapping, POLYMAP))


@given(problem=strategies.problems())
@SLOW
def test_a_sweep_that_goes_on_adds_up(problem: strategies.Problem) -> None:
    check_all(Subject(problem.einsum, problem.architecture, problem.mapping, TIMELOOP))


@given(problem=strategies_exact.boxes)
@SLOW
def test_the_walk_of_another_tool_adds_up(problem: strategies_exact.Problem) -> None:
    check_all(Subject(problem.einsum, problem.architecture, problem.mapping, TIMELOOP))


@pytest.mark.parametrize(("links", "share_halo"), [(False, False), (True, False), (False, True)])
@given(problem=strategies.problems())
@settings(SLOW, max_examples=6)
def test_networks_add_up(links: bool, share_halo: bool, problem: strategies.Problem) -> None:
    check_all(Subject(problem.einsum, wired(problem.architecture, links, share_halo), problem.mapping, POLYMAP))


@given(problem=strategies_exact.boxes)
@settings(SLOW, max_examples=6)
def test_networks_of_a_walk_add_up(problem: strategies_exact.Problem) -> None:
    check_all(Subject(problem.einsum, wired(problem.architecture, True), problem.mapping, TIMELOOP))


@given(problem=strategies_exact.boxes | strategies_exact.general_domains)
@settings(SLOW, max_examples=6)
def test_networks_on_any_factors_and_domain_add_up(problem: strategies_exact.Problem) -> None:
    check_all(Subject(problem.posed, wired(problem.architecture), problem.mapping, POLYMAP))


@given(problem=strategies_exact.boxes)
@settings(SLOW, max_examples=4)
def test_what_is_printed_is_what_adds_up(problem: strategies_exact.Problem) -> None:
    subject = Subject(problem.posed, problem.architecture, problem.mapping, POLYMAP)
    cost = price(subject)
    found = numbers(cost)
    for name in found:
        if found[name] is not None:
            steps = arithmetic(subject, cost, found)(name)
            said = " ".join(" ".join(equations_text(steps, shown)).split())
            for _, line in steps.lines():
                sides = dict.fromkeys((line.name, line.formula, line.values, shown(line.value)))
                assert " = ".join(sides) in said


def test_long_equations_are_broken_before_an_operator() -> None:
    many = {f"level{n}.weights.energy_pj": 1000 + n for n in range(9)}
    found = equation("energy_pj", " + ".join(f"{{{name}}}" for name in many), given=many, note="pJ")
    lines = equations_text(found, shown)
    assert max(map(len, lines)) < 120
    assert [line.split()[0] for line in lines] == ["energy_pj", "=", "+", "+", "=", "="]
    assert lines[-1] == "    = 9036    pJ"


@pytest.mark.parametrize("text", ["a", "1 if 2 else 3", "__import__('os')", "print(1)", "1; 2", "'x'"])
def test_only_arithmetic_is_evaluated(text: str) -> None:
    with pytest.raises((ValueError, KeyError, SyntaxError)):
        evaluated(text)
