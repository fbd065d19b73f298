"""`polymap explain`: any number of a result, its formula, and the conventions that decide it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sympy

from polymap.cli import main
from tests.cli.inputs import WORK, evaluated

ARCH = """\
polymap: architecture/1
name: tiny
clock: 1 GHz
hierarchy:
  - memory: DRAM
    width: 16 b
    energy: {read: 100 pJ, write: 100 pJ}
  - array: PE
    shape: {X: 2}
    network: {NETWORK}
  - memory: RF
    width: 16 b
    capacity: 512 b
    energy: {read: 1.25 pJ, write: 1 pJ}
    leakage: 1 mW
  - compute: MAC
    energy: 1 pJ
"""
NEST = """\
DRAM holds A B C
for k in 8
for m in 2
parallel n in 2 on X
RF holds A B C
for m in 2
compute
"""


def result(folder: Path, capsys: pytest.CaptureFixture[str], network: str = "hop: 2 pJ", nest: str = NEST) -> str:
    """The file of a priced mapping."""
    files = {"arch.yaml": ARCH.replace("NETWORK", network), "work.yaml": WORK, "nest.map": nest}
    return evaluated(folder, capsys, files)


def explained(capsys: pytest.CaptureFixture[str], file: str, *options: str) -> Any:
    assert main(["explain", file, *options, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_number_of_the_document_can_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = result(tmp_path, capsys)
    document = json.loads(Path(file).read_text())
    found = explained(capsys, file)
    for row in document["levels"]:
        for name in ("tile_elements", "instances", "reads", "fills", "updates", "energy_pj"):
            assert found[f"{row['level']}.{row['tensor']}.{name}"] == row[name]
    for row in document["networks"]:
        for name in ("words", "delivered", "word_hops", "link_words", "energy_pj"):
            assert found[f"{row['array']}.{row['tensor']}.to_{row['child']}.{name}"] == row[name]
    for row in document["components"]:
        for name in ("instances", "cycles", "occupied_bits", "leakage_pj"):
            assert found[f"{row['level']}.{name}"] == row[name]
    # Intervals are no counts: `polymap components --explain` and reports tell where they come from.
    totals = {name: value for name, value in document["totals"].items() if not isinstance(value, list)}
    assert {name: found[name] for name in totals} == totals


def test_every_number_is_what_its_formula_gives_for_the_trips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = result(tmp_path, capsys)
    for number, value in explained(capsys, file).items():
        found = explained(capsys, file, "--number", number)
        names = {entry["symbol"]: sympy.Symbol(entry["symbol"], positive=True) for entry in found["values"]}
        trips = {names[entry["symbol"]]: entry["trip"] for entry in found["values"]}
        formula = sympy.sympify(found["formula"], locals=names)
        assert float(formula.subs(trips)) == pytest.approx(value, rel=1e-15), number


def test_the_loops_of_the_values_are_those_of_the_formula(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(capsys, result(tmp_path, capsys), "--number", "DRAM.A.reads")
    assert found["formula"] == "k0*m0*m1"
    assert [(value["symbol"], value["trip"], value["loop"]) for value in found["values"]] == [
        ("k0", 8, "for k in 8"),
        ("m0", 2, "for m in 2"),
        ("m1", 2, "for m in 2"),
    ]


def test_only_the_choices_that_change_a_number_decide_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = result(tmp_path, capsys)
    # 64 tiles' elements come in and leave again: 56 partial sums are fetched back and read; 64 leave.
    reads = explained(capsys, file, "--number", "RF.C.reads")
    assert reads["value"] == 56 + 64
    assert [(choice["name"], choice["value"], choice["otherwise"]) for choice in reads["conventions"]] == [
        ("drains_are_read", True, 56)
    ]
    assert reads["conventions"][0]["sentence"].startswith("Writing a tile back to the parent reads it")
    assert explained(capsys, file, "--number", "DRAM.A.reads")["conventions"] == []


def test_other_presets_say_what_they_would_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(capsys, result(tmp_path, capsys, "multicast: true"), "--number", "RF.C.reads")
    assert found["presets"] == {"polymap": 120, "timeloop": 56, "accelforge": 120}


def test_a_network_that_is_not_modelled_has_no_energy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = result(tmp_path, capsys, "multicast: true")
    found = explained(capsys, file, "--number", "PE.A.to_RF.energy_pj")
    assert (found["value"], found["formula"]) == (None, None)
    assert main(["explain", file, "--number", "PE.A.to_RF.energy_pj"]) == 0
    assert capsys.readouterr().out.startswith("PE.A.to_RF.energy_pj = not modelled\n")


def test_a_count_over_short_last_tiles_is_a_sum_over_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = result(
        tmp_path, capsys, "multicast: true", NEST.replace("for k in 8", "for k in 3").replace("\nc", "\nfor k in 3\nc")
    )
    found = explained(capsys, file, "--number", "DRAM.A.reads")
    assert (found["value"], found["formula"]) == (32, None)
    crossing, m, k = found["arithmetic"][1:]
    assert (crossing["formula"], crossing["values"]) == ("m * k", "4 * 8")
    assert (k["formula"], k["note"]) == ("2*3 + 2", "2 times k in a tile of 3, once k in a tile of 2")
    assert (m["formula"], m["note"]) == ("2*2", "2 times m in a tile of 2")


def test_a_replay_names_the_visits_it_is_extrapolated_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = {**SLIDING, "work.yaml": SLIDING["work.yaml"].replace("p: 8", "p: 7")}
    file = evaluated(tmp_path, capsys, short, "--conventions", "timeloop")
    found = {line["name"]: line for line in explained(capsys, file, "--number", "DRAM.I.reads")["arithmetic"]}
    assert (found["DRAM.I.reads"]["values"], found["each"]["formula"], found["moved"]["formula"]) == (
        "9 * 1",
        "moved",
        "walked",
    )
    # Tiles of 4 that move by 2, the last one of 3: 4, and 2 twice, and 1.
    assert found["walked"]["values"] == "4 + 2 + 2 + 1"
    assert found["walked"]["details"][0] == "once 4 words at the first visit"


TEXT = """\
DRAM.A.reads = 32
  Elements read, all instances together: for the next inner level, to be added to, and to be written back where the \
conventions have it.

arithmetic
  DRAM.A.reads = crossing = 32
    crossing = k0*m0*m1 = 8*2*2 = 32
        what passes between here and the next inner level, equal copies once where the network shares them
        k0 = 8: for k in 8
        m0 = 2: for m in 2
        m1 = 2: for m in 2

decided by
  no convention: every preset counts it alike

presets
  polymap: 32
  timeloop: 32
  accelforge: 32
"""


def test_an_explanation_reads_from_the_number_to_the_presets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", result(tmp_path, capsys, "multicast: true"), "--number", "DRAM.A.reads"]) == 0
    assert capsys.readouterr().out == TEXT


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", *arguments]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def test_an_unknown_number_is_refused_with_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(capsys, result(tmp_path, capsys), "--number", "DRAM.A.read")
    assert "no number `DRAM.A.read`" in message
    assert "did you mean `DRAM.A.reads`?" in message


def test_a_document_without_its_inputs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path(result(tmp_path, capsys))
    document = json.loads(file.read_text())
    del document["inputs"]["workload"]["value"]
    file.write_text(json.dumps(document))
    said = refusal(capsys, str(file))
    assert "(inputs.workload.value): the document does not carry its workload" in said
    assert "mend: write the document again" in said


@pytest.mark.parametrize(
    ("name", "change"),
    [("workload", {"domain_text": "x"}), ("architecture", {"clock_hz": "0"})],
)
def test_inputs_from_which_nothing_can_be_computed_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, change: dict[str, str]
) -> None:
    file = Path(result(tmp_path, capsys))
    document = json.loads(file.read_text())
    document["inputs"][name]["value"].update(change)
    file.write_text(json.dumps(document))
    assert "(inputs): nothing can be computed from the inputs and the mapping" in refusal(capsys, str(file))


def test_a_network_needs_the_name_of_a_layer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = json.loads(Path(result(tmp_path, capsys)).read_text())
    layers = [{"name": name, "repeat": 1, **one} for name in ("first", "second")]
    (tmp_path / "result.json").write_text(json.dumps({"schema": "polymap.result/1", "layers": layers}))
    assert "give --layer with one of first, second" in refusal(capsys, str(tmp_path))
    assert "no layer is called 'third'" in refusal(capsys, str(tmp_path), "--layer", "third")
    assert explained(capsys, str(tmp_path), "--layer", "second")["cycles"] == one["totals"]["cycles"]


SLIDING = {
    "arch.yaml": ARCH.replace("NETWORK", "multicast: true"),
    "work.yaml": WORK.replace("C[m,n] += A[m,k] * B[k,n]", "O[p] += I[p+r] * W[r]").replace(
        "{m: 4, n: 2, k: 8}", "{p: 8, r: 3}"
    ),
    "nest.map": "DRAM holds I O W\nfor p in 2\nfor p in 2\nRF holds I O W\nfor p in 2\nfor r in 3\ncompute\n",
}


def test_a_sweep_that_goes_on_is_told_with_its_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluated(tmp_path, capsys, SLIDING)
    found = explained(capsys, str(tmp_path), "--number", "DRAM.I.reads")
    # Tiles of 4 that move by 2: 4 + 2 twice, or 4 + 2 + 2 + 2 where the overlap is kept as the outer loop moves on.
    assert found["value"] == 2 * (4 + 2)
    assert [(choice["name"], choice["otherwise"]) for choice in found["conventions"]] == [
        ("continuing_sweep", 10),
        ("tiles_stay", 16),
    ]
    assert found["presets"] == {"polymap": 12, "timeloop": 10, "accelforge": 16}


def test_a_walk_of_another_tool_is_named_as_what_decides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = result(tmp_path, capsys, "multicast: true", NEST.replace("for k in 8", "for k in 3\nfor k in 3"))
    found = explained(capsys, file, "--number", "cycles")
    # 8 of the 9 steps of k, or all of them, times 4 of m.
    assert (found["presets"], found["conventions"]) == ({"polymap": 32, "timeloop": 36, "accelforge": 32}, [])
    assert found["beyond"] == ["the own walk of conventions timeloop: they replay this mapping; timeloop counts 36"]
    assert main(["explain", file, "--number", "cycles"]) == 0
    said = capsys.readouterr().out
    assert "decided by\n  " + "\n  ".join(found["beyond"]) in said
    assert "counts it alike" not in said
    assert main(["explain", file, "--number", "area_um2"]) == 0
    assert "decided by\n  no convention: every preset counts it alike\n" in capsys.readouterr().out


def test_a_result_of_another_tools_walk_says_so_of_the_other_presets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = {**SLIDING, "work.yaml": SLIDING["work.yaml"].replace("p: 8", "p: 7")}
    evaluated(tmp_path, capsys, short, "--conventions", "timeloop")
    found = explained(capsys, str(tmp_path), "--number", "DRAM.I.reads")
    # Tiles of 4 that move by 2, the last one of 3: 4 + 2 and 4 + 1, or 4 + 2 + 2 + 1 where the overlap is kept.
    assert (found["value"], found["presets"]["polymap"]) == (9, 11)
    walk = "the own walk of conventions timeloop: they replay this mapping; polymap counts 11"
    assert found["beyond"][0] == walk
