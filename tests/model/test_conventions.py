"""Conventions are chosen by the name of a preset and the fields that differ from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import polymap as pm
from polymap.model.conventions import POLYMAP, PRESETS, TIMELOOP, Conventions, conventions


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_chosen_by_its_name(name: str) -> None:
    assert conventions(name) is PRESETS[name]
    assert conventions(PRESETS[name]) is PRESETS[name]


@pytest.mark.parametrize("text", ["timeloop,extrapolates=no", " timeloop , extrapolates = false "])
def test_a_field_is_chosen_after_the_preset(text: str) -> None:
    found = conventions(text)
    assert replace(found, name="timeloop") == replace(TIMELOOP, extrapolates=False)


def test_the_name_says_what_was_chosen_and_chooses_it_again() -> None:
    found = conventions("polymap, holes=exact, idle_instances_leak=no")
    assert found.name == "polymap,holes=exact,idle_instances_leak=no"
    assert conventions(found.name) == found
    assert (found.holes, found.idle_instances_leak) == ("exact", False)


@pytest.mark.parametrize("field", Conventions.sentences())
def test_every_field_can_be_chosen(field: str) -> None:
    value = "exact" if field == "holes" else "no" if getattr(POLYMAP, field) else "yes"
    assert getattr(conventions(f"polymap,{field}={value}"), field) != getattr(POLYMAP, field)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("timelop", "unknown conventions 'timelop'"),
        ("timeloop,extrapolate=no", "did you mean `extrapolates`"),
        (
            "timeloop,extrapolates",
            "does not choose a field of the conventions\n    mend: give it a value: yes, true, no",
        ),
        ("polymap,holes", "give it a value: hull, exact"),
        ("polymap,odd=yes", "write e.g. `first_updates_read=yes`; fields: drains_are_read, "),
        ("timeloop,name=mine", "does not choose a field"),
        ("timeloop,extrapolates=maybe", "'maybe' is no value of extrapolates"),
        ("polymap,holes=yes", "'yes' is no value of holes"),
    ],
)
def test_what_is_no_choice_is_told_with_the_mending(text: str, told: str) -> None:
    with pytest.raises(pm.SpecError) as caught:
        conventions(text)
    assert told in str(caught.value)


NARROW = """\
polymap: architecture/1
name: narrow
clock: 1 GHz
hierarchy:
- memory: DRAM
  width: 8 b
  energy: {read: 1 pJ, write: 1 pJ}
  bandwidth: {shared: 0.6 words/cycle}
  leakage: 1 mW
- {compute: MAC, energy: 1 pJ}
"""


@pytest.mark.parametrize(("choice", "cycles"), [("yes", 16), ("no", 15)])
def test_a_hair_above_a_whole_number_of_cycles_is_one_more_in_floats(choice: str, cycles: int) -> None:
    # 3 steps move 3 words each at 0.6 words per cycle: 15 cycles, but 3 / (0.6 / 3.0) is 15.000000000000002.
    cost = pm.evaluate(
        pm.einsum("Z[m] += A[m] * B[m]", m=3),
        pm.architecture(NARROW),
        pm.mapping("DRAM holds A B Z\nfor m in 3\ncompute"),
        conventions=f"timeloop,cycles_in_floats={choice}",
    )
    assert (cost.cycles, cost.components[0].cycles, cost.components[0].leakage) == (cycles, cycles, cycles)


def test_a_search_counts_cycles_exactly_and_says_so() -> None:
    work, machine = pm.einsum("Z[m] += A[m] * B[m]", m=3), pm.architecture(NARROW)
    best = pm.optimize(work, machine, objective="latency", conventions="timeloop")
    assert isinstance(best, pm.Result)
    assert best.conventions == conventions("timeloop,cycles_in_floats=no")
    assert (best.status, best.cost.cycles) == ("optimal", 15)
