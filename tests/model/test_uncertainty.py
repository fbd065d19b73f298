"""How far a cost may be off: the errors of its actions, weighed by what each costs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import exp, hypot, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polymap as pm
from polymap.architecture.hierarchy import Architecture, Compute, Memory
from polymap.components.estimate import Estimate, Origin
from polymap.model import uncertainty

WORK = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4)
NEST = "DRAM holds A B C\nfor m in 4\nbuffer holds A B C\nfor k in 4\nfor n in 4\ncompute\n"


def estimate(value: float, unit: str, **errors: float) -> Estimate:
    return Estimate(value, unit, Origin("a model", "a paper", value, unit), tuple(sorted(errors.items())))


def machine(**levels: tuple[tuple[str, Estimate], ...]) -> Architecture:
    """A machine whose levels take the numbers that estimates say."""
    hierarchy = (
        Memory("DRAM", 8, Fraction(100), Fraction(100), Fraction(100), word_bits=8),
        Memory("buffer", 16, Fraction(3), Fraction(5), Fraction(7), capacity_bits=8 * 64, word_bits=8,
               leakage_w=Fraction(1, 1000), area_um2=50.0),
        Compute("MAC", Fraction(2), leakage_w=Fraction(1, 500), area_um2=10.0),
    )  # fmt: skip
    named = tuple(replace(level, estimates=levels.get(level.name, ())) for level in hierarchy)
    return Architecture("machine", named, Fraction(10**9))


def energy(architecture: Architecture) -> Estimate:
    cost = pm.evaluate(WORK, architecture, NEST)
    found = uncertainty.energy(cost, WORK, architecture)
    assert found.value == pytest.approx(cost.energy_pj, rel=1e-12)
    return found


def test_what_a_file_says_outright_has_no_error() -> None:
    assert energy(machine()).sigma == 0.0


LEVELS = (
    ("buffer", "read", "read_pj", "pJ"),
    ("buffer", "write", "write_pj", "pJ"),
    ("buffer", "update", "update_pj", "pJ"),
    ("MAC", "compute", "energy_pj", "pJ"),
    ("MAC", "leakage", "leakage_w", "uW"),
)


@pytest.mark.parametrize(("level", "what", "key", "unit"), LEVELS)
def test_an_error_counts_as_much_as_what_it_is_an_error_of(level: str, what: str, key: str, unit: str) -> None:
    """The error of one number moves the total as the model itself moves it when the number is changed."""
    plain = machine()
    value = getattr(next(one for one in plain.hierarchy if one.name == level), key)
    said = float(value * 10**6 if unit == "uW" else value)
    exact = (("update", estimate(7.0, "pJ")),) if what == "write" else ()
    found = energy(machine(**{level: ((what, estimate(said, unit, table=0.01)), *exact)}))
    more = [replace(one, **{key: value * 2}) if one.name == level else one for one in plain.hierarchy]
    doubled = energy(replace(plain, hierarchy=tuple(more))).value
    assert found.sigma == pytest.approx(0.01 * (doubled - found.value) / found.value, rel=1e-9)


def test_an_update_without_an_estimate_of_its_own_is_a_write() -> None:
    same = machine(buffer=(("write", estimate(7.0, "pJ", table=0.1)),))
    apart = machine(buffer=(("write", estimate(5.0, "pJ", table=0.1)), ("update", estimate(7.0, "pJ", table=0.1))))
    assert energy(same).sigma == pytest.approx(energy(apart).sigma)


def test_errors_of_one_source_add_up_and_others_do_not() -> None:
    read, mac = ("read", estimate(3.0, "pJ", table=0.1)), ("compute", estimate(2.0, "pJ", table=0.2))
    other = ("compute", estimate(2.0, "pJ", library=0.2))
    alone = energy(machine(buffer=(read,))).sigma, energy(machine(MAC=(mac,))).sigma
    assert energy(machine(buffer=(read,), MAC=(mac,))).sigma == pytest.approx(sum(alone))
    assert energy(machine(buffer=(read,), MAC=(other,))).sigma == pytest.approx(hypot(*alone))


@given(st.floats(0.01, 1.0))
def test_the_interval_is_one_deviation_on_either_side(sigma: float) -> None:
    low, high = estimate(3.0, "pJ", table=sigma).interval
    assert (log(3.0 / low), log(high / 3.0)) == pytest.approx((sigma, sigma))


def test_the_area_is_that_of_all_instances() -> None:
    found = uncertainty.area(machine(buffer=(("area", estimate(50.0, "um2", table=0.1)),)))
    assert found.value == 60.0
    assert found.sigma == pytest.approx(0.1 * 50 / 60)


def test_results_tell_the_interval_and_keep_the_estimates() -> None:
    architecture = machine(buffer=(("read", estimate(3.0, "pJ", table=0.5)),))
    best = pm.optimize(WORK, architecture)
    document = best.to_dict()
    sigma = best.energy_estimate.sigma
    totals, estimates = document["totals"], document["estimates"]
    assert isinstance(totals, dict)
    assert isinstance(estimates, list)
    assert totals["energy_interval_pj"] == pytest.approx([best.energy_pj * exp(-sigma), best.energy_pj * exp(sigma)])
    assert [(row["level"], row["of"], row["value"], row["sigma"]) for row in estimates] == [
        ("buffer", "read", 3.0, 0.5)
    ]
    assert pm.verify(document).status == "confirmed"
