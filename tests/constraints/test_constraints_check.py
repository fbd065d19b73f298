"""What a mapping is told about the statements it breaks, and statements that no mapping meets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import polymap as pm
from polymap.cli import main
from polymap.constraints.bind import bind
from polymap.constraints.check import check_names, impossible

ARCH = pm.architecture("eyeriss_like")
CONV = pm.einsum("O[k,p] += I[c,p+r] * W[k,c,r]", k=16, p=14, c=4, r=3)
NEST = pm.mapping(
    """
    DRAM holds I W O
    for k in 2
    GLB holds I O
    for p in 7
    for c in 2
    parallel r in 3 on Y
    parallel k in 4 on X
    weights_spad holds W
    ifmap_spad holds I
    psum_spad holds O
    for k in 2
    for p in 2
    for c in 2
    compute
    """
)


def broken(said: dict[str, object], file: str = "") -> list[str]:
    return [str(mistake) for mistake in bind(pm.constraints(said), CONV, ARCH).violations(NEST, file)]


@pytest.mark.parametrize(
    ("said", "how"),
    [
        (
            {"keep": {"GLB": {"must": ["weight"]}}},
            "keep.GLB.must[0]: 'GLB keeps weight' is broken: GLB keeps I O (mapping[2])",
        ),
        (
            {"parallel": {"X": {"only": ["p"]}}},
            "parallel.X.only: 'X unrolls only p' is broken: k is unrolled by 4 on PE.X (mapping[5], mapping[6])",
        ),
        (
            {"loops": {"GLB": {"factors": {"p": 14, "k": "at least 2"}}}},
            "loops.GLB.factors.p: 'loops of GLB: p 14' is broken: the loops of GLB over p make 7 trips"
            " (mapping[3], mapping[4])\n"
            "loops.GLB.factors.k: 'loops of GLB: k >= 2' is broken: the loops of GLB over k are none"
            " (mapping[3], mapping[4])",
        ),
        (
            {"loops": {"psum_spad": {"order": "... k p"}}},
            "loops.psum_spad.order: 'loops of psum_spad: ... k p' is broken: the loops of psum_spad run k p c,"
            " outermost first (mapping[10], mapping[11], mapping[12])",
        ),
        (
            {"tiles": {"GLB": {"p": "multiple of 4"}}},
            "tiles.GLB.p: 'tiles in GLB: p multiple of 4' is broken: the tile of I in GLB is 14 along p (mapping[2])\n"
            "tiles.GLB.p: 'tiles in GLB: p multiple of 4' is broken: the tile of O in GLB is 14 along p (mapping[2])",
        ),
        (
            {"utilization": {"PE": "at least 0.5"}},
            "utilization.PE: 'utilization of PE: >= 0.5' is broken: 1/14 of the instances work"
            " (mapping[5], mapping[6])",
        ),
        (
            {"utilization": {"psum_spad": 1}},
            "utilization.psum_spad: 'utilization of psum_spad: 1' is broken: the tiles take 1/6 of psum_spad"
            " (mapping[9])",
        ),
    ],
)
def test_a_broken_statement_is_told_with_its_words_the_numbers_and_the_nodes(said: dict[str, object], how: str) -> None:
    assert "\n".join(broken(said)) == how


def test_a_mapping_that_meets_all_is_told_nothing() -> None:
    said = {
        "keep": {"GLB": {"must": ["input", "output"], "never": ["weight"]}},
        "parallel": {"PE": {"only": ["k", "r"], "must": ["r"]}, "X": {"factors": {"k": "power of 2"}}},
        "loops": {"GLB": {"order": "p before c", "never": ["k"], "factors": {"p": "1..7"}}},
        "tiles": {"GLB": {"r": "whole", "input": {"c": "multiple of 4"}}},
        "utilization": {"PE.Y": "at least 25 %", "MAC": "at least 0.07"},
    }
    assert broken(said) == []


def test_tiles_in_every_memory_are_meant_one_by_one() -> None:
    found = broken({"tiles": {"every": {"r": "whole"}}})
    assert [mistake.partition(" is broken: ")[2] for mistake in found] == [
        "the tile of W in weights_spad is 1 along r (mapping[7])",
        "the tile of I in ifmap_spad is 1 along r (mapping[8])",
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"loops": {"GLB": {"factors": {"k": 3}}}}, "rank k has 16 points; its factors are 1, 2, 4, 8, 16"),
        ({"loops": {"GLB": {"factors": {"k": "3..3"}}}}, "rank k has 16 points; its factors are 1, 2, 4, 8, 16"),
        ({"tiles": {"GLB": {"p": "multiple of 4"}}}, "rank p has 14 points; its factors are 1, 2, 7, 14"),
        ({"parallel": {"Y": {"factors": {"k": "whole"}}}}, "rank k has 16 points and PE has room for 12"),
        ({"keep": {"weights_spad": {"must": ["input"]}}}, "in the architecture, weights_spad cannot keep I"),
        ({"keep": {"GLB": {"never": ["I"]}}}, "in the architecture, GLB always keeps I"),
    ],
)
def test_what_no_mapping_meets_is_told_with_its_numbers(said: dict[str, object], why: str) -> None:
    found = impossible(bind(pm.constraints(said), CONV, ARCH), perfect=True)
    assert found
    assert all(why in str(mistake) for mistake in found)


def test_imperfect_factors_make_more_possible() -> None:
    assert impossible(bind(pm.constraints({"loops": {"GLB": {"factors": {"k": 3}}}}), CONV, ARCH), perfect=False) == []
    (mistake,) = impossible(
        bind(pm.constraints({"tiles": {"weights_spad": {"W": {"k": 17}}}}), CONV, ARCH), perfect=False
    )
    assert str(mistake) == (
        "tiles.weights_spad.W.k: no mapping meets 'tile of W in weights_spad: k 17': rank k has 16 points"
        "\n    mend: allow less"
    )


@pytest.mark.parametrize(
    ("said", "loops", "admitted"),
    [
        ({"factors": {"k": "at most 4"}}, (("k", 8),), False),
        ({"factors": {"k": "at least 4"}}, (("k", 2),), True),
        ({"factors": {"k": "divisor of 12"}}, (("k", 8),), False),
        ({"factors": {"k": [6, 9]}}, (("k", 3),), True),
        ({"factors": {"k": [6, 9]}}, (("k", 4),), False),
        ({"never": ["k"]}, (("p", 2),), True),
        ({"order": "... k"}, (("k", 2), ("p", 2)), False),
        ({"order": "... k"}, (("p", 2), ("c", 2)), True),
    ],
)
def test_loops_are_admitted_if_more_loops_could_mend_them(
    said: dict[str, object], loops: tuple[tuple[str, int], ...], admitted: bool
) -> None:
    assert bind(pm.constraints({"loops": {"GLB": said}}), CONV, ARCH).admits_loops("GLB", loops) == admitted


RULES = """\
polymap: constraints/1
parallel:
  PE: {only: [m]}
loops:
  buffer: {order: "... n k"}
"""


def evaluated(rules: Path, *more: str) -> int:
    return main(["evaluate", "teaching", "gemm_64", "teaching_gemm_64", "--constraints", str(rules), *more])


def test_evaluate_tells_the_statements_that_a_mapping_breaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    assert evaluated(rules) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"error: {rules}:3:14 (parallel.PE.only): 'PE unrolls only m' is broken: n is unrolled by 4 on PE"
        " (teaching_gemm_64: mapping[5], mapping[6])\n"
    )


def test_evaluate_tells_them_in_json_and_beside_broken_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules, nest = tmp_path / "rules.yaml", tmp_path / "short.map"
    rules.write_text(RULES)
    nest.write_text("DRAM holds A B C\nbuffer holds A C\nparallel n in 4 on X\nregisters holds A B C\ncompute\n")
    assert main(["evaluate", "teaching", "gemm_64", str(nest), "--constraints", str(rules), "--json"]) == 1
    errors = json.loads(capsys.readouterr().out)["errors"]
    assert [(error["file"], error["line"], error["path"]) for error in errors][-1] == (
        str(rules),
        3,
        "parallel.PE.only",
    )
    assert {error["file"] for error in errors[:-1]} == {str(nest)}


def test_evaluate_prices_a_mapping_that_meets_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES.replace("[m]", "[m, n]"))
    assert evaluated(rules) == 0
    assert "4.186 uJ" in capsys.readouterr().out


def test_evaluate_refuses_names_that_nobody_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES.replace("[m]", "[M]"))
    assert evaluated(rules) == 1
    assert f"{rules}:3:14 (parallel.PE.only): the workload has no rank `M`" in capsys.readouterr().err


ROW_STATIONARY = """\
DRAM holds I W O
for p in 4
for c in 4
for k in 4
GLB holds I O
for q in 56
parallel p in 14 on X
parallel r in 3 on Y
parallel c in 4 on Y
weights_spad holds W
ifmap_spad holds I
psum_spad holds O
for c in 4
for s in 3
for k in 16
compute
"""


def test_the_shipped_statements_name_what_the_shipped_machine_and_networks_have() -> None:
    network = pm.workload("resnet18")
    assert isinstance(network, pm.Network)
    check_names(pm.constraints("row_stationary"), [layer.einsum for layer in network.layers], ARCH)


def test_a_row_stationary_mapping_meets_the_shipped_statements_and_others_do_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nest, other = tmp_path / "nest.map", tmp_path / "other.map"
    nest.write_text(ROW_STATIONARY)
    other.write_text(ROW_STATIONARY.replace("parallel r in 3 on Y\n", "for r in 3\n"))
    asked = ["evaluate", "eyeriss_like", "resnet18/layer1.x.conv"]
    assert main([*asked, str(nest), "--constraints", "row_stationary"]) == 0
    assert main([*asked, str(other), "--constraints", "row_stationary"]) == 1
    assert "'unrolling on PE.Y: r whole' is broken: r is unrolled by 1 on PE.Y" in capsys.readouterr().err


def test_evaluate_refuses_constraints_without_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "teaching", "gemm_64", "teaching_gemm_64", "--constraints", ""]) == 1
    assert "there is no file and no shipped name" in capsys.readouterr().err


def test_the_verb_tells_broken_statements_beside_broken_rules() -> None:
    short = "DRAM holds A B C\nbuffer holds A C\nparallel n in 4 on X\nregisters holds A B C\ncompute\n"
    with pytest.raises(pm.IllegalMapping) as caught:
        pm.evaluate("gemm_64", "teaching", short, constraints={"parallel": {"PE": {"only": ["m"]}}})
    *rules, statement = map(str, caught.value.mistakes)
    assert rules
    assert statement.startswith("parallel.PE.only: 'PE unrolls only m' is broken")
    with pytest.raises(pm.IllegalMapping) as caught:
        pm.evaluate("gemm_64", "teaching", "teaching_gemm_64", constraints={"parallel": {"PE": {"only": ["m"]}}})
    assert len(caught.value.mistakes) == 1
    met = {"parallel": {"PE": {"only": ["m", "n"]}}}
    cost = pm.evaluate("gemm_64", "teaching", "teaching_gemm_64", constraints=met)
    assert cost == pm.evaluate("gemm_64", "teaching", "teaching_gemm_64")


# what the words mean, one case each

SMALL = pm.architecture(
    {
        "name": "small",
        "clock": "1 GHz",
        "hierarchy": [
            {"memory": "DRAM", "width": "16 b", "energy": {"read": "9 pJ", "write": "9 pJ"}},
            {"array": "OUTER", "shape": {"X": 4}},
            {
                "memory": "buffer",
                "capacity": "64 B",
                "width": "16 b",
                "energy": {"read": "1 pJ", "write": "1 pJ"},
                "buffering": 2,
            },
            {"array": "LANE", "shape": {"X": 2, "Y": 2}},
            {"compute": "MAC", "energy": "1 pJ"},
        ],
    }
)
VECTORS = pm.einsum("C[i,j] += A[i] * B[j]", i=7, j=4)
IMPERFECT = pm.mapping(
    "DRAM holds A B C\nfor j in 2\nparallel i in 2 on OUTER.X\nbuffer holds A B C\n"
    "for i in 2\nfor j in 1\nfor j in 2\nparallel i in 2 on LANE.Y\ncompute"
)


def is_met(said: dict[str, object]) -> bool:
    rules = pm.constraints(said)
    check_names(rules, [VECTORS], SMALL)
    return not bind(rules, VECTORS, SMALL).violations(IMPERFECT)


@pytest.mark.parametrize(
    ("said", "met", "broken"),
    [
        # The trips of i multiply to 8, but a tile has no more points than the rank.
        ({"tiles": {"DRAM": {"i": 7}}}, "7", "8"),
        ({"tiles": {"buffer": {"A": {"i": 4}}}}, "4", "2"),
        # Loops of trip 1 are none; spatial loops are no temporal ones.
        ({"loops": {"buffer": {"factors": {"j": 2, "i": 2}}}}, "2", "4"),
        ({"loops": {"buffer": {"order": "i j"}}}, "i j", "j i"),
        ({"loops": {"buffer": {"order": "i ... j"}}}, "i ... j", "j ... i"),
        # `every` array, memory or rank is meant one by one.
        ({"parallel": {"every": {"factors": {"every": "at most 2"}}}}, "at most 2", "2"),
        ({"loops": {"every": {"factors": {"j": 2}}}}, "2", "4"),
        ({"loops": {"every": {"order": "i before j"}}}, "i before j", "j before i"),
        # Both dimensions of an array count, a dimension alone does not count the other.
        ({"parallel": {"LANE": {"factors": {"i": 2}}}}, "2", "4"),
        ({"parallel": {"LANE.X": {"factors": {"i": 1}}}}, "1", "2"),
        ({"utilization": {"LANE": "0.5"}}, "0.5", "1"),
        ({"utilization": {"LANE.Y": "1"}}, "1", "0.5"),
        # 2 x 2 of 16 instances; an array alone is used more.
        ({"utilization": {"MAC": "0.25"}}, "0.25", "0.5"),
        # (4 + 2 + 8) words of 16 bits, twice, in 512 bits.
        ({"utilization": {"buffer": "0.875"}}, "0.875", "0.4375"),
    ],
)
def test_a_statement_means_what_the_reference_says(said: dict[str, object], met: str, broken: str) -> None:
    assert is_met(said)
    assert not is_met(swapped(said, met, broken))


def swapped(said: object, old: str, new: str) -> object:
    """The same statements with another value."""
    if isinstance(said, dict):
        return {key: swapped(value, old, new) for key, value in said.items()}
    return type(said)(new) if str(said) == old else said


def test_an_array_alone_need_not_be_used_as_little_as_the_machine() -> None:
    asked = bind(pm.constraints({"utilization": {"MAC": "0.25"}}), VECTORS, SMALL)
    assert asked.allows_unrolling("LANE", {"Y": {"i": 2}})
    assert not asked.allows_unrollings({"LANE": {"Y": {"i": 2}}})
    assert asked.allows_unrollings({"LANE": {"Y": {"i": 2}}, "OUTER": {"X": {"i": 2}}})


def test_no_array_may_be_used_less_than_the_machine_must() -> None:
    asked = bind(pm.constraints({"utilization": {"MAC": "at least 0.5"}}), VECTORS, SMALL)
    assert not asked.allows_unrolling("LANE", {})


def test_a_rank_that_must_be_unrolled_has_a_factor_of_two_or_more() -> None:
    asked = bind(pm.constraints({"parallel": {"LANE": {"must": ["i"]}}}), VECTORS, SMALL)
    assert not asked.allows_unrolling("LANE", {"X": {"j": 2}})
    assert not asked.allows_unrolling("LANE", {"X": {"i": 1}})
    assert asked.allows_unrolling("LANE", {"X": {"i": 2}})


def test_a_tile_without_a_tensor_means_the_tensors_that_have_the_rank() -> None:
    asked = bind(pm.constraints({"tiles": {"buffer": {"i": 4}}}), VECTORS, SMALL)
    assert asked.allowed_tiles("buffer", "A", "i", [2, 4]) == [False, True]
    assert asked.allowed_tiles("buffer", "B", "i", [2, 4]) == [True, True]


def test_imperfect_loops_may_make_more_trips_than_the_rank_has_points() -> None:
    eight = bind(pm.constraints({"loops": {"buffer": {"factors": {"i": 8}}}}), VECTORS, SMALL)
    fourteen = bind(pm.constraints({"loops": {"buffer": {"factors": {"i": 14}}}}), VECTORS, SMALL)
    assert impossible(eight, perfect=False) == []
    assert impossible(fourteen, perfect=False)
