"""What notebooks show of values: tables with their numbers, names escaped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import polymap as pm

BAD = "<script>alert(1)</script>"
WORK = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4, name=BAD)


VALUES: dict[str, tuple[Callable[[], Any], str]] = {
    "architecture": (lambda: pm.architecture("eyeriss_65nm"), "weights_spad"),
    "einsum": (lambda: WORK, "C[m,n] += A[m,k] * B[k,n]"),
    "network": (lambda: pm.workload("resnet18"), "layer1.x.conv"),
    "mapping": (lambda: pm.optimize(WORK, "teaching").mapping, "DRAM holds A B C"),
    "result": (lambda: pm.optimize(WORK, "teaching"), "optimal"),
    "network result": (lambda: pm.optimize("bert_large", "teaching"), "projection"),
    "front": (lambda: pm.pareto(WORK, "teaching"), "complete"),
}


@pytest.mark.parametrize("kind", VALUES)
def test_values_show_themselves(kind: str) -> None:
    make, text = VALUES[kind]
    html = make()._repr_html_()
    assert text in html
    assert BAD not in html


def test_energies_have_a_unit_that_people_read() -> None:
    layer = {"name": "one", "ranks": {"m": 4, "n": 4, "k": 4}}
    network = {"polymap": "workload/1", "name": "net", "einsum": "C[m,n] += A[m,k] * B[k,n]", "layers": [layer]}
    best, front, all_of_it = (
        f(work, "teaching") for f, work in ((pm.optimize, WORK), (pm.pareto, WORK), (pm.optimize, network))
    )
    assert best.energy_pj == 5792.0
    for shown in (best, front, all_of_it):
        assert "5.792 nJ" in shown._repr_html_()
    assert "<td>1.6 nJ</td>" in best._repr_html_()  # 16 elements of A at 100 pJ


def test_a_large_memory_is_told_exactly() -> None:
    memory = {"memory": "L2", "capacity": "1.5 MiB", "width": "64 b", "energy": {"read": "1 pJ", "write": "1 pJ"}}
    machine = {"name": "large", "clock": "1 GHz", "hierarchy": [memory, {"compute": "MAC", "energy": "1 pJ"}]}
    assert "<td>1536 KiB</td>" in pm.architecture(machine)._repr_html_()


def test_a_front_over_room_shows_the_room() -> None:
    front = pm.pareto(WORK, "teaching", axes="energy,size:buffer")
    html = front._repr_html_()
    sizes = [next(row.occupied_bits for row in p.cost.components if row.level == "buffer") for p in front.points]
    assert '<th scope="col">buffer</th>' in html
    assert len(sizes) > 1
    assert [size for size in sizes if f"<td>{size // 8} B</td>" not in html] == []


def test_a_front_is_a_data_frame() -> None:
    pytest.importorskip("pandas")
    front = pm.pareto(WORK, "teaching")
    frame = front.to_pandas()
    assert list(frame["cycles"]) == [point.cost.cycles for point in front.points]
