"""Constraint files: what is read, and what is said of what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

import polymap as pm
from polymap.constraints.amount import count_amount, exactly, share_amount
from polymap.constraints.check import check_names
from polymap.constraints.statements import Factor, Kept, Order, Ranks, Tile, Utilization

FILE = """\
polymap: constraints/1
name: row_stationary
source: where it comes from
keep:
  GLB: {must: [input, O], never: [weight]}
  psum_spad: {only: [output]}
parallel:
  PE: {must: [k], only: [k, s]}
  X: {never: [r, s], factors: {k: at most 4}}
loops:
  GLB: {never: [n], factors: {q: whole, p: [1, 2, 4]}, order: "... q p"}
  ifmap_spad: {only: []}
tiles:
  GLB: {p: multiple of 4, weight: {k: power of 2}}
utilization: {PE: at least 50 %, GLB: at most 0.9}
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(pm.SpecError) as caught:
        pm.constraints("polymap: constraints/1\n" + text)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_the_statements_of_several_files_stand_together_each_with_its_own_place(tmp_path: Path) -> None:
    files = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    for file, name in zip(files, ("one", "two"), strict=True):
        file.write_text(f"polymap: constraints/1\nname: {name}\ntiles: {{GLB: {{p: at most 4}}}}\n")
    both = pm.constraints(files)
    assert both.name == "one, two"
    assert [statement.place.file for statement in both.statements] == [str(file) for file in files]
    assert pm.constraints([both, {"keep": {"GLB": {"must": ["I"]}}}]).statements[-1] == Kept("GLB", "must", ("I",))
    with pytest.raises(pm.SpecError, match="one file says it once"):
        both.to_dict()


def test_the_mistakes_of_several_files_are_told_at_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text("polymap: constraints/1\ntiles: {GLB: {p: many}}\n")
    with pytest.raises(pm.SpecError) as caught:
        pm.constraints([tmp_path / "one.yaml", tmp_path / "two.yaml"])
    assert [Path(mistake.place.file).stem for mistake in caught.value.mistakes] == ["one", "two"]


def test_a_file_is_its_statements_one_for_each_that_could_stand_alone() -> None:
    assert pm.constraints(FILE).statements == (
        Kept("GLB", "must", ("input",)),
        Kept("GLB", "must", ("O",)),
        Kept("GLB", "never", ("weight",)),
        Kept("psum_spad", "only", ("output",)),
        Ranks("parallel", "PE", "must", ("k",)),
        Ranks("parallel", "PE", "only", ("k", "s")),
        Ranks("parallel", "X", "never", ("r",)),
        Ranks("parallel", "X", "never", ("s",)),
        Factor("parallel", "X", "k", count_amount("<= 4")),
        Ranks("loops", "GLB", "never", ("n",)),
        Factor("loops", "GLB", "q", count_amount("whole")),
        Factor("loops", "GLB", "p", exactly(1, 2, 4)),
        Order("GLB", (), ("q", "p")),
        Ranks("loops", "ifmap_spad", "only", ()),
        Tile("GLB", "", "p", count_amount("multiple of 4")),
        Tile("GLB", "weight", "k", count_amount("power of 2")),
        Utilization("PE", share_amount(">= 0.5")),
        Utilization("GLB", share_amount("<= 0.9")),
    )


def test_every_statement_has_its_words() -> None:
    assert [statement.text for statement in pm.constraints(FILE).statements] == [
        "GLB keeps input",
        "GLB keeps O",
        "GLB never keeps weight",
        "psum_spad keeps only output",
        "PE unrolls k",
        "PE unrolls only k, s",
        "X never unrolls r",
        "X never unrolls s",
        "unrolling on X: k <= 4",
        "GLB never loops over n",
        "loops of GLB: q whole",
        "loops of GLB: p one of 1, 2, 4",
        "loops of GLB: ... q p",
        "ifmap_spad loops over nothing",
        "tiles in GLB: p multiple of 4",
        "tile of weight in GLB: k power of 2",
        "utilization of PE: >= 0.5",
        "utilization of GLB: <= 0.9",
    ]


def test_every_statement_has_its_place(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(FILE)
    places = [statement.place for statement in pm.constraints(path).statements]
    assert {place.file for place in places} == {str(path)}
    assert [str(place).removeprefix(f"{path}:") for place in places][:9] == [
        "5:16 (keep.GLB.must[0])",
        "5:23 (keep.GLB.must[1])",
        "5:35 (keep.GLB.never[0])",
        "6:21 (keep.psum_spad.only)",
        "8:15 (parallel.PE.must[0])",
        "8:25 (parallel.PE.only)",
        "9:15 (parallel.X.never[0])",
        "9:18 (parallel.X.never[1])",
        "9:35 (parallel.X.factors.k)",
    ]


def test_the_same_comes_from_a_file_from_text_and_from_a_document(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(FILE)
    rules = pm.constraints(str(path))
    assert rules == pm.constraints(FILE) == pm.constraints(rules.to_dict()) == pm.constraints(rules.to_yaml())
    assert pm.constraints(rules) is rules


@pytest.mark.parametrize(
    ("written", "text", "allowed"),
    [
        (4, "4", [4]),
        ("= 4", "4", [4]),
        ("one of 2, 3", "one of 2, 3", [2, 3]),
        ("at least 11", ">= 11", [11, 12]),
        (">= 11", ">= 11", [11, 12]),
        ("at most 2", "<= 2", [1, 2]),
        ("2..4", ">= 2 and <= 4", [2, 3, 4]),
        ("multiple of 5", "multiple of 5", [5, 10]),
        ("divisor of 10", "divisor of 10", [1, 2, 5, 10]),
        ("power of 3", "power of 3", [1, 3, 9]),
        ("power of 2 and at least 2 and multiple of 4", "power of 2 and >= 2 and multiple of 4", [4, 8]),
        ("whole", "whole", [12]),
        ("none", "1", [1]),
    ],
)
def test_an_amount_allows_some_numbers(written: object, text: str, allowed: list[int]) -> None:
    amount = count_amount(written)
    assert str(amount) == text
    numbers = range(1, 13)
    assert [n for n, is_allowed in zip(numbers, amount.of(12).allowed(numbers)) if is_allowed] == allowed
    assert amount.of(12).least(12) == allowed[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keep: {GLB: {must: []}}", "the list is empty"),
        ("keep: {GLB: {may: [I]}}", "`may` is not a key here"),
        ("keep: {GLB: {}}", "nothing is said about GLB"),
        ("keep: {GLB: {must: I}}", "write `must: [I]`"),
        ("keep: {GLB: {must: [I, I]}}", "`I` is listed twice"),
        ("loops: {GLB: {factors: {p: 0}}}", "`0` is out of range"),
        ("loops: {GLB: {factors: {p: few}}}", "`few` is no amount"),
        ("loops: {GLB: {factors: {p: [1, x]}}}", "`x` is not a number"),
        ("loops: {GLB: {factors: {p: at most 2 and at least 4}}}", "no number is `<= 2 and >= 4`"),
        ("loops: {GLB: {factors: {p: power of 1}}}", "the powers of 1 are all the same"),
        ("loops: {GLB: {order: p before}}", "`p before` is no order of loops"),
        ("loops: {GLB: {order: [p, q]}}", "write one order as text: `order: p q`"),
        ("loops: {GLB: {order: [p, ..., q]}}", "write one order as text: `order: p ... q`"),
        ("loops: {GLB: {order: []}}", "the list is empty"),
        ("loops: {GLB: {order: 'p, q'}}", "leave the commas out: `p q`"),
        ("tiles: {GLB: {p: true}}", "`true` is no amount"),
        ("mapspace_constraints: []", "these are constraints of Timeloop"),
        ("x: 1", "known keys: polymap, name, source, keep, parallel"),
        ("loops: {GLB: {order: '...'}}", "`...` is no order of loops"),
        ("loops: {GLB: {order: p ... p}}", "`p ... p` is no order of loops"),
        ("loops: {GLB: {order: [p ... q ... r]}}", "`p ... q ... r` is no order of loops"),
        ("loops: {GLB: {order: p 3}}", "`3` is not a name"),
        ("tiles: {GLB: 4}", "`4` stands where `GLB` belongs"),
        ("tiles: {1: {p: 4}}", "`1` is not a name"),
        ("utilization: {PE: 2}", "`2` is no share"),
        ("utilization: {PE: power of 2}", "`power of 2` is no condition on a share"),
        ("utilization: {PE: at least 0.5 and at most 0.4}", "no share is `>= 0.5 and <= 0.4`"),
        ("utilization: {PE: [0.5]}", "a list stands where one value belongs"),
        ("prefer: {GLB: {must: [I]}}", "there are no wishes here: every statement is a rule"),
        ("kept: {GLB: {must: [I]}}", "did you mean `keep`?"),
        ("loops: {GLB: {factors: {p: >= 4}}}", 'write `">= 4"`, or in words `at least 4`'),
        ("loops:\n  GLB:\n    factors:\n      p: >= 4\n", 'write `">= 4"`, or in words `at least 4`'),
    ],
)
def test_what_cannot_be_read_is_said(text: str, said: str) -> None:
    assert any(said in mistake for mistake in mistakes(text)), mistakes(text)


def test_all_mistakes_are_told_at_once_with_their_places() -> None:
    found = mistakes("keep: {GLB: {must: []}}\nloops: {GLB: {factors: {p: few}, order: p p}}\n")
    assert [mistake.split(": ")[0] for mistake in found] == [
        "<text>:2:20 (keep.GLB.must)",
        "<text>:3:28 (loops.GLB.factors.p)",
        "<text>:3:41 (loops.GLB.order)",
    ]


ARCH = pm.architecture("eyeriss_like")
CONV = pm.einsum("O[k,p] += I[c,p+r] * W[k,c,r]", k=16, p=14, c=4, r=3)
FC = pm.einsum("O[k] += I[c] * W[k,c]", k=16, c=8)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keep: {GLBB: {must: [I]}}", "eyeriss_like has no memory `GLBB`\n    mend: did you mean `GLB`?"),
        (
            "keep: {GLB: {must: [inputs]}}",
            "the workload has no tensor or role `inputs`\n    mend: did you mean `input`?",
        ),
        ("parallel: {GLB: {never: [k]}}", "eyeriss_like has no array or dimension `GLB`"),
        ("parallel: {PE.Z: {never: [k]}}", "did you mean `PE.Y`?"),
        ("loops: {PE: {never: [k]}}", "eyeriss_like has no memory `PE`"),
        ("loops: {PE: {never: [k]}}", "say what it unrolls under `parallel:`"),
        ("parallel: {GLB: {never: [k]}}", "say what it loops over under `loops:`"),
        ("tiles: {GLB: {I: 4}}", "name the rank of its tiles, too, e.g. `I: {"),
        ("loops: {GLB: {never: [K]}}", "the workload has no rank `K`\n    mend: did you mean `k`?"),
        ("loops: {GLB: {order: k z ...}}", "the workload has no rank `z`"),
        ("loops: {GLB: {order: k p}}", "the order leaves out c, r"),
        ("tiles: {GLB: {I: {k: 4}}}", "I does not depend on k, so its tiles have no size along it"),
        ("keep: {every: {never: [I]}}", "eyeriss_like has no memory `every`"),
        ("loops: {GLB: {order: ... every}}", "the workload has no rank `every`"),
        ("loops: {GLB: {never: [every]}}", "the workload has no rank `every`"),
        ("utilization: {every: 1}", "eyeriss_like has no level `every`"),
        ("utilization: {DRAM: at most 0.5}", "DRAM has no capacity"),
    ],
)
def test_a_name_that_nobody_has_is_a_mistake(text: str, said: str) -> None:
    with pytest.raises(pm.SpecError) as caught:
        check_names(pm.constraints("polymap: constraints/1\n" + text), [CONV, FC], ARCH)
    assert said in str(caught.value)
    assert all(mistake.place.line == 2 for mistake in caught.value.mistakes)


def test_a_level_that_nobody_has_is_told_once_for_a_list_of_names() -> None:
    with pytest.raises(pm.SpecError) as caught:
        check_names(pm.constraints("polymap: constraints/1\nloops: {L: {never: [k, p]}}\n"), [CONV], ARCH)
    assert [mistake.place.path for mistake in caught.value.mistakes] == ["loops.L.never[0]"]


def test_a_layer_may_lack_what_another_layer_has() -> None:
    rules = pm.constraints({"loops": {"GLB": {"never": ["p"]}}, "keep": {"GLB": {"must": ["input5"]}}})
    check_names(rules, [FC, CONV], ARCH)
    with pytest.raises(pm.SpecError, match="no rank `p`"):
        check_names(rules, [FC], ARCH)
