"""`polymap verify`: results are confirmed, whatever was changed in a document is found, bad files are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from polymap import verbs
from polymap.cli import main
from polymap.errors import PolymapError, SpecError
from polymap.mapper.digest import canonical, digest
from polymap.mapper.document import seal
from polymap.mapper.restore import fingerprint, restored
from polymap.mapper.result import NetworkResult, Result
from polymap.mapping import mapping
from polymap.model.conventions import ACCELFORGE, POLYMAP, TIMELOOP, Conventions
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
    """The document with another value in one place, and a hash of its own that hides it."""
    return sealed(tampered(document, path, change))


def sealed(document: Document) -> Document:
    return {**document, "sha256": seal(document)}


def tampered(document: Document, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Document:
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
    assert "every class walked for a counterexample" in said
    assert "0 differences: confirmed\n" in said


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
    assert verify(sealed(bare)) == 1
    said = capsys.readouterr().err
    assert "(inputs.architecture.value): the document does not carry its architecture" in said
    assert "mend: give the architecture with --architecture" in said
    assert differences(sealed(bare), arch=ARCH) == []


def test_a_network_is_confirmed_layer_by_layer_and_as_a_whole(network: Document, verify: Verify, capsys: Any) -> None:
    assert verify(network) == 0
    said = capsys.readouterr().out
    assert "first   counts of A (" in said
    assert "second  counts of A (" in said


def test_a_change_in_a_network_is_found(network: Document) -> None:
    assert differences(changed(network, ("totals", "cycles"), lambda n: n + 1)) == ["totals.cycles"]
    assert differences(changed(network, ("layers", 1, "levels", 0, "reads"), lambda n: n + 1)) == ["levels[0].reads"]
    assert "totals.energy_pj" in differences(changed(network, ("layers", 0, "repeat"), lambda n: n + 1))


def test_a_network_without_a_layer_is_held_against_the_network_that_is_given() -> None:
    found = verbs.optimize(NET, ARCH)
    assert isinstance(found, NetworkResult)
    for layers in (found.layers[1:], ((9, found.layers[0][1]), *found.layers[1:])):
        less = json.loads(replace(found, layers=layers).to_json())
        assert differences(less) == []
        assert any(name.startswith("layers") for name in differences(less, work=NET))
    assert differences(json.loads(found.to_json()), work=NET) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema": "polymap.result/1"}', "(inputs): an object with keys belongs here"),
        ('{"schema": "polymap.result/1", "layers": [{"name": "a"}]}', "the layer has no name or no repeat count"),
    ],
)
def test_a_document_that_lacks_its_parts_is_refused(text: str, message: str, verify: Verify, capsys: Any) -> None:
    assert verify(text) == 1
    assert message in capsys.readouterr().err


def test_an_unknown_objective_is_told_with_its_place(optimum: Document, verify: Verify, capsys: Any) -> None:
    assert verify(changed(optimum, ("objective", "name"), lambda _: "edq")) == 1
    said = capsys.readouterr().err
    assert "result.json (objective.name): unknown objective 'edq'\n    mend: did you mean `edp`?" in said


@pytest.mark.parametrize("key", ["mapping", "conventions", "status", "objective", "inputs"])
def test_a_section_that_cannot_be_read_is_named(optimum: Document, key: str, verify: Verify, capsys: Any) -> None:
    assert verify(changed(optimum, (key,), lambda _: 3)) == 1
    assert f"({key})" in capsys.readouterr().err


def test_counts_of_a_triangle_are_confirmed() -> None:
    work = einsum("S[i,j] += Q[i] * K[j]", i=4, j=4, domain="{ [i,j] : j <= i }")
    nest = "DRAM holds S Q K\nfor i in 2\nRF holds S Q K\nfor i in 2\nfor j in 4\ncompute"
    document = json.loads(evaluated(work, nest).to_json())
    assert document["totals"]["computes"] == 10
    assert differences(document) == []


EVEN = "DRAM holds A B C\nfor k in 4\nRF holds A B C\nfor m in 4\nfor n in 2\ncompute"


@pytest.mark.parametrize("conventions", [TIMELOOP, ACCELFORGE])
def test_the_counts_of_other_presets_are_confirmed(conventions: Conventions) -> None:
    found = verbs.verify(evaluated(GEMM, EVEN, conventions))
    assert (found.status, found.differences) == ("confirmed", ())
    assert {check.method for check in found.checks if check.group == "counts of A"} == {"integer sets"}


def test_what_integer_sets_counted_is_looked_at_point_by_point() -> None:
    work = einsum("S[i,j] += Q[i] * K[j]", i=4, j=4, domain="{ [i,j] : i + j <= 4 }")
    nest = "DRAM holds S Q K\nfor i in 2\nRF holds S Q K\nfor i in 2\nfor j in 4\ncompute"
    found = verbs.verify(evaluated(work, nest))
    assert (found.status, found.differences) == ("confirmed", ())
    assert {check.method for check in found.checks if check.name.startswith("counts.")} == {"point by point"}


SHORT = "DRAM holds A B C\nfor k in 4\nfor m in 3\nRF holds A B C\nfor m in 2\nfor n in 2\ncompute"


def test_a_count_of_a_replay_says_what_is_exact_where_that_is_another(verify: Verify, capsys: Any) -> None:
    document = evaluated(replace(GEMM, ranks=(("m", 5), ("n", 2), ("k", 4))), SHORT, TIMELOOP).to_dict()
    assert verify(document) == 0
    said = capsys.readouterr().out
    # 4 * 3 steps of tiles of 2 and 2 columns are 48; the last one of each round has one row, 40 are run.
    assert "counts are another tool's" in said
    assert "    counts.compute_cycles: 48, exactly 40" in said


def test_the_verdict_tells_apart_what_was_counted_computed_and_not_proven(
    optimum: Document, verify: Verify, capsys: Any
) -> None:
    assert verify(optimum) == 0
    counted, proven, told, computed = capsys.readouterr().out.splitlines()[-4:]
    assert counted.startswith("  counted again independently: 47 (inputs.architecture.sha256, ")
    assert counted.endswith("counts of A, counts of B, counts of C, sha256)")
    assert computed.startswith("  computed again by the model only: ")
    assert "totals" in computed
    assert "objective.value" in computed
    assert proven == "  proven again independently: 3 (search.certificate.groups, objective.lower_bound, status)"
    assert told.startswith("    objective.lower_bound: no mapping below it in any of ")


def test_without_time_nothing_is_called_proven(optimum: Document, verify: Verify, capsys: Any) -> None:
    assert verify(optimum, "--time-limit", "0") == 0
    said = capsys.readouterr().out
    assert "confirmed, but for the lower bound and the status optimal, which are not proven again" in said
    assert "    objective.lower_bound: no mapping below it in 0 of " in said


def test_a_worse_mapping_that_is_called_optimal_is_refused_with_a_better_one() -> None:
    """Everything else in the document is right: numbers, legality, hashes."""
    best = verbs.optimize(GEMM, ARCH, objective="edp")
    worse = replace(evaluated(GEMM, EVEN), objective="edp", status="optimal", search=best.search)
    value = float(worse.cost.edp)
    assert value > (best.value or 0)
    document = json.loads(replace(worse, value=value, lower_bound=value).to_json())
    found = {check.name: check for check in verbs.verify(document).differences}
    assert set(found) == {"objective.lower_bound", "status"}
    told = found["objective.lower_bound"].found
    assert told.startswith("there is one: DRAM holds ")
    nest = mapping(told.partition(": ")[2].replace("; ", "\n") + "\ncompute")
    assert verbs.evaluate(GEMM, ARCH, nest).edp < worse.cost.edp


def test_mappings_of_perfect_factors_may_refute_a_claim_about_imperfect_ones_and_do_not_prove_it() -> None:
    best = verbs.optimize(GEMM, ARCH, objective="edp", factors="imperfect")
    found = {check.name: check for check in verbs.verify(json.loads(best.to_json())).checks}
    bound = found["objective.lower_bound"]
    assert (bound.proof, bound.agrees) == ("not proven again", True)
    assert bound.found == "no mapping below it in any of 4 classes of perfect factors; imperfect ones are not walked"
    worse = replace(evaluated(GEMM, EVEN), objective="edp", status="optimal", search=best.search)
    value = float(worse.cost.edp)
    document = json.loads(replace(worse, value=value, lower_bound=value).to_json())
    assert set(differences(document)) == {"objective.lower_bound", "status"}


def test_a_result_that_breaks_its_side_conditions_is_found(optimum: Document) -> None:
    cycles = optimum["totals"]["cycles"]
    narrowed = changed(optimum, ("search",), lambda search: {**search, "subject_to": [f"cycles <= {cycles - 1}"]})
    assert "search.subject_to" in differences(narrowed)


def test_the_bound_of_a_convolution_whose_tiles_sweep_on_is_proven_again() -> None:
    work = einsum("O[p] += I[p+r] * W[r]", p=8, r=3)
    document = dict(json.loads(verbs.optimize(work, ARCH, conventions="timeloop").to_json()))
    found = {check.name: check for check in verbs.verify(document).checks}
    assert found["objective.lower_bound"].proof == "proven again independently"


def test_what_cannot_be_walked_is_told(optimum: Document) -> None:
    found = verbs.verify(changed(optimum, ("search",), lambda search: {**search, "wishes": []}))
    (bound,) = (check for check in found.checks if check.name == "objective.lower_bound")
    assert (bound.proof, bound.found) == ("not proven again", "not checked: no walk yet under search.wishes")


def test_counts_that_were_not_counted_are_not_called_confirmed(
    verify: Verify, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = evaluated(GEMM, EVEN).to_dict()
    monkeypatch.setattr(import_module("polymap.workload.counting"), "BUDGET", 3)
    assert verify(document) == 0
    said = capsys.readouterr().out
    assert "0 differences: recomputed, not confirmed: " in said
    assert "counts are the model's alone" in said
    assert "not counted: " in said


def numbers(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where the numbers of a document stand."""
    if isinstance(value, (int, float)):
        yield path
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from numbers(value[key], (*path, key))


def found_by(document: Document, path: tuple[str | int, ...]) -> bool:
    """Whether a number that is changed makes a difference, or a document that cannot be read."""
    try:
        return bool(differences(tampered(document, path, lambda n: not n if isinstance(n, bool) else n + 1)))
    except PolymapError:
        return True


@pytest.fixture
def compared_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out other routes and walks: what a document states is held against the model's numbers."""
    monkeypatch.setattr(import_module("polymap.mapper.verification"), "_counted", lambda result, layer: iter(()))
    monkeypatch.setattr(import_module("polymap.mapper.verification"), "SECONDS", 0.0)


@pytest.mark.usefixtures("compared_only")
def test_every_single_number_that_was_changed_is_found(optimum: Document, network: Document) -> None:
    for document in (optimum, network, json.loads(evaluated(GEMM, EVEN, TIMELOOP).to_json())):
        assert differences(document) == []
        assert not [path for path in numbers(document) if not found_by(document, path)]


@pytest.mark.usefixtures("compared_only")
def test_what_follows_from_inputs_and_mapping_is_found_even_behind_a_new_hash(optimum: Document) -> None:
    sections = ("totals", "levels", "compute", "components", "estimates", "networks")
    priced = [path for path in numbers(optimum) if path[0] in sections]
    assert len(priced) > 60
    assert not [path for path in priced if not differences(changed(optimum, path, lambda n: n + 1))]


def test_a_document_without_its_own_hash_is_different(optimum: Document) -> None:
    assert differences({key: value for key, value in optimum.items() if key != "sha256"}) == ["sha256"]


def test_a_number_that_is_written_otherwise_is_the_same(optimum: Document) -> None:
    assert isinstance(optimum["totals"]["area_um2"], float)
    assert differences(tampered(optimum, ("totals", "area_um2"), int)) == []


def test_a_document_of_another_version_is_warned_of(optimum: Document, verify: Verify, capsys: Any) -> None:
    assert verify(changed(optimum, ("versions", "polymap"), lambda _: "0.0.0")) == 0
    assert f"warning: made by polymap 0.0.0, this is {optimum['versions']['polymap']}" in capsys.readouterr().out
    assert verify(optimum) == 0
    assert "warning" not in capsys.readouterr().out


def test_a_document_without_its_version_is_different(optimum: Document, network: Document) -> None:
    for document in (optimum, network):
        bare = {key: value for key, value in document.items() if key != "versions"}
        assert differences(sealed(bare)) == ["versions.polymap"]
    assert differences(changed(optimum, ("versions",), lambda _: {"python": "3"})) == ["versions.polymap"]


def test_conventions_that_are_not_those_of_their_name_are_found(optimum: Document) -> None:
    flipped = changed(optimum, ("conventions", "latency_leaks"), lambda choice: not choice)
    assert "conventions.latency_leaks" in differences(flipped)
    renamed = changed(optimum, ("conventions", "name"), lambda _: "accelforge")
    found = differences(renamed)
    assert "conventions.tiles_stay" in found
    assert all(name.startswith("conventions.") for name in found)
    named = changed(flipped, ("conventions", "name"), lambda name: f"{name},latency_leaks=no")
    assert not [name for name in differences(named) if name.startswith("conventions.")]


@pytest.mark.parametrize("name", ["polymapx", "polymap,holes=square", "polymap, holes=hull", ""])
def test_conventions_are_called_by_the_name_that_chooses_them(name: str, optimum: Document) -> None:
    assert differences(changed(optimum, ("conventions", "name"), lambda _: name)) == ["conventions.name"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("architecture", "value", "hierarchy", 0, "power_gated_at"), "x"),
        (("architecture", "value", "hierarchy", 2, "power_gated_at"), "x"),
        (("architecture", "value", "clock_hz"), "0"),
        (("architecture", "value", "hierarchy"), []),
        (("workload", "value", "domain_text"), "x"),
    ],
)
def test_inputs_from_which_nothing_can_be_computed_are_named(
    optimum: Document, path: tuple[str | int, ...], value: object, verify: Verify, capsys: Any
) -> None:
    broken = changed(optimum, ("inputs", *path), lambda _: value)
    assert verify(broken) == 1
    said = capsys.readouterr().err
    assert f"result.json (inputs.{path[0]}.value): the {path[0]} does not match its hash" in said
    assert f"mend: give the {path[0]} with --{path[0]}" in said
    forged = json.loads(json.dumps(broken))
    forged["inputs"][path[0]]["sha256"] = fingerprint(forged["inputs"][path[0]]["value"])
    assert verify(forged) == 1
    assert "(inputs): nothing can be computed from the inputs and the mapping" in capsys.readouterr().err


def test_an_input_that_is_replaced_is_not_the_one_that_is_broken(optimum: Document) -> None:
    broken = changed(optimum, ("inputs", "architecture", "value", "clock_hz"), lambda _: "0")
    assert differences(broken, arch=ARCH) == []
    broken = changed(broken, ("inputs", "workload", "value", "domain_text"), lambda _: "x")
    with pytest.raises(SpecError, match=r"^inputs\.workload\.value: the workload does not match its hash"):
        verbs.verify(broken, arch=ARCH)


@pytest.mark.parametrize("name", ["eyeriss_like", "teaching"])
def test_an_architecture_is_restored_from_its_canonical_form(name: str) -> None:
    from polymap.architecture import Architecture, architecture

    value = architecture(name)
    assert restored(json.loads(json.dumps(canonical(value))), Architecture) == value


def test_a_level_of_another_version_is_told_as_that() -> None:
    from polymap.architecture import Architecture, architecture

    data = json.loads(json.dumps(canonical(architecture("teaching"))))
    data["hierarchy"][0]["odd"] = 1
    with pytest.raises(ValueError, match="a Memory of another version of polymap: odd"):
        restored(data, Architecture)


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
