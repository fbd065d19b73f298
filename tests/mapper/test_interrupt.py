"""An interrupt at any moment: there is a mapping, its value is no better than the best, and the bound holds."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import polymap as pm
from polymap.mapper import progress
from polymap.mapper.certificate import Outcomes
from polymap.mapper.progress import Progress
from tests.explore.layers import buffered, matmul, tight

PROBLEMS = {
    "matmul, edp": (matmul("a", 8, 12, 6), tight(random.Random(3)), "edp"),
    "matmul, latency": (matmul("b", 8, 8, 8), buffered(12), "latency"),
    "convolution, energy": (
        pm.einsum("O[k,p] += I[p+r] * W[k,r]", name="c", bits=8, p=8, r=3, k=6),
        tight(random.Random(8)),
        "energy",
    ),
    "triangle, energy": (
        pm.einsum("S[i,j] += Q[i,d] * K[j,d]", name="d", bits=8, domain="{ [i,j] : j <= i }", i=6, j=6, d=4),
        tight(random.Random(8)),
        "energy",
    ),
}


def holds(found: pm.Result, best: pm.Result) -> bool:
    assert None not in (found.value, found.lower_bound, best.value)
    low, high, least = (float(x or 0) for x in (found.lower_bound, found.value, best.value))
    priced = pm.evaluate(found.einsum, found.architecture, found.mapping) == found.cost
    return low <= least * (1 + 1e-9) and least <= high * (1 + 1e-9) and priced


@pytest.mark.parametrize("problem", PROBLEMS)
def test_an_interrupt_at_any_step_leaves_a_mapping_and_a_bound_that_holds(
    problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    work, machine, objective = PROBLEMS[problem]
    best = pm.optimize(work, machine, objective=objective)
    steps: list[Progress] = []
    pm.optimize(work, machine, objective=objective, on_progress=steps.append)
    for at in range(0, len(steps), 1 + len(steps) // 25):
        found = pm.optimize(work, machine, objective=objective, on_progress=striking(at))
        assert found.interrupted
        assert holds(found, best)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_an_interrupt_while_a_class_is_entered_leaves_no_certificate(
    problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enter(*_: object) -> None:
        raise KeyboardInterrupt

    work, machine, objective = PROBLEMS[problem]
    best = pm.optimize(work, machine, objective=objective)
    monkeypatch.setattr(Outcomes, "enter", enter)
    found = pm.optimize(work, machine, objective=objective)
    assert found.search is not None
    assert found.search.certificate is None
    assert holds(found, best)


def striking(at: int) -> Callable[[Progress], None]:
    """Interrupts the search at one of its steps."""
    left = [at]

    def hear(_: Progress) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise KeyboardInterrupt

    return hear


@contextmanager
def interrupt_after(seconds: float) -> Iterator[None]:
    """As Ctrl-C does, wherever the search is by then."""

    def strike(_signal: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("problem", PROBLEMS)
def test_an_interrupt_at_any_moment_leaves_a_mapping_and_a_bound_that_holds(problem: str) -> None:
    work, machine, objective = PROBLEMS[problem]
    best = pm.optimize(work, machine, objective=objective)
    begin = time.monotonic()
    pm.optimize(work, machine, objective=objective)
    whole = time.monotonic() - begin
    rng = random.Random(problem)
    outcomes: list[bool] = []
    for tries in range(100):
        if tries >= 12 and any(outcomes):
            break
        try:
            with interrupt_after(rng.uniform(0.0, whole) + 1e-4):
                found = pm.optimize(work, machine, objective=objective)
        except KeyboardInterrupt:  # before or after the search itself
            continue
        outcomes.append(found.interrupted)
        assert holds(found, best)
    assert any(outcomes)
