"""`polymap verify`: results are confirmed, whatever was changed in a document is found, bad files are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polymap import verbs
from polymap.cli import main
from polymap.mapper.digest import canonical, digest
from polymap.mapper.restore import restored
from polymap.mapper.result import Result
from polymap.mapping import mapping
from polymap.model.conventions import POLYMAP, TIMELOOP, Conventions
from polymap.workload import Einsum, einsum, workload

ARCH = """\
polymap: architecture/1
name: tiny
clock: 200 MHz
hierarchy:
  - memory: DRAM
    width: 16 b
    energy: {read: 200 pJ, write: 200 pJ}
    bandwidth: 1.6 GB/s
  - array: PE
    shape: {X: 2}
  - memory: RF
    width: 16 b
    capacity: 512 b
    energy: {read: 1.1 pJ, write: 1 pJ}
    leakage: 1 mW
  - compute: MAC
    energy: 1 pJ
"""
GEMM = einsum("C[m,n] += A[m,k] * B[k,n]", name="gemm", m=4, n=2, k=4)
NET = {
    "name": "net",
    "einsum": "C[m,n] += A[m,k] * B[k,n]",
    "layers": [
        {"name": "first", "repeat": 2, "ranks": {"m": 4, "n": 2, "k": 2}},
        {"name": "second", "ranks": {"m": 2, "n": 2, "k": 4}},
    ],
}
Document = dict[str, Any]
Verify = Callable[..., int]


@pytest.fixture(scope="module")
def optimum() -> Document:
    """The document of a proven result, as JSON holds it."""
    return dict(json.loads(verbs.optimize(GEMM, ARCH, objective="edp").to_json()))


@pytest.fixture(scope="module")
def network() -> Document:
    return dict(json.loads(verbs.optimize(NET, ARCH).to_json()))


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    """Runs the command on a document in a file called result.json."""

    def run(document: object, *options: str) -> int:
        path = tmp_path / "result.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return main(["verify", str(path), *options])

    return run


def changed(document: Document, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Document:
    copy: Any = json.loads(json.dumps(document))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = change(at[path[-1]])
    return dict(copy)


def differences(document: Document, **inputs: Any) -> list[str]:
    return [check.name for check in verbs.verify(document, **inputs).differences]


def evaluated(work: Einsum, nest: str, conventions: Conventions = POLYMAP) -> Result:
    from polymap.architecture import architecture

    cost = verbs.evaluate(work, ARCH, mapping(nest), conventions=conventions)
    return Result("evaluated", None, None, None, mapping(nest), cost, work, architecture(ARCH), conventions)


def test_a_result_is_confirmed_number_by_number(optimum: Document, verify: Verify, capsys: Any) -> None:
    assert verify(optimum, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["status"]) == ("polymap.verification/1", "confirmed")
    counted = {check["name"]: check for check in said["checks"] if check["name"].startswith("counts.")}
    for row in optimum["levels"]:
        for quantity in ("reads", "fills", "updates", "instances"):
            check = counted[f"counts.{row['level']}.{row['tensor']}.{quantity}"]
            assert (check["found"], check["method"]) == (row[quantity], "integer sets")


def test_the_table_says_what_was_confirmed_and_how(optimum: Document, verify: Verify, capsys: Any) -> None:
    assert verify(optimum) == 0
    said = capsys.readouterr().out
    assert "counts of A (" in said
    assert "integer sets" in said
    assert "0 differences: confirmed" in said


def test_a_folder_stands_for_its_result(tmp_path: Path, capsys: Any) -> None:
    files = {name: str(tmp_path / name) for name in ("arch.yaml", "work.yaml", "best")}
    Path(files["arch.yaml"]).write_text(ARCH)
    Path(files["work.yaml"]).write_text(
        'polymap: workload/1\nname: g\neinsum: "C[m] += A[m,k] * B[k]"\nranks: {m: 4, k: 2}\n'
    )
    assert main(["optimize", files["arch.yaml"], files["work.yaml"], "-o", files["best"]]) == 0
    assert main(["verify", files["best"]]) == 0
    assert main(["verify", files["best"], "--architecture", files["arch.yaml"], "--workload", files["work.yaml"]]) == 0


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("levels", 0, "reads"), "levels[0].reads"),
        (("levels", 1, "tile_elements"), "levels[1].tile_elements"),
        (("levels", 0, "energy_pj"), "levels[0].energy_pj"),
        (("totals", "cycles"), "totals.cycles"),
        (("compute", "computes"), "compute.computes"),
        (("components", 0, "leakage_pj"), "components[0].leakage_pj"),
        (("objective", "value"), "objective.value"),
    ],
)
def test_a_number_that_was_changed_is_found(optimum: Document, path: tuple[str | int, ...], found: str) -> None:
    assert found in differences(changed(optimum, path, lambda number: number + 1))


def test_a_difference_is_listed_and_ends_with_1(optimum: Document, verify: Verify, capsys: Any) -> None:
    cycles = optimum["totals"]["cycles"]
    assert verify(changed(optimum, ("totals", "cycles"), lambda _: 7)) == 1
    said = capsys.readouterr().out
    assert f"  totals.cycles: stated 7, found {cycles}" in said
    assert said.count("DIFFERENT") == 1


def test_a_bound_above_the_value_is_found(optimum: Document) -> None:
    raised = changed(optimum, ("objective", "lower_bound"), lambda bound: 2 * bound)
    assert {"objective.lower_bound", "status"} <= set(differences(raised))
    lowered = changed(optimum, ("objective", "lower_bound"), lambda bound: bound / 2)
    assert differences(lowered) == ["objective.gap", "status"]


def test_inputs_that_were_changed_do_not_match_their_hashes(optimum: Document) -> None:
    cheaper = changed(optimum, ("inputs", "architecture", "value", "hierarchy", 0, "read_pj"), lambda _: "1")
    assert "inputs.architecture.sha256" in differences(cheaper)
    assert "totals.energy_pj" in differences(cheaper)
    smaller = changed(optimum, ("inputs", "workload", "sha256"), lambda text: text[::-1])
    assert differences(smaller) == ["inputs.workload.sha256"]


def test_an_illegal_mapping_is_a_difference(optimum: Document) -> None:
    nest = [node for node in optimum["mapping"] if not (isinstance(node, dict) and node.get("storage") == "DRAM")]
    assert differences(changed(optimum, ("mapping",), lambda _: nest)) == ["mapping"]


def test_other_inputs_than_those_of_the_result_are_found(optimum: Document) -> None:
    assert "inputs.architecture.sha256" in differences(optimum, arch=ARCH.replace("200 pJ", "100 pJ"))
    assert differences(optimum, arch=ARCH, work=GEMM) == []


def test_a_document_without_its_inputs_says_how_to_give_them(optimum: Document, verify: Verify, capsys: Any) -> None:
    bare = json.loads(json.dumps(optimum))
    del bare["inputs"]["architecture"]["value"]
    assert verify(bare) == 1
    said = capsys.readouterr().err
    assert "(inputs.architecture.value): the document does not carry its architecture" in said
    assert "mend: give the architecture with --architecture" in said
    assert differences(bare, arch=ARCH) == []


def test_a_network_is_confirmed_layer_by_layer_and_as_a_whole(network: Document, verify: Verify, capsys: Any) -> None:
    assert verify(network) == 0
    said = capsys.readouterr().out
    assert "first   counts of A (" in said
    assert "second  counts of A (" in said


def test_a_change_in_a_network_is_found(network: Document) -> None:
    assert differences(changed(network, ("totals", "cycles"), lambda n: n + 1)) == ["totals.cycles"]
    assert differences(changed(network, ("layers", 1, "levels", 0, "reads"), lambda n: n + 1)) == ["levels[0].reads"]
    assert "totals.energy_pj" in differences(changed(network, ("layers", 0, "repeat"), lambda n: n + 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "result.json:1:2: this is no JSON"),
        ('{"a": NaN}', "result.json: this is no JSON: NaN is no number of JSON"),
        ("[]", "an object with keys belongs here"),
        ("{}", "(schema): this is no polymap.result/1 document"),
        ('{"schema": "polymap.result/1"}', "(inputs): an object with keys belongs here"),
        ('{"schema": "polymap.result/1", "layers": [{"name": "a"}]}', "the layer has no name or no repeat count"),
    ],
)
def test_what_is_no_result_is_refused(text: str, message: str, verify: Verify, capsys: Any) -> None:
    assert verify(text) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("key", ["mapping", "conventions", "status", "objective", "inputs"])
def test_a_section_that_cannot_be_read_is_named(optimum: Document, key: str, verify: Verify, capsys: Any) -> None:
    assert verify(changed(optimum, (key,), lambda _: 3)) == 1
    assert f"({key})" in capsys.readouterr().err


def test_a_missing_file_is_refused(capsys: Any) -> None:
    assert main(["verify", "nowhere.json"]) == 1
    assert "nowhere.json: cannot be read: No such file or directory" in capsys.readouterr().err


def test_counts_of_a_triangle_are_confirmed() -> None:
    work = einsum("S[i,j] += Q[i] * K[j]", i=4, j=4, domain="{ [i,j] : j <= i }")
    nest = "DRAM holds S Q K\nfor i in 2\nRF holds S Q K\nfor i in 2\nfor j in 4\ncompute"
    document = json.loads(evaluated(work, nest).to_json())
    assert document["totals"]["computes"] == 10
    assert differences(document) == []


def test_another_tools_walk_is_recomputed_but_not_counted() -> None:
    result = evaluated(GEMM, "DRAM holds A B C\nfor k in 4\nRF holds A B C\nfor m in 4\nfor n in 2\ncompute", TIMELOOP)
    found = verbs.verify(result)
    assert found.status == "confirmed"
    methods = {check.method for check in found.checks if check.group == "counts of A"}
    assert methods == {"not counted: conventions timeloop follow another tool's walk"}


@pytest.mark.parametrize("name", ["eyeriss_like", "teaching"])
def test_an_architecture_is_restored_from_its_canonical_form(name: str) -> None:
    from polymap.architecture import Architecture, architecture

    value = architecture(name)
    assert restored(json.loads(json.dumps(canonical(value))), Architecture) == value


@pytest.mark.parametrize("name", ["causal_attention", "conv1d", "gemm_64"])
def test_an_einsum_is_restored_from_its_canonical_form(name: str) -> None:
    value = workload(name)
    again = restored(json.loads(json.dumps(canonical(value))), Einsum)
    assert again == value
    assert digest(again) == digest(value)


def test_data_of_another_form_is_not_restored() -> None:
    good: Any = canonical(GEMM)
    with pytest.raises(ValueError, match="a Einsum of another version of polymap: colour"):
        restored({**good, "colour": "red"}, Einsum)
    with pytest.raises(ValueError, match="3 stands where str belongs"):
        restored({**good, "name": 3}, Einsum)
    with pytest.raises(ValueError, match="this is no Einsum"):
        restored({**good, "type": "Tensor"}, Einsum)
