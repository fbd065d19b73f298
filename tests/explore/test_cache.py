"""The cache: an answer from it is the one that a search would give, whatever is in the file."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import polymap as pm
from polymap.explore import cache as caches
from polymap.explore.cache import FILE, Cache, folder
from polymap.explore.network import optimize_network
from polymap.explore.run import optimize_once
from polymap.explore.store import Store
from polymap.mapper.digest import canonical
from polymap.mapper.query import Query
from polymap.mapper.result import Result
from polymap.workload.einsum import Einsum, Layer, Network
from tests.explore.layers import buffered, matmul, random_layer
from tests.explore.test_equal import called, in_order


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def opened(tmp_path: Path, told: list[str]) -> Callable[[], Cache]:
    return lambda: Cache(tmp_path, told.append)


Opened = Callable[[], Cache]
WORK, MACHINE = matmul("first", 4, 6, 8), buffered(12)


def plain(result: Result | pm.NetworkResult) -> Any:
    """A document without what may differ between a fresh answer and one from the cache."""

    def without(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: without(part) for key, part in item.items() if key not in ("cpu_s", "note", "sha256")}
        return [without(part) for part in item] if isinstance(item, list) else item

    return without(result.to_dict())


@pytest.mark.parametrize("seed", range(8))
def test_an_answer_from_the_cache_is_the_one_that_a_search_gives(seed: int, opened: Opened, told: list[str]) -> None:
    rng = random.Random(seed)
    einsum, machine = random_layer(rng), buffered(rng.choice([8, 12, 24]))
    query = Query(rng.choice(["energy", "latency", "edp"]), seed=seed)
    fresh = optimize_once(einsum, machine, query, opened(), None)
    again = optimize_once(einsum, machine, query, opened(), None)
    assert (fresh.search and fresh.search.note, again.search and again.search.note) == ("", "cached")
    assert json.dumps(plain(again)) == json.dumps(plain(fresh))
    ranks, tensors = ([rank for rank, _ in einsum.ranks], [tensor.name for tensor in einsum.tensors])
    other = called(einsum, in_order(rng, ranks), in_order(rng, tensors))
    known = opened().find(other, machine, query)
    assert known is not None
    assert json.dumps(plain(known)) == json.dumps(
        plain(pm.optimize(other, machine, objective=query.objective, seed=seed))
    )
    assert told == []


@pytest.mark.parametrize(
    "other",
    [
        Query("edp"),
        Query(conventions="accelforge"),
        Query(conventions="polymap,idle_instances_leak=no"),
        Query(mapspace="even"),
        Query(subject_to=("cycles <= 1000",)),
        Query(gap=0.1),
        Query(seed=1),
    ],
    ids=["objective", "conventions", "field of conventions", "mapspace", "conditions", "gap", "seed"],
)
def test_another_question_has_another_answer(other: Query, opened: Opened) -> None:
    optimize_once(WORK, MACHINE, Query(), opened(), None)
    assert opened().find(WORK, MACHINE, Query()) is not None
    assert opened().find(WORK, MACHINE, other) is None


def test_all_of_a_question_but_its_time_limit_tells_it_from_others() -> None:
    plain = canonical(Query())
    assert isinstance(plain, dict)
    assert {field.name for field in fields(Query)} <= set(plain)


def test_another_machine_or_workload_has_another_answer(opened: Opened) -> None:
    optimize_once(WORK, MACHINE, Query(), opened(), None)
    assert opened().find(WORK, buffered(13), Query()) is None
    assert opened().find(matmul("first", 4, 6, 9), MACHINE, Query()) is None


def test_another_program_has_another_answer(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    optimize_once(WORK, MACHINE, Query(), opened(), None)
    assert len(caches.made_by()) == 64
    monkeypatch.setattr(caches, "made_by", lambda: "a later version")
    assert opened().find(WORK, MACHINE, Query()) is None


def test_the_program_is_told_apart_by_its_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(caches, "__file__", str(tmp_path / "explore" / "cache.py"))
    (tmp_path / "mapper").mkdir()
    found = set()
    for text in ("a = 1", "a = 2"):
        (tmp_path / "mapper" / "search.py").write_text(text)
        caches.made_by.cache_clear()
        found.add(caches.made_by())
    caches.made_by.cache_clear()
    assert len(found) == 2


def test_the_time_limit_is_not_part_of_the_question(opened: Opened) -> None:
    optimize_once(WORK, MACHINE, Query(time_limit=100.0), opened(), None)
    assert opened().find(WORK, MACHINE, Query()) is not None


def test_an_answer_in_which_time_had_a_say_is_not_kept(opened: Opened) -> None:
    found = optimize_once(matmul("large", 64, 64, 64), MACHINE, Query("edp", time_limit=1e-9), opened(), None)
    assert found.search is not None
    assert not found.search.final
    assert opened().find(matmul("large", 64, 64, 64), MACHINE, Query("edp")) is None


def forged(cache_folder: Path, change: Callable[[dict[str, Any]], object], into: Einsum = WORK) -> None:
    """Puts a changed answer under the key of a question, with a seal that holds."""
    document = json.loads(json.dumps(canonical(pm.optimize(WORK, MACHINE))))
    change(document)
    store = Store(cache_folder / FILE, print)
    store.put(caches._key(into, MACHINE, Query()), json.dumps(document))
    store.close()


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another mapping": lambda d: d["mapping"].update(nodes=d["mapping"]["nodes"][::-1]),
    "another cost": lambda d: d["cost"].update(cycles=d["cost"]["cycles"] - 1),
    "another machine": lambda d: d["architecture"].update(name="other"),
    "another einsum": lambda d: d["einsum"]["ranks"][0].__setitem__(1, 5),
    "no mapping": lambda d: d.pop("mapping"),
    "nothing": lambda d: d.clear(),
    "a rank less": lambda d: d["einsum"]["ranks"].pop(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_no_answer_to_the_question_is_told_and_searched_again(
    change: Callable[[dict[str, Any]], object], opened: Opened, told: list[str], tmp_path: Path
) -> None:
    forged(tmp_path, change)
    found = optimize_once(WORK, MACHINE, Query(), opened(), None)
    assert plain(found) == plain(pm.optimize(WORK, MACHINE))
    assert told == [f"cache: {tmp_path / FILE}: an answer is no answer to its question: it is removed"]
    assert opened().find(WORK, MACHINE, Query()) is not None


def test_an_answer_to_another_question_is_not_taken(opened: Opened, told: list[str], tmp_path: Path) -> None:
    other = matmul("other", 4, 6, 12)
    forged(tmp_path, lambda _: None, into=other)
    assert opened().find(other, MACHINE, Query()) is None
    assert len(told) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_network_takes_what_is_known_and_searches_the_rest(workers: int, opened: Opened, told: list[str]) -> None:
    layers = [matmul("a", 4, 6, 8), matmul("b", 6, 6, 6), matmul("c", 4, 6, 8), matmul("d", 4, 4, 4)]
    work = Network("four", tuple(map(Layer, layers)))
    optimize_once(layers[1], MACHINE, Query(), opened(), None)
    notes = []
    for _ in range(2):
        found = optimize_network(work, MACHINE, Query(), workers, cache=opened())
        assert plain(found) == plain(optimize_network(work, MACHINE, Query()))
        notes.append([result.search.note for _, result in found.layers if result.search])
    assert notes == [["", "cached", "as a", ""], ["cached", "cached", "as a", "cached"]]
    assert told == []


def test_a_cache_that_cannot_be_used_is_a_warning_in_python(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.warns(RuntimeWarning, match="cannot be used"):
        assert pm.optimize(WORK, MACHINE, cache=tmp_path / "taken").status == "optimal"


def test_the_folder_of_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder("here", {}) == Path("here")
    assert folder("here", {"POLYMAP_CACHE": "there"}) == Path("here")
    assert folder(None, {"POLYMAP_CACHE": "there"}) == Path("there")
    assert folder("off", {"POLYMAP_CACHE": "there"}) is None
    assert folder(None, {"POLYMAP_CACHE": "off"}) is None
    monkeypatch.setattr("sys.platform", "linux")
    assert folder(None, {"XDG_CACHE_HOME": "/xdg"}) == Path("/xdg/polymap")
    assert folder(None, {}) == Path.home() / ".cache" / "polymap"
    monkeypatch.setattr("sys.platform", "darwin")
    assert folder(None, {}) == Path.home() / "Library" / "Caches" / "polymap"
    monkeypatch.setattr("sys.platform", "win32")
    assert folder(None, {"LOCALAPPDATA": "/local"}) == Path("/local/polymap/cache")


def test_the_answer_that_is_kept_is_under_the_own_names_of_whoever_asks(opened: Opened) -> None:
    optimize_once(WORK, MACHINE, Query(), opened(), None)
    other = replace(WORK, name="second", source="elsewhere")
    known = opened().find(other, MACHINE, Query())
    assert known is not None
    assert known.einsum == other
