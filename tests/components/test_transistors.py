"""Transistors at the nodes of the table, between them and beyond."""

from __future__ import annotations

import pytest

from polymap.components.model import CannotPrice
from polymap.components.records import records
from polymap.components.technology import Technology
from polymap.components.transistors import transistors


@pytest.mark.parametrize("row", records("transistors"), ids=lambda row: f"{row['family']} {row['node_nm']}")
def test_at_a_node_of_the_table_they_are_the_tables(row: dict[str, str]) -> None:
    found = transistors(Technology(float(row["node_nm"]), row["family"]))
    assert found.gate_ff_um == pytest.approx(float(row["gate_ff_um"]))
    assert found.drain_ff_um == pytest.approx(float(row["drain_ff_um"]))
    assert found.off_na_um == pytest.approx(float(row["off_na_um"]))


@pytest.mark.parametrize("node", [32, 45, 65, 90])
def test_they_change_steadily_through_a_node(node: int) -> None:
    below, above = (transistors(Technology(node * (1 + step))).gate_ff_um for step in (-1e-9, 1e-9))
    assert below == pytest.approx(above, rel=1e-7)


def test_warmer_ones_leak_more() -> None:
    leaks = [transistors(Technology(45, temperature_k=kelvin)).off_na_um for kelvin in (300, 325, 350, 375, 400)]
    assert leaks == sorted(leaks)
    assert leaks[0] < leaks[-1]


def test_the_supply_is_what_the_technology_states() -> None:
    assert transistors(Technology(45, voltage_v=0.7)).supply_v == 0.7


OUTSIDE = [Technology(14), Technology(130, "lp"), Technology(45, temperature_k=450)]


@pytest.mark.parametrize("technology", OUTSIDE, ids=str)
def test_outside_of_the_table_is_an_error(technology: Technology) -> None:
    with pytest.raises(CannotPrice, match="`extrapolate: true`"):
        transistors(technology)
