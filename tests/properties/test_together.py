"""Everything that a query can say at once, against exhaustion: value, bound, ties, fronts, seeds, refusals."""

from __future__ import annotations

from hypothesis import assume, event, given
from hypothesis import strategies as st

from tests.properties.exact_engines import law
from tests.properties.strategies_together import PERFECT, SPACES, Together, tied, together
from tests.properties.together import Exhausted, check_front, check_optimum, conditions, limited, objectives
from tests.properties.together_conflicts import Clash, check_conflict

ALIKE = tuple(preset for preset in SPACES if preset.startswith("polymap"))
FOREIGN = tuple(preset for preset in SPACES if preset not in ALIKE)


@law(12)
@given(problem=together(ALIKE), data=st.data())
def test_no_mapping_is_better_under_the_conventions_polymap_and_near_them(
    problem: Together, data: st.DataObject
) -> None:
    exhausted = Exhausted(problem)
    event(check_optimum(exhausted, data.draw(objectives(problem)), data.draw(conditions(exhausted))))


@law(12)
@given(problem=together(FOREIGN), data=st.data())
def test_no_mapping_is_better_under_the_conventions_of_other_tools(problem: Together, data: st.DataObject) -> None:
    exhausted = Exhausted(problem)
    event(check_optimum(exhausted, data.draw(objectives(problem)), data.draw(conditions(exhausted))))


@law(4)
@given(problem=tied(), data=st.data())
def test_no_mapping_of_a_triangle_or_a_band_is_better(problem: Together, data: st.DataObject) -> None:
    exhausted = Exhausted(problem)
    event(check_optimum(exhausted, data.draw(objectives(problem)), data.draw(conditions(exhausted))))


@law(10)
@given(problem=together(), data=st.data())
def test_a_front_misses_no_point(problem: Together, data: st.DataObject) -> None:
    exhausted = Exhausted(problem)
    event(check_front(exhausted, data.draw(st.sampled_from(limited(problem))), data.draw(conditions(exhausted))))


@law(8)
@given(problem=together(factors=PERFECT, said=7), data=st.data())
def test_a_conflict_is_one_and_smallest_and_its_numbers_are_right(problem: Together, data: st.DataObject) -> None:
    machine = problem.roomy()
    assume(machine.is_small())
    exhausted = Exhausted(machine, judged=False)
    event(check_conflict(Clash(problem, exhausted, tuple(data.draw(conditions(exhausted))))))
