"""The same question has the same answer: for any seed, any number of workers, and any order of Python's sets."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import polymap as pm
from polymap.explore.network import optimize_network
from polymap.mapper.query import Query
from polymap.workload.einsum import Layer, Network
from tests.explore.layers import random_layer, tight

ROOT = Path(pm.__file__).resolve().parent.parent
OBJECTIVES = ["energy", "latency", "edp", "energy*latency^2"]
SPACES = ["even", "uneven"]


def answer(problem: int, seed: int = 0) -> object:
    """All of the answer to a random tight problem, but for CPU seconds and the seed."""
    rng = random.Random(problem)
    machine, work = tight(rng), random_layer(rng)
    try:
        found = pm.optimize(work, machine, objective=rng.choice(OBJECTIVES), mapspace=rng.choice(SPACES), seed=seed)
    except pm.Infeasible as error:
        return str(error)
    assert found.search is not None
    return replace(found, search=replace(found.search, cpu_s=0.0, seed=0))


@pytest.mark.parametrize("problem", range(10))
def test_the_seed_changes_no_answer(problem: int) -> None:
    first, *others = (answer(problem, seed) for seed in (0, 1, 2**31 - 1))
    assert others == [first, first]


def test_the_number_of_workers_and_the_seed_change_no_answer() -> None:
    rng = random.Random(5)
    machine = tight(rng)
    work = Network("five", tuple(Layer(replace(random_layer(rng), name=f"layer{i}")) for i in range(5)))
    found = [optimize_network(work, machine, Query("edp", mapspace="even", seed=s), n) for n, s in ((1, 0), (2, 3))]
    layers = [[(result.mapping, result.cost, result.lower_bound) for _, result in one.layers] for one in found]
    assert layers[0] == layers[1]


ANSWERS = "from tests.explore.test_determinism import answer; print([answer(problem) for problem in range(20, 26)])"


def test_the_order_of_sets_changes_no_answer() -> None:
    said = set()
    for order in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": order}
        done = subprocess.run(
            [sys.executable, "-c", ANSWERS], cwd=ROOT, env=environment, capture_output=True, check=True
        )
        said.add(done.stdout)
    assert len(said) == 1
