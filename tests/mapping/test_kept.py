"""Names in the lists of an architecture: what no einsum of the workload has is a slip, ordinary roles apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polymap import verbs
from polymap.architecture import Architecture, architecture
from polymap.errors import SpecError
from polymap.mapping.kept import check_kept
from polymap.workload import Einsum, einsum

GEMM = einsum("C[m,n] += A[m,k] * B[k,n]", name="gemm", m=4, n=2, k=4)
SUMS = einsum("S[m] += A[m,k]", name="sums", m=4, k=4)
ARCH = """\
polymap: architecture/1
name: tiny
clock: 1 GHz
hierarchy:
  - memory: DRAM
    width: 16 b
    energy: {read: 1 pJ, write: 1 pJ}
  - array: PE
    shape: {X: 2}
    network: {multicast: true}
  - memory: RF
    capacity: 1 KiB
    width: 16 b
    energy: {read: 1 pJ, write: 1 pJ}
    buffering: 1
  - compute: MAC
    energy: 1 pJ
"""
NEST = "DRAM holds A B C\nfor m in 4\nfor n in 2\nfor k in 4\nRF holds A B C\ncompute"


def machine(memory: str = "buffering: 1", network: str = "multicast: true") -> Architecture:
    return architecture(ARCH.replace("buffering: 1", memory).replace("multicast: true", network))


def refused(arch: Architecture, *einsums: Einsum) -> SpecError:
    with pytest.raises(SpecError) as caught:
        check_kept(arch, einsums)
    return caught.value


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("keeps: [inptu]", "keeps"),
        ("may_keep: [inptu]", "may_keep"),
        ("refetches: [inptu]", "refetches"),
        ("reads_first: [inptu]", "reads_first"),
        ("passes_through: [inptu]", "passes_through"),
        ("word: {inptu: 8 b}", "word"),
        ("bandwidth: {read: 1 B/cycle, scale: {inptu: 2}}", "bandwidth.scale"),
    ],
)
def test_a_slip_in_a_list_of_a_memory_is_found_at_the_memory(line: str, path: str) -> None:
    (mistake,) = refused(machine(memory=line), GEMM).mistakes
    assert (mistake.place.line, mistake.place.path) == (11, f"hierarchy[2].{path}")
    assert mistake.message == f"`{path}` of RF names `inptu`, which no einsum of the workload has"
    assert mistake.mend.startswith("did you mean `input`? ")


@pytest.mark.parametrize("key", ["multicast", "reduction", "links", "share_halo"])
def test_a_slip_in_a_list_of_a_network_is_found_at_the_array(key: str) -> None:
    (mistake,) = refused(machine(network=f"{key}: [a]"), GEMM).mistakes
    assert (mistake.place.line, mistake.place.path) == (8, f"hierarchy[1].network.{key}")
    assert mistake.mend == "did you mean `A`? the workload has: A, B, C, input, weight, output"


def test_all_slips_are_told_at_once() -> None:
    error = refused(machine("keeps: [X, A, Y]", "links: [Z]"), GEMM)
    assert [mistake.message.split("`")[3] for mistake in error.mistakes] == ["Z", "X", "Y"]


@pytest.mark.parametrize("name", ["A", "input", "weight", "output", "input3", "input17"])
def test_tensors_and_ordinary_roles_may_be_listed_though_the_workload_lacks_the_role(name: str) -> None:
    check_kept(machine(f"keeps: [{name}]"), [SUMS])


@pytest.mark.parametrize("name", ["input0", "input1", "input2", "input03", "outputs", "Input"])
def test_what_only_looks_like_an_ordinary_role_is_a_slip(name: str) -> None:
    assert f"`{name}`" in str(refused(machine(f"keeps: [{name}]"), GEMM))


def test_a_role_of_ones_own_may_be_listed() -> None:
    own = einsum("C[m] += A[m,k] * B[k]", name="own", m=2, k=2, roles={"mask": "B"})
    check_kept(machine("keeps: [mask]"), [own])
    assert "`mask`" in str(refused(machine("keeps: [mask]"), GEMM))


def test_a_name_of_one_layer_is_known_to_the_network() -> None:
    check_kept(machine("keeps: [S]"), [GEMM, SUMS])
    assert "`S`" in str(refused(machine("keeps: [S]"), GEMM))


def test_halos_are_shared_only_of_tensors_that_are_multicast() -> None:
    check_kept(machine(network="multicast: [A], share_halo: [input]"), [GEMM])
    error = refused(machine(network="multicast: [A], share_halo: true"), GEMM)
    (mistake,) = error.mistakes
    assert mistake.message == "PE shares halos of tensor B but does not multicast it"
    assert mistake.place.path == "hierarchy[1].network.share_halo"


@pytest.mark.parametrize(
    "asked",
    [
        lambda arch: verbs.optimize(GEMM, arch),
        lambda arch: verbs.evaluate(GEMM, arch, NEST),
        lambda arch: verbs.optimize(
            {"name": "net", "einsum": GEMM.text, "layers": [{"name": "one", "ranks": GEMM.sizes}]}, arch
        ),
    ],
)
def test_the_verbs_refuse_a_slip(asked: Callable[[Architecture], Any]) -> None:
    with pytest.raises(SpecError, match="names `inptu`"):
        asked(machine("keeps: [inptu]"))


def test_the_command_line_refuses_a_slip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from polymap.cli import main

    monkeypatch.chdir(tmp_path)
    Path("arch.yaml").write_text(ARCH.replace("buffering: 1", "keeps: [inptu]"))
    Path("nest.map").write_text(NEST)
    for command in (["optimize", "arch.yaml", "gemm_64"], ["evaluate", "arch.yaml", "gemm_64", "nest.map"]):
        assert main(command) == 1
        assert capsys.readouterr().err.startswith("error: arch.yaml:11:5 (hierarchy[2].keeps): `keeps` of RF names")
