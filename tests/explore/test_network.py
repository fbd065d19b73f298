"""Networks: equal layers once, any number of workers, and what is left when time is up or somebody interrupts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import polymap as pm
from polymap.explore import network as networks
from polymap.explore import run as runs
from polymap.explore.network import optimize_network
from polymap.explore.run import Run
from polymap.mapper import progress
from polymap.mapper.progress import Progress
from polymap.mapper.query import Query
from polymap.workload.einsum import Einsum, Layer, Network
from tests.explore.layers import buffered, matmul

ROOT = Path(pm.__file__).resolve().parent.parent
PATIENCE = 300  # seconds; a busy machine is no failure
SIX = Network(
    "six",
    (
        Layer(matmul("a", 4, 6, 8), 2),
        Layer(matmul("b", 8, 8, 8)),
        Layer(replace(matmul("c", 4, 6, 8), source="elsewhere")),
        Layer(matmul("d", 4, 6, 12)),
        Layer(matmul("e", 8, 8, 8), 3),
        Layer(matmul("f", 6, 6, 6)),
    ),
)


def timeless(document: Any) -> Any:
    """A document without CPU seconds, and without the hash over them."""
    if isinstance(document, dict):
        return {key: timeless(item) for key, item in document.items() if key not in ("cpu_s", "sha256")}
    return [timeless(item) for item in document] if isinstance(document, list) else document


def test_equal_layers_are_searched_once_and_answered_under_their_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []
    attempt = networks.attempt

    def heard(einsum: Einsum, *rest: Any) -> pm.Result | None:
        searched.append(einsum.name)
        return attempt(einsum, *rest)

    monkeypatch.setattr(networks, "attempt", heard)
    found = optimize_network(SIX, buffered(12), Query("edp"))
    assert searched == ["a", "b", "d", "f"]
    assert [(repeat, result.einsum) for repeat, result in found.layers] == [(x.repeat, x.einsum) for x in SIX.layers]
    for layer, (_, result) in zip(SIX.layers, found.layers):
        alone = pm.optimize(layer.einsum, buffered(12), objective="edp")
        assert replace(result, search=None) == replace(alone, search=None)
    notes = [result.search.note for _, result in found.layers if result.search]
    assert notes == ["", "", "as a", "", "as b", ""]


def test_the_number_of_workers_changes_nothing() -> None:
    one, three = (optimize_network(SIX, buffered(12), Query("edp"), workers) for workers in (1, 3))
    assert json.dumps(timeless(one.to_dict())) == json.dumps(timeless(three.to_dict()))
    assert one.status == "optimal"


def test_less_than_one_worker_is_refused() -> None:
    with pytest.raises(pm.SpecError, match="0 workers"):
        optimize_network(SIX, buffered(12), Query(), workers=0)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_layer_that_fails_is_told(workers: int) -> None:
    layers = [matmul("fits", 4, 4, 4), *(matmul(name, 4, 4, k) for k, name in enumerate(["one", "two"], 8))]
    work = Network("net", tuple(map(Layer, layers)))
    with pytest.raises(pm.Infeasible, match="no mapping of one "):
        optimize_network(work, buffered(12), Query(subject_to=("cycles <= 64",)), workers)


def test_an_empty_network_has_an_empty_answer() -> None:
    assert optimize_network(Network("none", ()), buffered(12), Query(), workers=2).layers == ()


def test_time_is_shared_by_the_layers_that_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(buffered(12), Query(time_limit=60.0), 2, 6, 1000.0, None)
    monkeypatch.setattr(runs, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    assert [run.share(begun).time_limit for begun in range(6)] == [20, 24, 30, 40, 60, 60]
    late = replace(run, started=900.0)
    assert late.share(5).time_limit == pytest.approx(0.1)


def test_layers_without_a_mapping_when_time_is_up_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = networks.attempt
    monkeypatch.setattr(networks, "attempt", lambda e, *rest: None if e.name in ("b", "d") else attempt(e, *rest))
    found = optimize_network(SIX, buffered(12), Query())
    assert found.unfinished == ("b", "d", "e")
    assert (found.status, found.value, found.gap) == ("partial", None, None)
    assert found.lower_bound == pytest.approx(sum(repeat * float(result.value or 0) for repeat, result in found.layers))
    assert found.to_dict()["unfinished"] == ["b", "d", "e"]
    assert not pm.verify(found).differences


def test_if_no_layer_has_a_mapping_when_time_is_up_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "attempt", lambda *_: None)
    with pytest.raises(pm.Unsolved, match="before any layer"):
        optimize_network(SIX, buffered(12), Query())


def interrupts_at(layer: str, times: int = 1) -> Callable[[Progress], None]:
    """Presses Ctrl-C whenever the search of a layer is heard of, but so many times at most."""
    left = [times]

    def heard(at: Progress) -> None:
        if at.layer == layer and left[0]:
            left[0] -= 1
            raise KeyboardInterrupt

    return heard


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is heard at every step."""
    monkeypatch.setattr(progress, "PAUSE", 0.0)


@pytest.mark.usefixtures("eager")
def test_an_interrupt_leaves_what_is_finished_and_the_best_so_far() -> None:
    found = optimize_network(SIX, buffered(12), Query("edp"), on_progress=interrupts_at("b"))
    results = {result.einsum.name: result for _, result in found.layers}
    assert [*results] == ["a", "b", "c", "e"]
    assert found.unfinished == ("d", "f")
    assert found.status == "partial"
    assert results["a"].status == "optimal"
    assert results["b"].interrupted
    assert results["b"].status == "feasible"
    best = pm.optimize(matmul("b", 8, 8, 8), buffered(12), objective="edp")
    assert best.value is not None
    assert results["b"].lower_bound <= best.value <= results["b"].value  # type: ignore[operator]
    assert pm.evaluate(results["b"].einsum, buffered(12), results["b"].mapping) == results["b"].cost


@pytest.mark.usefixtures("eager")
def test_an_interrupt_between_two_searches_leaves_what_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = networks.attempt

    def struck(einsum: Einsum, *rest: Any) -> pm.Result | None:
        if einsum.name == "d":
            raise KeyboardInterrupt
        return attempt(einsum, *rest)

    monkeypatch.setattr(networks, "attempt", struck)
    found = optimize_network(SIX, buffered(12), Query())
    assert found.unfinished == ("d", "f")


@pytest.mark.usefixtures("eager")
def test_progress_is_told_with_a_bound_that_holds() -> None:
    heard: list[Progress] = []
    found = optimize_network(SIX, buffered(12), Query("edp"), on_progress=heard.append)
    values = {result.einsum.name: result.value for _, result in found.layers}
    assert [*dict.fromkeys((at.layer, at.finished, at.layers) for at in heard)] == [
        ("a", 0, 4), ("b", 1, 4), ("d", 2, 4), ("f", 3, 4)
    ]  # fmt: skip
    for at in heard:
        best = values[at.layer]
        assert best is not None
        assert at.lower_bound <= best * (1 + 1e-9)
        assert at.value is None or at.value >= best * (1 - 1e-9)
        assert 0 <= at.closed <= at.classes
    assert all(before.seconds <= after.seconds for before, after in pairwise(heard))


LONG = """\
import os, signal, sys
import polymap as pm
from polymap.mapper import progress
progress.PAUSE = 0.0
strikes = {strikes}

def heard(at):
    global strikes
    print(at.layer, at.finished, flush=True)
    if strikes:
        strikes = False
        os.killpg(0, signal.SIGINT)

try:
    found = pm.optimize("resnet18", "eyeriss_like", workers={workers}, on_progress=heard)
except KeyboardInterrupt:
    print("QUIT")
else:
    layers = [layer for _, layer in found.layers]
    print("FOUND", found.status, len(layers), sum(x.interrupted for x in layers), len(found.unfinished))
"""


def start(workers: int, strikes: bool = False) -> subprocess.Popen[str]:
    """A long search as a process group of its own, which Ctrl-C strikes as a whole; it may do so itself, as soon as
    there is progress, where somebody else could come too late."""
    command = [sys.executable, "-c", LONG.format(workers=workers, strikes=strikes)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


def gone(group: int) -> bool:
    """Whether no process of a group is left after some time."""
    for _ in range(20 * PATIENCE):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_a_network_with_what_there_is(workers: int) -> None:
    out, err = start(workers, strikes=True).communicate(timeout=PATIENCE)
    status, layers, interrupted, unfinished = out.splitlines()[-1].removeprefix("FOUND ").split()
    assert (status, err) == ("partial", "")
    assert 1 <= int(interrupted) <= workers
    assert int(layers) + int(unfinished) == 12


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_a_second_ctrl_c_ends_all_processes_at_once() -> None:
    process = start(workers=2)
    assert process.stdout is not None
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (out.splitlines()[-1].split()[0] in ("QUIT", "FOUND"), err) == (True, "")
    assert gone(process.pid)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_workers_whose_parent_is_gone_end_too() -> None:
    process = start(workers=2)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert gone(process.pid)


UNGUARDED = """\
import polymap as pm

layers = [{"name": name, "ranks": {"m": 2, "n": 2, "k": k}} for k, name in enumerate(["one", "two"], 2)]
work = {"polymap": "workload/1", "name": "pair", "einsum": "C[m,n] += A[m,k] * B[k,n]", "layers": layers}
pm.optimize(work, "teaching", workers=2)
"""


def test_a_script_that_lacks_the_guard_is_told_what_it_lacks(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1  # the script's own
    assert "a worker process died" in done.stderr
    assert "if __name__ == '__main__':" in done.stderr
