"""`polymap layers` and `pm.layers`: the distinct einsums of layer tables and einsum text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import polymap as pm
from polymap.cli import main
from polymap.frontends.alike import essence
from polymap.workload.elements import elements

CONV = "O[k,p,q] += I[c,2*p+r,2*q+s] * W[k,c,r,s]"
SIZES = ["k=64", "c=3", "p=112", "q=112", "r=7", "s=7"]
TABLE = """
polymap: workload/1
name: two names
einsum: "C[m,n] += A[m,k] * B[k,n]"
layers:
  - {name: first, ranks: {m: 4, n: 8, k: 16}, repeat: 2}
  - {name: other, ranks: {m: 4, n: 8, k: 8}}
  - {name: again, einsum: "Z[i,j] += X[i,l] * Y[l,j]", ranks: {i: 4, j: 8, l: 16}, repeat: 3}
"""


def test_a_shipped_table_lists_its_layers_with_counts() -> None:
    found = pm.layers("resnet18")
    assert sum(layer.repeat for layer in found.layers) == 21
    assert len(found.layers) == 12
    assert found.macs == 1_814_073_344
    assert found.network == pm.workload("resnet18")


def test_layers_that_differ_in_names_are_one_and_all_names_are_told() -> None:
    found = pm.layers(TABLE)
    assert [(layer.name, layer.repeat, layer.nodes) for layer in found.layers] == [
        ("first", 5, ("first", "again")),
        ("other", 1, ("other",)),
    ]


def test_einsum_text_takes_its_sizes_from_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", CONV, "--set", *SIZES, "--json"]) == 0
    (layer,) = json.loads(capsys.readouterr().out)["layers"]
    assert layer["computes"] == 64 * 3 * 112 * 112 * 7 * 7
    assert layer["ranks"] == {"k": 64, "p": 112, "q": 112, "c": 3, "r": 7, "s": 7}
    assert layer["tensors"]["I"]["elements"] == 3 * 229 * 229
    assert layer["einsum"] == CONV


def test_every_rank_without_a_size_and_every_unknown_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", CONV, "--set", *SIZES[:4], "rr=7"]) == 1
    told = capsys.readouterr().err
    assert "rank r has no size\n    mend: set it, e.g. --set r=64" in told
    assert "rank s has no size" in told
    assert "`rr` is no open size\n    mend: did you mean r? " in told


@pytest.mark.parametrize("wrong", ["batch", "=3", "n=x", "n=-1", "n=1.5", "n=12345678901"])
def test_what_sets_no_size_is_bad_input(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", "resnet18", "--set", wrong]) == 1
    assert "sets no size" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["n=8"], "resnet18: `n` is no open size\n    mend: every size stands in it: no --set"),
        (["n=8", "n=9"], "--set gives n two sizes, 8 and 9"),
    ],
)
def test_a_table_has_no_open_sizes(settings: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", "resnet18", "--set", *settings]) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["layers"], ["optimize", "teaching"]])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("C[m] = A[m]*B[m]", "einsum:1:6: '=' would assign; an einsum accumulates"),
        ("C[m] -= A[m]*B[m]", "einsum:1:6: expected '+=' but found '-'"),
        ("m,m->m", "there is no file and no shipped name `m,m->m`"),
    ],
)
def test_what_was_meant_as_an_einsum_is_told_as_one(
    verb: list[str], text: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*verb, text, "--set", "m=3"]) == 1
    assert told in capsys.readouterr().err


def test_a_size_of_0_or_beyond_2_31_is_refused() -> None:
    with pytest.raises(pm.SpecError, match="k is set to `0`") as caught:
        pm.layers("C[m] += A[m,k] * B[k]", {"m": 2**31, "k": 0})
    assert "m is set to `2147483648`" in str(caught.value)


def test_einsum_text_is_mapped_and_priced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, sizes = "C[m,n] += A[m,k] * B[k,n]", ["m=8", "n=8", "k=8"]
    assert main(["optimize", "teaching", text, "--set", *sizes, "-o", str(tmp_path), "--json"]) == 0
    best = json.loads(capsys.readouterr().out)
    mapping = str(tmp_path / "einsum.map")
    assert main(["evaluate", "teaching", text, mapping, "--set", *sizes, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"] == best["totals"]
    assert best["totals"]["computes"] == 512


def test_limits_of_einsum_text_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    text, sizes = "C[m,n] += A[m,k] * B[k,n]", ["m=4", "n=4", "k=4"]
    assert main(["explain", "teaching", text, "--set", *sizes, "--json"]) in (0, 4)
    assert json.loads(capsys.readouterr().out)["schema"] == "polymap.limits/1"
    assert main(["explain", "result.json", "--set", *sizes]) == 1
    assert "--set does not go with this form of explain" in capsys.readouterr().err


def test_text_shows_einsums_counts_and_the_total(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", "causal_attention"]) == 0
    said = capsys.readouterr().out
    assert " on { [i, j] : j <= i }  " in said
    assert said.endswith("causal_attention: 1 layer, 1 distinct, " + f"{pm.layers('causal_attention').macs:,} MACs\n")


def test_elements_on_a_domain_are_those_of_its_points() -> None:
    padded = pm.einsum("O[p] += I[p+r-1] * W[r]", p=8, r=3, domain="{ [p,r] : 0 <= p + r - 1 < 8 }")
    stored = pm.einsum("O[p] += I[p+r-1] * W[r]", p=8, r=3)
    assert [elements(padded, tensor) for tensor in padded.tensors] == [8, 3, 8]
    assert [elements(stored, tensor) for tensor in stored.tensors] == [10, 3, 8]


SAME = pm.einsum("O[n,p] += I[n,p+r-1] * W[r]", n=1, p=8, r=3)


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (pm.einsum("Y[a] += X[a+b] * F[b]", a=8, b=3), True),
        (pm.einsum("Y[a] += X[2*a+b] * F[b]", a=8, b=3), False),
        (pm.einsum("Y[a] += X[a+b] * F[b]", a=9, b=3), False),
        (pm.einsum("Y[a] += X[a+b] * F[b]", a=8, b=3, bits=8), False),
        (pm.einsum("Y[a] += X[a+b] * F[b]", a=8, b=3, roles={"weight": "X", "input": "F"}), False),
        (pm.einsum("Y[a] += X[a+b] * F[b]", a=8, b=3, domain="{ [a,b] : b <= a }"), False),
        (pm.einsum("Y[a] += X[a+b] * F[b]", a=8, b=3, shapes={"X": [10]}), True),
    ],
)
def test_einsums_are_equal_up_to_names_origins_and_ranks_of_size_1(other: pm.Einsum, is_same: bool) -> None:
    assert (essence(other) == essence(SAME)) is is_same


def test_names_of_ranks_do_not_hide_equal_domains() -> None:
    first = pm.einsum("S[i,j] += Q[i] * K[j]", i=8, j=8, domain="{ [i,j] : j <= i }")
    second = pm.einsum("S[j,i] += Q[j] * K[i]", i=8, j=8, domain="{ [i,j] : i <= j }")
    third = pm.einsum("S[i,j] += Q[i] * K[j]", i=8, j=8, domain="{ [i,j] : i <= j }")
    assert essence(first) == essence(second) != essence(third)
