"""Plots show the numbers of the results, and are written as what their names say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import polymap as pm

pytest.importorskip("matplotlib")

WORK = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=16, n=16, k=16)


@pytest.fixture(scope="module")
def best() -> Any:
    return pm.optimize(WORK, "eyeriss_65nm", objective="edp")


def bars(figure: Any) -> dict[str, float]:
    """Width of all bars by the label of their row."""
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    widths = dict.fromkeys(labels, 0.0)
    for bar in axes.patches:
        widths[labels[round(bar.get_y() + bar.get_height() / 2)]] += bar.get_width()
    return widths


def by_level(result: Any) -> dict[str, float]:
    rows = [(row.level, row.energy_pj) for row in result.cost.traffic]
    rows += [(row.level, float(row.leakage)) for row in result.cost.components]
    rows.append((result.cost.compute_level, float(result.cost.compute_energy)))
    return {level: sum(pj for name, pj in rows if name == level) for level, _ in rows}


def test_a_breakdown_stacks_the_energy_of_each_level(best: Any) -> None:
    found, truth = bars(pm.plot.breakdown(best)), by_level(best)
    scale = sum(truth.values()) / sum(found.values())
    assert scale == pytest.approx(1e3)  # nJ
    assert {level: width * scale for level, width in found.items()} == pytest.approx(truth)


def test_a_comparison_has_the_levels_of_all(best: Any) -> None:
    other = pm.optimize(WORK, "eyeriss_like", objective="edp")
    found = bars(pm.plot.compare({"a": best, "b": other}))
    truth = {f"a: {level}": pj for level, pj in by_level(best).items()}
    truth |= {f"b: {level}": pj for level, pj in by_level(other).items()}
    scale = sum(truth.values()) / sum(found.values())
    assert {level: width * scale for level, width in found.items()} == pytest.approx(truth)


def test_a_roofline_has_the_mapping_below_its_roof(best: Any) -> None:
    (axes,) = pm.plot.roofline(best).axes
    roof, dot = axes.lines
    (x,), (y,) = dot.get_data()
    slope = roof.get_ydata()[0] / roof.get_xdata()[0]
    assert y == pytest.approx(best.cost.computes / best.cost.cycles)
    assert y <= min(slope * x, roof.get_ydata()[-1]) * (1 + 1e-9)


def test_no_roof_without_bandwidth() -> None:
    machine = {"polymap": "architecture/1", "name": "free", "clock": "1 GHz", "hierarchy": [
        {"memory": "DRAM", "width": "8 b", "energy": {"read": "1 pJ", "write": "1 pJ"}},
        {"compute": "MAC", "energy": "1 pJ"}]}  # fmt: skip
    with pytest.raises(pm.SpecError, match="there is no roof"):
        pm.plot.roofline(pm.optimize(WORK, machine))


def test_a_front_shows_its_points() -> None:
    front = pm.pareto(WORK, "teaching", axes="energy,size:buffer")
    (axes,) = pm.plot.pareto(front).axes
    (line,) = axes.lines
    sizes = [next(row.occupied_bits for row in p.cost.components if row.level == "buffer") for p in front.points]
    assert list(line.get_xdata()) == sizes


def test_occupancy_is_a_share(best: Any) -> None:
    (axes,) = pm.plot.occupancy(best).axes
    rows = [row for row in best.cost.components if row.capacity_bits]
    full = [bar.get_width() for bar in axes.containers[0]]
    assert full == pytest.approx([row.occupied_bits / row.capacity_bits for row in rows])
    busy = [bar.get_width() for bar in axes.containers[1]]
    assert busy == pytest.approx([row.cycles / best.cost.cycles for row in rows])


def test_a_machine_without_capacities_has_no_occupancy() -> None:
    dram = {"memory": "DRAM", "width": "16 b", "energy": {"read": "1 pJ", "write": "1 pJ"}}
    levels = [dram, {"compute": "MAC", "energy": "1 pJ"}]
    machine = {"polymap": "architecture/1", "name": "bare", "clock": "1 GHz", "hierarchy": levels}
    with pytest.raises(pm.SpecError, match="no memory of bare has a capacity"):
        pm.plot.occupancy(pm.optimize(WORK, machine))


@pytest.mark.parametrize(("name", "begin"), [("x.png", b"\x89PNG"), ("x.svg", b"<?xml"), ("x.pdf", b"%PDF")])
def test_pictures_are_written(best: Any, tmp_path: Path, name: str, begin: bytes) -> None:
    pm.plot.breakdown(best, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(begin)


def test_what_cannot_be_written_is_told(best: Any, tmp_path: Path) -> None:
    with pytest.raises(pm.SpecError, match=r"`.bmp` is no kind of picture"):
        pm.plot.breakdown(best, tmp_path / "x.bmp")
    with pytest.raises(pm.SpecError, match="cannot write here"):
        pm.plot.breakdown(best, tmp_path / "none" / "x.png")
