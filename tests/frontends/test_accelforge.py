"""AccelForge's files: machines equal their twins by hand, einsums cost the same, and nothing hostile is executed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import polymap as pm
from polymap.architecture.hierarchy import Array
from polymap.cli import main
from polymap.frontends.accelforge import Converted, convert
from tests.frontends.accelforge_files import MACHINES, MATMUL, NVDLA, SIMPLE, workload

GOLDEN = Path(__file__).parent.parent / "golden" / "accelforge_mapper"
CASES: dict[str, dict[str, Any]] = yaml.safe_load((GOLDEN / "cases.yaml").read_text())
MAPPED = [
    (name, goal) for name, case in CASES.items() for goal, found in case["searches"].items() if "mapping" in found
]


def converted(folder: Path, arch: str = NVDLA, work: str = MATMUL, **settings: Any) -> Converted:
    (folder / "arch.yaml").write_text(arch, encoding="utf-8")
    (folder / "work.yaml").write_text(work, encoding="utf-8")
    return convert([str(folder / "arch.yaml"), str(folder / "work.yaml")], settings)


def wrong(folder: Path, old: str, new: str, arch: str = NVDLA, work: str = MATMUL) -> str:
    assert old in arch + work
    with pytest.raises(pm.SpecError) as caught:
        converted(folder, arch.replace(old, new), work.replace(old, new))
    return str(caught.value)


def case(folder: Path, name: str) -> tuple[Converted, pm.Architecture]:
    """A recorded case, converted, and the machine that was written for it by hand."""
    found = CASES[name]
    size = found.get("buffer", "8192 b")
    settings = {"size": int(size.split()[0])} if found["machine"] == "simple" else {}
    files = converted(folder, MACHINES[found["machine"]], workload(found["einsum"], found["ranks"]), **settings)
    twin = (GOLDEN / f"{found['machine']}.yaml").read_text().replace("8192 b", size)
    return files, pm.architecture(twin)


def anonymous(machine: pm.Architecture) -> pm.Architecture:
    """Without what only tells people something: names of the machine and its arrays, sources."""
    levels = [replace(level, name="array") if isinstance(level, Array) else level for level in machine.hierarchy]
    return replace(machine, name="", source="", hierarchy=tuple(levels))


@pytest.mark.parametrize("name", CASES)
def test_a_machine_equals_its_twin_by_hand(tmp_path: Path, name: str) -> None:
    found, twin = case(tmp_path, name)
    assert anonymous(pm.architecture(found.architecture)) == anonymous(twin)


@pytest.mark.parametrize(("name", "goal"), MAPPED)
def test_a_recorded_mapping_costs_what_it_does_by_hand(tmp_path: Path, name: str, goal: str) -> None:
    found, twin = case(tmp_path, name)
    work = pm.einsum(CASES[name]["einsum"], ranks=CASES[name]["ranks"], bits=8)
    mapping = CASES[name]["searches"][goal]["mapping"]
    ours = pm.evaluate(found.workload, found.architecture, mapping, conventions="accelforge")
    theirs = pm.evaluate(work, twin, mapping, conventions="accelforge")
    assert (ours.energy, ours.cycles) == (theirs.energy, theirs.cycles)


@pytest.mark.parametrize("name", ["nvdla_mm_prime", "simple_mm64", "fanout_at_mac_mm64"])
def test_a_search_ends_where_it_does_by_hand(tmp_path: Path, name: str) -> None:
    found, _ = case(tmp_path, name)
    goal, recorded = next(iter(CASES[name]["searches"].items()))
    best = pm.optimize(found.workload, found.architecture, objective=goal, conventions="accelforge")
    assert best.status == "optimal"
    assert best.energy_pj <= recorded["energy_pj"] * (1 + 3e-7)


# workloads


def test_an_einsum_is_read_from_its_accesses(tmp_path: Path) -> None:
    said = converted(tmp_path).workload
    assert said["einsum"] == "Z[m,n] += A[m,k] * B[k,n]"
    assert said["ranks"] == {"m": 64, "k": 64, "n": 64}
    assert said["roles"] == {"input": "A", "weight": "B", "output": "Z"}


def test_an_einsum_is_read_from_text_with_sizes_by_rank(tmp_path: Path) -> None:
    work = """\
workload:
  rank_sizes: {M: 8, K: 2 * 4, N: 4}
  bits_per_value: {All: 8, Z: 16}
  einsums:
  - {einsum: "Z[m, n] = A[m, k] * B[k, n]", renames: {input: A, weight: B, output: Z}, n_instances: 3}
"""
    said = converted(tmp_path, work=work).workload
    assert said["layers"][0]["ranks"] == {"m": 8, "n": 4, "k": 8}
    assert said["layers"][0]["bits"] == {"A": 8, "B": 8, "Z": 16}
    assert said["layers"][0]["repeat"] == 3


def test_a_cascade_becomes_layers_and_it_is_told_what_leaves_the_chip(tmp_path: Path) -> None:
    work = """\
{% for i in range(n) %}
{% if loop.first %}
workload:
  rank_sizes: {M: 8, N0: 8, N1: 8, N2: 8}
  bits_per_value: {All: 8}
  einsums:
{% endif %}
  - name: E{{i}}
    einsum: T{{i + 1}}[m, n{{i + 1}}] = T{{i}}[m, n{{i}}] * W{{i}}[n{{i}}, n{{i + 1}}]
    renames: {input: T{{i}}, weight: W{{i}}, output: T{{i + 1}}}
{% endfor %}
"""
    found = converted(tmp_path, work=work, n=2)
    assert [layer["name"] for layer in found.workload["layers"]] == ["E0", "E1"]
    assert any("mapped one by one: T1 leave the chip" in line for line in found.left_out)


def test_words_stand_in_the_order_of_the_einsum(tmp_path: Path) -> None:
    arch = NVDLA.replace("tensors: {keep: weight}", "tensors: {keep: weight}\n    bits_per_value: {All: 4}")
    words = [level["word"] for level in converted(tmp_path, arch).architecture["hierarchy"] if "word" in level]
    assert [list(each.items()) for each in words] == [[("input", "4 b"), ("weight", "4 b"), ("output", "4 b")]]


def test_an_architecture_alone_speaks_of_roles(tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(NVDLA.replace("weight.bits_per_value if weight else 1", "8"), encoding="utf-8")
    found = convert([str(tmp_path / "arch.yaml")])
    assert not found.workload
    assert pm.architecture(found.architecture).memory("Register").keeps == ("weight",)


def test_what_an_architecture_asks_of_a_workload_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(NVDLA, encoding="utf-8")
    with pytest.raises(pm.SpecError, match="name the file of the workload, too"):
        convert([str(tmp_path / "arch.yaml")])


# what cannot be converted


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("component_class: Dummy", "component_class: SRAM", "`Register` has no action `read`"),
        ("- !Container", "- !Toll", "`!Toll` has no counterpart"),
        ("- !Container", "- ", "a node has no tag"),
        ("fanout: 2 ** 5", "fanout: 5 / 2", "a fan-out is a whole number"),
        ("min_usage: 1", "min_usage: inf", "a usage is a share of the instances"),
        ("throughput: 512e9 * 8", "throughput: 0", "`read` is never done"),
        (
            "max(a.n_calls / a.throughput for a in actions)",
            "sum(a.n_calls / a.throughput for a in actions)",
            "take turns",
        ),
        ("keep: weight", "keep: wieght", "did you mean `weight`?"),
        ("tensors: {keep: weight}", "tensors: {keeps: weight}", "did you mean `keep`?"),
        ("0 <= k < 64", "0 <= k < m", "is no bound of one variable"),
        ("k: 0 <= k < 64, ", "", "k has no bound"),
        ("{All: 8}", "{A: 8, B: 8}", "Z has no bits per value"),
        (", output: True", "", "has 0 outputs"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    said = wrong(tmp_path, old, new)
    assert message in said
    assert ".yaml:" in said


@pytest.mark.parametrize(
    "hostile",
    [
        "__import__('os').system('touch escaped')",
        "().__class__.__bases__[0].__subclasses__()",
        "(lambda: 1)()",
        "open('/etc/passwd').read()",
        "9 ** 9 ** 9 ** 9",
        "2 ** 999999999",
        "((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))" + " + 1" * 60,
        "[x for x in range(10 ** 12)]",
        "lambda: " + "-" * 390 + "1",
        "(" + "-" * 390 + "1)(2)",
        "9" * 399,
        "sqrt(10 ** 30 ** 10)",
        "1 / 0",
        "inf - inf",
    ],
)
def test_a_hostile_expression_is_refused_and_nothing_happens(
    tmp_path: Path, hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    started = time.process_time()
    assert "arch.yaml:" in wrong(tmp_path, "size: 64 * 1024 * 8", f'size: "{hostile}"')
    assert time.process_time() - started < 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arch.yaml", "work.yaml"]


# templates


def test_a_template_takes_the_variables_that_are_set(tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(SIMPLE, encoding="utf-8")
    assert main(["convert", str(tmp_path / "arch.yaml"), "--set", "size=4096", "-o", str(tmp_path / "out")]) == 0
    assert pm.architecture(tmp_path / "out" / "architecture.yaml").memory("GlobalBuffer").capacity_bits == 4096


def test_a_variable_that_no_template_names_is_told(tmp_path: Path) -> None:
    with pytest.raises(pm.SpecError, match="no template speaks of `sise`"):
        converted(tmp_path, SIMPLE, sise=1)


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "two seconds"),
        ("{% for i in range(99999) %}{{ 'a' * 99999 }}{% endfor %}", "expands to more than"),
        ("{{ 'a' * 10 ** 10 }}", "takes too much"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
        ("{% include '/etc/passwd' %}", "no loader"),
        ("{% for i in range(10 ** 9) %}{% endfor %}", "Range too big"),
        ("{{ include('../secret.yaml') }}", "'include' is undefined"),
        ("{{ missing }}", "'missing' is undefined"),
        ("{% for %}", "cannot be expanded"),
    ],
)
def test_a_hostile_template_is_refused_with_its_line(tmp_path: Path, hostile: str, reason: str) -> None:
    message = wrong(tmp_path, "arch:\n", f"{hostile}\narch:\n", arch=SIMPLE)
    assert reason in message
    assert "arch.yaml:" in message


def test_a_template_without_jinja_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polymap.frontends.accelforge.template.find_spec", lambda name: None)
    with pytest.raises(pm.SpecError, match="the package jinja2 is not there"):
        converted(tmp_path, SIMPLE)


def test_nothing_is_written_where_something_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "arch.yaml").write_text(NVDLA.replace("!Container", "!Toll"), encoding="utf-8")
    assert main(["convert", str(tmp_path / "arch.yaml"), "-o", str(tmp_path / "out")]) == 1
    assert "`!Toll` has no counterpart" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_file_without_sections_is_told(tmp_path: Path) -> None:
    assert "work.yaml:1:1: the file holds no sections" in wrong(tmp_path, "workload:", "- workload:")


def test_files_of_no_known_tool_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text("noodles: 3\n", encoding="utf-8")
    assert main(["convert", str(tmp_path / "a.yaml"), "-o", str(tmp_path / "out")]) == 1
    assert "these keys are of no tool that is known here: `noodles`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "size=1", "size=2"], "--set gives size two values, 1 and 2"),
        (["--set", "size=1", "size=true"], "--set gives size two values, 1 and True"),
        (["--set", "size=1"], "these files are no templates"),
        (["--set", "size=1", "--to", "timeloop"], "a RESULT is no template"),
    ],
)
def test_variables_that_nothing_can_use_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["convert", "teaching", *words, "-o", str(tmp_path / "out")]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
