"""The judge of complete mappings against a walk over their nodes, and the questions of a search against the judge."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

import polymap as pm
from polymap.architecture.hierarchy import Architecture, Memory
from polymap.constraints.bind import Limits, bind
from polymap.constraints.check import check_names, impossible
from polymap.constraints.facts import Facts, facts
from polymap.mapping.nest import Mapping
from tests.constraints import drawn
from tests.properties import strategies, strategies_exact

EXAMPLES = settings(max_examples=40, deadline=None)


@st.composite
def problems(draw: st.DrawFn) -> tuple[pm.Einsum, Architecture, Mapping]:
    """Uneven mappings of boxes, with perfect or imperfect factors, on machines whose inner memories have capacities."""
    posed = draw(strategies.problems() | strategies_exact.boxes)
    room = draw(st.sampled_from((256, 4096)))
    outermost, *levels = posed.architecture.hierarchy
    bounded = (replace(level, capacity_bits=room) if isinstance(level, Memory) else level for level in levels)
    return posed.einsum, replace(posed.architecture, hierarchy=(outermost, *bounded)), posed.mapping


def several(einsum: pm.Einsum, architecture: Architecture) -> st.SearchStrategy[list[drawn.Said]]:
    return st.lists(drawn.statements(einsum, architecture), min_size=4, max_size=8)


def limits(said: list[drawn.Said], einsum: pm.Einsum, architecture: Architecture) -> Limits:
    rules = pm.constraints(drawn.document(said))
    check_names(rules, [einsum], architecture)
    return bind(rules, einsum, architecture)


@EXAMPLES
@given(st.data())
def test_the_judge_finds_what_a_walk_over_the_nodes_finds(data: st.DataObject) -> None:
    einsum, architecture, mapping = data.draw(problems())
    for said in data.draw(several(einsum, architecture)):
        assert said.holds(mapping) == (not limits([said], einsum, architecture).violations(mapping))


@EXAMPLES
@given(st.data())
def test_all_questions_are_answered_with_yes_exactly_if_nothing_is_broken(data: st.DataObject) -> None:
    einsum, architecture, mapping = data.draw(problems())
    said = data.draw(st.lists(drawn.statements(einsum, architecture), min_size=1, max_size=3))
    asked = limits(said, einsum, architecture)
    assert all(answers(asked, facts(einsum, architecture, mapping))) == (not asked.violations(mapping))


def answers(asked: Limits, told: Facts) -> list[bool]:
    """Every question that a search could ask on its way to a mapping."""
    return [
        *(asked.allows_kept(memory, names) for memory, names in told.kept.items()),
        *(asked.allows_unrolling(array, unrolling) for array, unrolling in told.unrollings.items()),
        asked.allows_unrollings(told.unrollings),
        *(asked.allows_tile(memory, t, tile) for memory, held in told.tiles.items() for t, tile in held.items()),
        *(asked.allows_tiles(memory, held) for memory, held in told.tiles.items()),
        *(asked.allows_loops(memory, loops) for memory, loops in told.loops.items()),
    ]


@EXAMPLES
@given(st.data())
def test_a_tile_is_judged_rank_by_rank_and_for_many_sizes_at_once(data: st.DataObject) -> None:
    einsum, architecture, _ = data.draw(problems())
    asked = limits([data.draw(drawn.tiles(einsum, architecture))], einsum, architecture)
    sizes = [1, 2, 3, 4, 6, 12]
    for memory in architecture.memories:
        for tensor in einsum.tensors:
            for rank in einsum.sizes:
                one_by_one = [asked.allows_tile(memory.name, tensor.name, {rank: size}) for size in sizes]
                assert asked.allowed_tiles(memory.name, tensor.name, rank, sizes) == one_by_one


@EXAMPLES
@given(st.data())
def test_some_of_the_loops_that_are_allowed_are_admitted(data: st.DataObject) -> None:
    einsum, architecture, mapping = data.draw(problems())
    for said in data.draw(several(einsum, architecture)):
        asked = limits([said], einsum, architecture)
        for memory, loops in facts(einsum, architecture, mapping).loops.items():
            some = tuple(loop for loop in loops if data.draw(st.booleans()))
            assert asked.admits_loops(memory, some) or not asked.allows_loops(memory, loops)


@EXAMPLES
@given(st.data())
def test_what_is_called_impossible_is_broken_by_every_mapping(data: st.DataObject) -> None:
    einsum, architecture, mapping = data.draw(problems())
    for said in data.draw(several(einsum, architecture)):
        asked = limits([said], einsum, architecture)
        assert asked.violations(mapping) or not impossible(asked, perfect=False)


@EXAMPLES
@given(st.data())
def test_a_document_is_written_back_as_it_was_read(data: st.DataObject) -> None:
    einsum, architecture, _ = data.draw(problems())
    said = data.draw(st.lists(drawn.statements(einsum, architecture), max_size=5))
    rules = pm.constraints(drawn.document(said))
    assert pm.constraints(rules.to_dict()) == rules
    assert pm.constraints(rules.to_yaml()) == rules
