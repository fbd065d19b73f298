"""`polymap explain ARCH WORKLOAD`: which limits bind, and how far a given mapping is from the optimum."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import polymap as pm
from polymap.cli import main

ARCH = """\
polymap: architecture/1
name: tiny
clock: 1 GHz
hierarchy:
  - memory: DRAM
    width: 16 b
    energy: {read: 100 pJ, write: 100 pJ}
    bandwidth: 16 b/cycle
  - memory: buffer
    width: 16 b
    capacity: 128 b
    energy: {read: 2 pJ, write: 2 pJ}
    may_keep: [input, weight, output]
  - array: PE
    shape: {X: 2}
  - compute: MAC
    energy: 1 pJ
"""
WORK = """\
polymap: workload/1
name: tiny
einsum: "C[m,n] += A[m,k] * B[k,n]"
ranks: {m: 4, n: 2, k: 4}
bits: 16
"""
MINE = """\
DRAM holds A B C
for m in 2
for k in 4
for n in 2
buffer holds A B C
parallel m in 2 on X
compute
"""
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {"arch.yaml": ARCH, "work.yaml": WORK, "mine.map": MINE}.items():
        (tmp_path / name).write_text(text)


def told(capsys: Capture, *options: str) -> Any:
    assert main(["explain", *options, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: Capture, *options: str) -> str:
    assert main(["explain", *options]) == 1
    found = capsys.readouterr()
    assert not found.out
    return found.err


def test_the_limits_of_an_optimum_are_told_with_what_their_steps_save(capsys: Capture) -> None:
    found = told(capsys, "arch.yaml", "work.yaml")
    limits = {(limit["kind"], limit["name"]): limit for limit in found["limits"]}
    assert list(limits) == [("bandwidth", "DRAM.shared"), ("capacity", "buffer"), ("fan-out", "X")]
    assert limits["bandwidth", "DRAM.shared"]["binds"] is False
    buffer = limits["capacity", "buffer"]
    assert buffer["binds"] is True
    assert [step["to"] for step in buffer["steps"]] == sorted((step["to"] for step in buffer["steps"]), key=bits)
    for step in buffer["steps"]:
        Path("grown.yaml").write_text(ARCH.replace("128 b\n", f"{step['to']}\n"))
        grown = pm.optimize("work.yaml", "grown.yaml")
        assert step["value"] == grown.value
        assert step["saves"] == pytest.approx(1 - step["value"] / found["best"]["value"])
        cost = pm.evaluate("work.yaml", "grown.yaml", "\n".join(step["mapping"]))
        assert cost.energy_pj == pytest.approx(step["value"] * 1e12)
    assert found["floor"]["value"] <= min(step["value"] for step in buffer["steps"])


def bits(text: str) -> int:
    number, unit = text.split()
    return int(number) * {"b": 1, "B": 8, "KiB": 8192}[unit]


def test_a_result_says_what_it_was_searched_for(capsys: Capture) -> None:
    assert main(["optimize", "arch.yaml", "work.yaml", "--objective", "latency", "-o", "best"]) == 0
    capsys.readouterr()
    found = told(capsys, "best", "--limits")
    assert found == told(capsys, "arch.yaml", "work.yaml", "--objective", "latency")
    assert found["objective"] == "latency"
    assert {limit["name"]: limit["binds"] for limit in found["limits"]}["DRAM.shared"] is True


def test_a_condition_is_a_limit(capsys: Capture) -> None:
    found = told(capsys, "arch.yaml", "work.yaml", "--subject-to", "cycles <= 40")
    limit = found["limits"][-1]
    assert (limit["kind"], limit["name"]) == ("condition", "cycles <= 40")
    assert limit["lifted"]["value"] == pm.optimize("work.yaml", "arch.yaml").value


FIRST, SECOND = (
    "polymap: constraints/1\nloops: {DRAM: {never: [m]}}\n",
    "polymap: constraints/1\ntiles: {buffer: {k: 1}}\n",
)


def test_statements_are_limits_with_their_places(capsys: Capture) -> None:
    Path("one.yaml").write_text(FIRST)
    Path("two.yaml").write_text(SECOND)
    found = told(capsys, "arch.yaml", "work.yaml", "--constraints", "one.yaml", "--constraints", "two.yaml")
    stated = [limit for limit in found["limits"] if limit["kind"] == "statement"]
    assert [limit["name"] for limit in stated] == ["DRAM never loops over m", "tiles in buffer: k 1"]
    assert [limit["place"] for limit in stated] == ["one.yaml:2:24", "two.yaml:2:21"]
    for limit, others in zip(stated, (["two.yaml"], ["one.yaml"]), strict=True):
        fewer = pm.optimize("work.yaml", "arch.yaml", constraints=others)
        assert limit["lifted"]["value"] == fewer.value
        assert limit["binds"] == (limit["lifted"]["value"] < found["best"]["value"])
    assert any(limit["binds"] for limit in stated)


def test_a_mapping_and_its_changes_are_held_against_statements(capsys: Capture) -> None:
    Path("one.yaml").write_text(FIRST)
    Path("two.yaml").write_text(SECOND)
    message = refused(capsys, "arch.yaml", "work.yaml", "--mapping", "mine.map", "--constraints", "one.yaml")
    assert "one.yaml:2:24 (loops.DRAM.never[0]): 'DRAM never loops over m' is broken" in message
    assert "(mine.map: mapping[1], mapping[2], mapping[3])" in message
    found = told(capsys, "arch.yaml", "work.yaml", "--mapping", "mine.map", "--constraints", "two.yaml")
    assert found["best"]["value"] == pm.optimize("work.yaml", "arch.yaml", constraints="two.yaml").value
    changed = "\n".join(found["change"]["mapping"])
    assert pm.evaluate("work.yaml", "arch.yaml", changed, constraints="two.yaml").energy_pj < mine_energy()


def mine_energy() -> float:
    return pm.evaluate("work.yaml", "arch.yaml", MINE).energy_pj


def test_limits_as_text(capsys: Capture) -> None:
    assert main(["explain", "arch.yaml", "work.yaml"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("tiny on tiny: least energy ")
    assert lines[2].split() == ["limit", "of", "now", "binds", "with", "best", "saves"]
    assert any(line.startswith("bandwidth  DRAM.shared") and line.endswith("no") for line in lines)
    assert lines[-1].endswith("is the least capacity that helps")


def test_a_mapping_is_told_its_distance_and_the_change_that_helps_most(capsys: Capture) -> None:
    found = told(capsys, "arch.yaml", "work.yaml", "--mapping", "mine.map")
    best = pm.optimize("work.yaml", "arch.yaml")
    mine = pm.evaluate("work.yaml", "arch.yaml", MINE)
    assert found["best"]["value"] == best.value
    assert found["factor"] == pytest.approx(mine.energy_pj / best.energy_pj)
    assert found["factor"] > 1
    change = found["change"]
    cost = pm.evaluate("work.yaml", "arch.yaml", "\n".join(change["mapping"]))
    assert cost.energy_pj == change["energy_pj"]
    assert change["saves"] == pytest.approx(1 - cost.energy_pj / mine.energy_pj)
    assert found["changes"]["better"] >= 1


def test_the_distance_as_text(capsys: Capture) -> None:
    assert main(["explain", "arch.yaml", "work.yaml", "--mapping", "mine.map"]) == 0
    shown = capsys.readouterr().out
    assert "the change that helps most: " in shown
    assert "(line " in shown
    assert "mapping (- as given, + changed)" in shown


def test_an_optimal_mapping_is_told_so(capsys: Capture) -> None:
    Path("best.map").write_text(pm.optimize("work.yaml", "arch.yaml").mapping.text())
    assert main(["explain", "arch.yaml", "work.yaml", "--mapping", "best.map"]) == 0
    assert "none: the mapping is optimal" in capsys.readouterr().out


def test_an_illegal_mapping_is_told_with_its_file(capsys: Capture) -> None:
    Path("wrong.map").write_text(MINE.replace("for m in 2\n", ""))
    assert "wrong.map" in refused(capsys, "arch.yaml", "work.yaml", "--mapping", "wrong.map")


def test_a_mapping_that_breaks_a_condition_is_refused(capsys: Capture) -> None:
    told = refused(capsys, "arch.yaml", "work.yaml", "--mapping", "mine.map", "--subject-to", "cycles <= 3")
    assert "the mapping does not keep to 'cycles <= 3'" in told


def test_the_mistakes_of_all_inputs_are_told_at_once(capsys: Capture) -> None:
    told = refused(capsys, "none.yaml", "nothing.yaml", "--mapping", "no.map")
    assert all(name in told for name in ("none.yaml", "nothing.yaml", "no.map"))


@pytest.mark.parametrize(
    ("options", "stray"),
    [
        (("best", "--objective", "edp"), "--objective"),
        (("best", "--mapping", "mine.map"), "--mapping"),
        (("best", "--seed", "1"), "--seed"),
        (("best", "--limits", "--constraints", "rules.yaml"), "--constraints"),
        (("best", "--folder", "own"), "--folder"),
        (("best", "--limits", "--number", "cycles"), "--number"),
        (("arch.yaml", "work.yaml", "--number", "cycles"), "--number"),
        (("arch.yaml", "work.yaml", "--layer", "x"), "--layer"),
        (("arch.yaml", "work.yaml", "--limits", "--mapping", "mine.map"), "--limits"),
        (("a", "b", "c"), "not 3"),
    ],
)
def test_options_of_another_form_are_refused(options: tuple[str, ...], stray: str, capsys: Capture) -> None:
    assert stray in refused(capsys, *options)


def test_limits_are_those_of_the_factors_that_are_asked_for(capsys: Capture, tmp_path: Path) -> None:
    odd = WORK.replace("{m: 4, n: 2, k: 4}", "{m: 5, n: 1, k: 1}")
    (tmp_path / "odd.yaml").write_text(odd)
    asked = ["arch.yaml", "odd.yaml", "--objective", "latency", "--factors", "imperfect"]
    assert main(["optimize", *asked, "--json"]) == 0
    (tmp_path / "result.json").write_text(capsys.readouterr().out)
    value = json.loads((tmp_path / "result.json").read_text())["objective"]["value"]
    for found in (told(capsys, *asked), told(capsys, "result.json", "--limits")):
        assert found["best"]["value"] == value
        array = next(limit for limit in found["limits"] if limit["kind"] == "fan-out")
        assert [step["to"] for step in array["steps"]] == ["3", "4"]


def test_limits_of_a_document_are_those_under_its_statements(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(FIRST)
    asked = ["arch.yaml", "work.yaml", "--constraints", "rules.yaml"]
    assert main(["optimize", *asked, "--json"]) == 0
    (tmp_path / "result.json").write_text(capsys.readouterr().out)
    found, again = told(capsys, "result.json", "--limits"), told(capsys, *asked)
    for limit in (*found["limits"], *again["limits"]):
        del limit["place"]  # in the document there is no file
    assert found == again
    document = json.loads((tmp_path / "result.json").read_text())
    del document["inputs"]["constraints"]
    (tmp_path / "result.json").write_text(json.dumps(document))
    assert "does not carry the statements" in refused(capsys, "result.json", "--limits")


def test_an_array_grows_to_sizes_that_its_own_rules_can_fill(capsys: Capture, tmp_path: Path) -> None:
    """Of 5 instances that leak 4 work; 8 would, while one of 6 more than 4, or of 10 more than 8, is idle."""
    leaking = ARCH.replace("{X: 2}", "{X: {size: 5, may_unroll: [m]}}") + "    leakage: 100 mW\n"
    (tmp_path / "leaking.yaml").write_text(leaking)
    (tmp_path / "wide.yaml").write_text(WORK.replace("{m: 4, n: 2, k: 4}", "{m: 8, n: 3, k: 1}"))
    found = told(capsys, "leaking.yaml", "wide.yaml")
    array = next(limit for limit in found["limits"] if limit["kind"] == "fan-out")
    assert [step["to"] for step in array["steps"]] == ["8"]
    assert array["useless_up_to"] == "8"


def test_a_larger_array_that_cannot_be_used_as_much_as_is_asked_is_left_out(capsys: Capture) -> None:
    found = told(capsys, "arch.yaml", "work.yaml", "--subject-to", "utilization >= 0.4")
    array = next(limit for limit in found["limits"] if limit["kind"] == "fan-out")
    assert (array["binds"], array["steps"], array["useless_up_to"]) == (None, [], "4")
