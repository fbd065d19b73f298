"""The plan of a mapping says what the model counts."""

from __future__ import annotations

from hypothesis import given, settings

import polymap as pm
from polymap.mapping.plan import plan
from tests.properties.strategies import Query, queries


def test_a_plan_is_plain_integers() -> None:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=16, n=16, k=16)
    best = pm.optimize(work, "teaching")
    found = best.plan()
    assert found["ranks"] == {"m": 16, "n": 16, "k": 16}
    assert list(found) == ["ranks", "loops", "buffers"]


@settings(max_examples=30, deadline=None)
@given(queries())
def test_tiles_and_instances_are_those_of_the_model(query: Query) -> None:
    try:
        best = pm.optimize(query.einsum, query.architecture)
    except pm.Infeasible:
        return
    found = plan(query.einsum, query.architecture, best.mapping)
    buffers = {(one["level"], one["tensor"]): one for one in found["buffers"]}  # type: ignore[attr-defined]
    assert set(buffers) == {(row.level, row.tensor) for row in best.cost.traffic}
    for row in best.cost.traffic:
        one = buffers[row.level, row.tensor]
        assert (one["elements"], one["instances"]) == (row.tile_elements, row.instances)
