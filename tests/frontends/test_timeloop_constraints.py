"""Timeloop's constraint sections become statements that leave the same search space; what they cannot say is told."""

from __future__ import annotations

from functools import cache
from itertools import combinations, permutations
from math import prod
from pathlib import Path

import pytest

import polymap as pm
from polymap.cli import main
from polymap.constraints.bind import Limits, bind
from polymap.constraints.check import check_names
from polymap.frontends.timeloop import Converted, convert
from tests.frontends.inputs import written
from tests.frontends.searches import SEARCHES, Search


def limits(found: Converted) -> Limits:
    rules, arch = pm.constraints(found.constraints), pm.architecture(found.architecture)
    work = pm.workload(found.workload)
    assert isinstance(work, pm.Einsum)
    check_names(rules, [work], arch)
    return bind(rules, work, arch)


@pytest.fixture(params=SEARCHES, ids=lambda search: search.name)
def search(request: pytest.FixtureRequest) -> Search:
    found: Search = request.param
    return found


def test_the_search_space_has_as_many_factorisations_as_that_tool_counted(search: Search, tmp_path: Path) -> None:
    left = limits(convert(search.files(tmp_path)))
    assert prod(factorisations(left, rank, size) for rank, size in left.einsum.ranks) == search.factorisations


def factorisations(left: Limits, rank: str, size: int) -> int:
    """Ways to split one rank among the temporal loops of every memory and the spatial ones of every array."""
    memories = [memory.name for memory in left.architecture.memories]
    arrays = left.architecture.arrays

    def may(place: int, factor: int) -> bool:
        if place < len(memories):
            return factor == 1 or left.allows_loops(memories[place], ((rank, factor),))
        array = arrays[place - len(memories)]
        return any(left.allows_unrolling(array.name, {dim: {rank: factor}}) for dim, _ in array.shape)

    @cache
    def ways(rest: int, place: int) -> int:
        if place == len(memories) + len(arrays):
            return int(rest == 1)
        factors = (factor for factor in range(1, rest + 1) if rest % factor == 0)
        return sum(ways(rest // factor, place + 1) for factor in factors if may(place, factor))

    return ways(size, 0)


def test_the_search_space_has_as_many_orders_as_that_tool_counted(search: Search, tmp_path: Path) -> None:
    left = limits(convert(search.files(tmp_path)))
    assert prod(orders(left, memory.name) for memory in left.architecture.memories[:-1]) == search.orders


def orders(left: Limits, memory: str) -> int:
    """Orders of all the loops that a memory may have; that tool counts dimensions of one point, too."""
    free = [rank for rank in left.einsum.sizes if left.allows_loops(memory, ((rank, 2),))]
    nests = (tuple((rank, 2) for rank in order) for order in permutations(free))
    return sum(left.allows_loops(memory, nest) for nest in nests)


def test_as_many_ways_to_keep_are_left_as_that_tool_counted(search: Search, tmp_path: Path) -> None:
    left = limits(convert(search.files(tmp_path)))
    tensors = [tensor.name for tensor in left.einsum.tensors]
    subsets = [kept for count in range(len(tensors) + 1) for kept in combinations(tensors, count)]
    memories = left.architecture.memories
    assert prod(sum(left.allows_kept(memory.name, kept) for kept in subsets) for memory in memories) == search.keeps


def test_the_mapping_that_was_found_meets_the_statements(search: Search, tmp_path: Path) -> None:
    found = convert(search.files(tmp_path, mapped=True))
    assert limits(found).violations(pm.mapping(found.mapping)) == []


def test_files_of_a_search_need_no_mapping(tmp_path: Path) -> None:
    assert main(["convert", *SEARCHES[0].files(tmp_path), "-o", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "architecture.yaml",
        "constraints.yaml",
        "workload.yaml",
    ]


# one statement at a time


def stated(folder: Path, *targets: str, **changes: tuple[str, str]) -> Converted:
    files, listed = written(folder, changes), "".join(f"  - {target}\n" for target in targets)
    (folder / "limits.yaml").write_text(f"mapspace_constraints:\n  targets:\n{listed}")
    return convert([*files, str(folder / "limits.yaml")])


def said(folder: Path, *targets: str, **changes: tuple[str, str]) -> dict[str, object]:
    """What is said beyond that the outermost memory keeps everything."""
    document = dict(stated(folder, *targets, **changes).constraints)
    assert document.pop("polymap") == "constraints/1"
    assert document.pop("keep")["DRAM"] == {"must": ["Weights", "Inputs", "Outputs"]}
    return document


@pytest.mark.parametrize(
    ("target", "document"),
    [
        ("{target: GLB, type: temporal, factors: R=1 P=4}", {"loops": {"GLB": {"never": ["R"], "factors": {"P": 4}}}}),
        ("{target: GLB, type: temporal, factors: P=0}", {"loops": {"GLB": {"factors": {"P": "whole"}}}}),
        (
            "{target: GLB, type: temporal, factors: [P<=4, K4]}",
            {"loops": {"GLB": {"factors": {"P": "at most 4", "K": "whole"}}}},
        ),
        ("{target: GLB, type: temporal, permutation: PR}", {"loops": {"GLB": {"order": "... R P"}}}),
        ("{target: GLB, type: temporal, permutation: 'P, R, K'}", {"loops": {"GLB": {"order": "K R P"}}}),
        ("{target: GLB, type: temporal, factors: R=1 P=1 K=1, permutation: PRK}", {"loops": {"GLB": {"only": []}}}),
        ("{target: 1, type: temporal, factors: P=4}", {"loops": {"GLB": {"factors": {"P": 4}}}}),
        ("{target: GLB, type: spatial, factors: K<=2}", {"parallel": {"GLB_array": {"factors": {"K": "at most 2"}}}}),
        (
            "{target: GLB, constraints: [{type: spatial, factors: K=2}]}",
            {"parallel": {"GLB_array": {"factors": {"K": 2}}}},
        ),
        ("{name: RF, type: utilization, min: 0.5}", {"utilization": {"MAC": "at least 0.5"}}),
    ],
)
def test_a_target_becomes_statements(target: str, document: dict[str, object], tmp_path: Path) -> None:
    assert said(tmp_path, target) == document


@pytest.mark.parametrize("kind", ["datatype", "dataspace", "bypass", "bypassing"])
def test_what_is_kept_and_bypassed_must_and_must_not_be_kept(kind: str, tmp_path: Path) -> None:
    found = stated(tmp_path, f"{{target: GLB, type: {kind}, keep: [Inputs], bypass: [Weights]}}")
    assert found.constraints["keep"]["GLB"] == {"must": ["Inputs"], "never": ["Weights"]}


def test_the_outermost_memory_keeps_all_that_it_is_not_told_to_bypass(tmp_path: Path) -> None:
    found = stated(tmp_path, "{target: DRAM, type: datatype, bypass: [Inputs]}")
    assert found.constraints["keep"]["DRAM"] == {"must": ["Weights", "Outputs"], "never": ["Inputs"]}


SQUARE = {
    "architecture": (
        "meshX: 4, meshY: 1, entries: 16}\n    - name: MAC[1..4]\n      class: intmac\n"
        "      attributes: {datawidth: 16, meshX: 4, meshY: 1}",
        "meshX: 2, meshY: 2, entries: 16}\n    - name: MAC[1..4]\n      class: intmac\n"
        "      attributes: {datawidth: 16, meshX: 2, meshY: 2}",
    ),
    "mapping": ("R=1 P=1 K=4, permutation: KRP, split: 1", "R=1 P=2 K=2, permutation: KRP, split: 1"),
    "problem": ("R: 3, P: 8, K: 4", "R: 3, P: 16, K: 2"),
}


@pytest.mark.parametrize(
    ("loops", "along"),
    [
        ("permutation: KRP, split: 1", {"GLB_array.X": {"only": ["K"]}, "GLB_array.Y": {"only": ["R", "P"]}}),
        ("permutation: KRP, split: 0", {"GLB_array.X": {"only": []}}),
        ("split: 3", {"GLB_array.Y": {"only": []}}),
        ("permutation: K, split: 1", {"GLB_array.X": {"only": ["K"]}, "GLB_array.Y": {"only": ["R", "P"]}}),
    ],
)
def test_a_split_says_which_ranks_run_along_x_and_along_y(loops: str, along: object, tmp_path: Path) -> None:
    assert said(tmp_path, f"{{target: GLB, type: spatial, {loops}}}", **SQUARE) == {"parallel": along}


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("{target: GLB, type: spatial, permutation: K, split: 2}", "a split among dimensions whose order is open"),
        ("{target: GLB, type: spatial, permutation: KRP}", "that X takes the first dimensions and Y the others"),
        ("{target: GLB, type: temporal, factors: P=400}", "P=400 is more than the 16 of the dimension"),
        ("{target: GLB, type: max_overbooked_proportion, proportion: 1}", "`max_overbooked_proportion` allows tiles"),
        ("{target: GLB, type: no_multicast, datatypes: [Inputs]}", "`no_multicast` is part of what a mapping says"),
        ("{target: GLB, type: temporal, no_temporal_reuse: [Inputs]}", "`no_temporal_reuse` is part of what a mapping"),
        ("{target: GLB, type: temporal, factor: P=4}", "is not a key here and is ignored; did you mean `factors`?"),
    ],
)
def test_what_cannot_be_said_is_told_with_its_place(target: str, told: str, tmp_path: Path) -> None:
    found = stated(tmp_path, target, **SQUARE)
    (line,) = [line for line in found.left_out if told in line]
    assert line.startswith(f"{tmp_path}/limits.yaml:3:")
    assert "(mapspace_constraints.targets[0]" in line


def test_the_order_of_spatial_loops_along_one_axis_is_told_to_be_left_open(tmp_path: Path) -> None:
    found = stated(tmp_path, "{target: GLB, type: spatial, permutation: KRP}")
    assert any("the order of spatial loops numbers the instances and is left open" in line for line in found.left_out)


def test_limits_of_a_level_that_keeps_nothing_are_told_to_bind_nothing(tmp_path: Path) -> None:
    every = "{target: GLB, type: bypass, bypass: [Weights, Inputs, Outputs]}"
    found = stated(tmp_path, every, "{target: GLB, type: temporal, factors: P=4}")
    assert any("GLB keeps nothing, so the loops there belong to the memory above" in line for line in found.left_out)


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("{target: L2, type: temporal}", "the architecture has no memory `L2`"),
        ("{target: GLB, type: temporary}", "`temporary` is no type of a constraint"),
        ("{target: GLB, type: temporal, factors: Z=1}", "cannot read the factors from `Z=1`"),
        (f"{{target: GLB, type: temporal, factors: P={'9' * 5000}}}", "cannot read the factors from `P=9"),
        ("{target: GLB, type: temporal, factors: P<=0}", "`P<=0` leaves no trip"),
        ("{target: GLB, type: temporal, permutation: PRP}", "`P` is no dimension, or is listed twice"),
        ("{target: GLB, type: datatype, keep: [Input]}", "`Input` is no tensor"),
        ("{target: DRAM, type: spatial, factors: P=1}", "DRAM has one child, so no loop can be spatial below it"),
        ("{target: GLB, type: utilization, min: 0.5}", "can be bounded at the innermost memory only"),
        ("{target: RF, type: utilization, min: 2}", "`2` is no share"),
    ],
)
def test_what_that_tool_refuses_too_is_a_mistake(target: str, wrong: str, tmp_path: Path) -> None:
    with pytest.raises(pm.SpecError, match=r"limits\.yaml:3") as caught:
        stated(tmp_path, target)
    assert wrong in str(caught.value)


def test_two_targets_of_one_type_for_a_level_are_a_mistake(tmp_path: Path) -> None:
    twice = "{target: GLB, type: temporal, factors: P=4}"
    with pytest.raises(pm.SpecError, match="a second temporal constraint for GLB"):
        stated(tmp_path, twice, twice)


def test_sections_of_both_kinds_hold_together(tmp_path: Path) -> None:
    files = written(tmp_path)
    one, other = "{target: GLB, type: temporal, factors: P=4}", "{target: RF, type: temporal, factors: P=2}"
    (tmp_path / "a.yaml").write_text(f"architecture_constraints: [{one}]\n")
    (tmp_path / "b.yaml").write_text(f"mapspace: {{template: uber, constraints: [{other}]}}\n")
    found = convert([*files, str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")])
    assert found.constraints["loops"] == {"GLB": {"factors": {"P": 4}}, "RF": {"factors": {"P": 2}}}
