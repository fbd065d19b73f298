"""Traces: slices of a track follow one another over the whole run, and there is one for each tile that is fetched."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import polymap as pm
from polymap.cli import main
from tests.properties.strategies import Query, queries
from tests.report.examples import network


def tracks(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    names = {e["tid"]: e["args"]["name"] for e in document["traceEvents"] if e["name"] == "thread_name"}
    found = defaultdict(list)
    for event in document["traceEvents"]:
        if event["ph"] == "X":
            found[names[event["tid"]]].append(event)
    return found


def well_formed(event: dict[str, Any]) -> bool:
    """The Trace Event Format, of complete events and metadata."""
    if event["ph"] == "M":
        return event["name"] in ("process_name", "thread_name") and isinstance(event["args"]["name"], str)
    numbers = [event["ts"], event["dur"]]
    return (
        event["ph"] == "X"
        and isinstance(event["name"], str)
        and all(isinstance(n, float | int) and n >= 0 for n in numbers)
    )


@settings(max_examples=30, deadline=None)
@given(queries())
def test_slices_cover_the_run(query: Query) -> None:
    try:
        best = pm.optimize(query.einsum, query.architecture)
    except pm.Infeasible:
        return
    document = json.loads(json.dumps(pm.trace(best)))
    assert all(map(well_formed, document["traceEvents"]))
    found = tracks(document)
    assert set(found) == {f"{row.level} {row.tensor}" for row in best.cost.traffic}
    for name, slices in found.items():
        tile = best.cost.row(*name.split())
        assert tile is not None
        assert {event["args"]["elements"] for event in slices} == {tile.tile_elements}
        assert slices[0]["ts"] == 0
        ends = [event["ts"] + event["dur"] for event in slices]
        assert [event["ts"] for event in slices[1:]] == pytest.approx(ends[:-1])
        assert ends[-1] == pytest.approx(best.cost.latency_s * 1e6)


def test_a_tile_stays_while_loops_of_others_move() -> None:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4)
    inner = "for n in 2\nfor k in 4\nregisters holds A B C\ncompute\n"
    nest = f"DRAM holds A B C\nfor m in 4\nfor n in 2\nbuffer holds A B C\n{inner}"
    document = json.loads(pm.optimize(work, "teaching").to_json())
    found = tracks(pm.trace({**document, "mapping": _listed(nest)}))
    assert len(found["buffer A"]) == 4  # m alone moves it
    assert len(found["buffer B"]) == 8  # n moves, and m brings the first one back
    assert [event["args"].get("m") for event in found["buffer A"]] == [0, 1, 2, 3]


def test_a_tile_that_stays_through_many_iterations_is_one_slice() -> None:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4)
    nest = "DRAM holds A B C\nfor m in 4\nfor n in 30000\nbuffer holds A\nfor k in 4\nregisters holds A B C\ncompute\n"
    document = pm.trace({**json.loads(pm.optimize(work, "teaching").to_json()), "mapping": _listed(nest)})
    assert len(tracks(document)["buffer A"]) == 4
    assert document["otherData"]["left_out"] == ["registers A", "registers B", "registers C"]


def _listed(nest: str) -> list[object]:
    from polymap.mapping import to_list

    return list(to_list(pm.mapping(nest)))


def test_long_tracks_are_left_out_and_named() -> None:
    document = pm.trace(pm.optimize("resnet18/conv1", "eyeriss_like", objective="edp", gap=0.5))
    assert len(document["traceEvents"]) <= 20_000
    assert set(document["otherData"]["left_out"]).isdisjoint(tracks(document))


def test_a_network_has_no_trace_of_its_own() -> None:
    with pytest.raises(
        pm.SpecError, match=r"^layers: a trace is of one layer, and this is a result of several"
    ) as caught:
        pm.trace(json.loads(network().to_json()))
    assert "NETWORK/LAYER" in caught.value.mistakes[0].mend


def test_the_command_writes_a_trace(tmp_path: Path) -> None:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4)
    (tmp_path / "r.json").write_text(pm.optimize(work, "teaching").to_json())
    out = tmp_path / "trace.json"
    assert main(["report", str(tmp_path / "r.json"), "--trace", "-o", str(out)]) == 0
    assert json.loads(out.read_text())["displayTimeUnit"] == "ns"
    assert main(["report", *[str(tmp_path / "r.json")] * 2, "--trace", "-o", str(out)]) == 1
