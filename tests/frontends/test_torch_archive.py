"""`.pt2` files without torch: what stands in the archive is checked before it is believed."""

from __future__ import annotations

import copy
import json
import random
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import polymap as pm
from polymap.cli import main
from polymap.frontends.torch.sizing import evaluated
from polymap.quantity import Misread

OPEN = {"as_expr": {"expr_str": "Symbol('s77', positive=True, integer=True)", "hint": {"as_int": 4}}}
DOUBLE = {"as_expr": {"expr_str": "Mul(Integer(2), Symbol('s77', integer=True))", "hint": None}}


def tensor(*sizes: Any, dtype: int = 7) -> dict[str, Any]:
    return {"dtype": dtype, "sizes": [size if isinstance(size, dict) else {"as_int": size} for size in sizes]}


def call(op: str, output: str, **arguments: Any) -> dict[str, Any]:
    inputs = [{"name": name, "arg": arg, "kind": 1} for name, arg in arguments.items()]
    outputs = [{"as_tensor": {"name": output}}]
    return {"target": f"torch.ops.{op}", "inputs": inputs, "outputs": outputs, "metadata": {}, "name": output}


def named(name: str) -> dict[str, Any]:
    return {"as_tensor": {"name": name}}


DOCUMENT: dict[str, Any] = {
    "schema_version": {"major": 8, "minor": 20},
    "graph_module": {
        "graph": {
            "nodes": [
                call("aten.linear.default", "h", input=named("x"), weight=named("w"), bias={"as_none": True}),
                call("aten.relu_.default", "r", self=named("h")),
                call("aten.cat.default", "c", tensors={"as_tensors": [{"name": "r"}, {"name": "r"}]}),
                call("aten.conv1d.default", "y", input=named("i"), weight=named("k"), stride={"as_ints": [2]}),
                call("aten.linear.default", "z", input=named("c"), weight=named("w")),
            ],
            "tensor_values": {
                "x": tensor(OPEN, 8),
                "w": tensor(8, 8, dtype=6),
                "h": tensor(OPEN, 8),
                "r": tensor(OPEN, 8),
                "c": tensor(DOUBLE, 8),
                "z": tensor(DOUBLE, 8),
                "i": tensor(1, 2, 9),
                "k": tensor(3, 2, 3),
                "y": tensor(1, 3, 4),
            },
        },
        "signature": {"input_specs": [{"parameter": {"arg": {"name": "w"}}}, {"user_input": {"arg": named("x")}}]},
    },
}


def packed(path: Path, document: Any, member: str = "net/models/model.json") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, document if isinstance(document, str) else json.dumps(document))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return packed(tmp_path / "net.pt2", DOCUMENT)


def refused(path: Path, sizes: Mapping[str, int] | None = None) -> str:
    with pytest.raises(pm.SpecError) as caught:
        pm.layers(path, dict(sizes or {"x[0]": 4}))
    assert all(mistake.place.file == str(path) for mistake in caught.value.mistakes)
    return str(caught.value)


def test_calls_become_einsums_with_the_bits_of_their_types(path: Path) -> None:
    found = pm.layers(path, {"x[0]": 4})
    assert [(layer.name, layer.einsum.text, layer.einsum.sizes) for layer in found.layers] == [
        ("h", "C[m,n] += A[m,k] * B[n,k]", {"m": 4, "n": 8, "k": 8}),
        ("y", "O[n,k,p] += I[n,c,2*p+r] * W[k,c,r]", {"n": 1, "k": 3, "p": 4, "c": 2, "r": 3}),
        ("z", "C[m,n] += A[m,k] * B[n,k]", {"m": 8, "n": 8, "k": 8}),
    ]
    assert [tensor.bits for tensor in found.layers[0].einsum.tensors] == [32, 16, 32]
    assert [(other.op, other.kind) for other in found.others] == [("aten.relu_.default", "pointwise")]
    assert [item.op for item in found.skipped] == ["aten.cat.default"]


def test_the_command_line_sets_open_sizes(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", str(path), "--set", "s77=4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["macs"] == 4 * 64 + 8 * 64 + 3 * 4 * 2 * 3
    assert main(["layers", str(path)]) == 1
    assert capsys.readouterr().err == f"error: {path}: the size x[0] is open\n    mend: set it, e.g. --set x[0]=1\n"


def test_two_names_of_one_size_must_agree(path: Path) -> None:
    assert "s77 is set to 5, and another name for the same size to 4" in refused(path, {"x[0]": 4, "s77": 5})


def changed(keys: list[Any], value: Any) -> Any:
    document = copy.deepcopy(DOCUMENT)
    at: Any = document
    for key in keys[:-1]:
        at = at[key]
    at[keys[-1]] = value
    return document


GRAPH = ["graph_module", "graph"]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (changed(["schema_version", "major"], 9), "(schema_version.major): schema 9 is unknown here"),
        (changed(["schema_version"], None), "(schema_version): expected dict but got NoneType"),
        (changed([*GRAPH, "nodes"], 3), "(graph_module.graph.nodes): expected list but got int"),
        (changed([*GRAPH, "nodes", 0, "target"], 3), ".nodes[0].target): expected str but got int"),
        (changed([*GRAPH, "tensor_values", "x", "sizes"], {}), ".tensor_values.x.sizes): expected list but got dict"),
        (changed([*GRAPH, "tensor_values", "w", "sizes"], []), ".nodes[0]): aten.linear.default h: the weights are no"),
        (changed([*GRAPH, "tensor_values", "h", "dtype"], 99), "aten.linear.default h: an element of C has 0 bits"),
        (changed([*GRAPH, "nodes", 0, "inputs"], []), ".nodes[0]): aten.linear.default h: argument input is no tensor"),
        (
            changed([*GRAPH, "nodes", 1], call("aten.batch_norm.default", "r", input={"as_none": True})),
            ".nodes[1]): aten.batch_norm.default r: argument input is no tensor",
        ),
        (
            changed([*GRAPH, "tensor_values", "c", "sizes", 0, "as_expr", "expr_str"], "__import__('os').system('x')"),
            "a size of tensor c is not known: __import__('os').system('x') is not understood",
        ),
        ("{", "(models): the graph is no JSON"),
        ("[" * 200_000, "(models): the graph is no JSON"),
        ("[]", "(models): the graph is no JSON object"),
    ],
)
def test_what_is_not_as_torch_writes_it_is_told_with_its_key(document: Any, told: str, tmp_path: Path) -> None:
    assert told in refused(packed(tmp_path / "net.pt2", document))


def test_an_archive_of_another_kind_is_told(tmp_path: Path) -> None:
    path = packed(tmp_path / "net.pt2", DOCUMENT, "serialized_exported_program.json")
    assert "the archive has 0 graphs (models/*.json)" in refused(path)


def test_every_truncation_is_told(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert "this is no archive of torch.export, or only a part of one" in refused(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["net.pt2"]


def test_no_member_but_the_graph_is_opened(tmp_path: Path) -> None:
    path = packed(tmp_path / "net.pt2", DOCUMENT)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../escaped", "x")
        archive.writestr("net/data/sample_inputs/model.pt", b"cos\nsystem\n(S'exit 1'\ntR.")
    assert len(pm.layers(path, {"x[0]": 4}).layers) == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.pt2"]


def test_damaged_graphs_are_read_or_told(tmp_path: Path) -> None:
    draw, text = random.Random(0), json.dumps(DOCUMENT)
    for _ in range(400):
        damaged = list(text)
        for _ in range(draw.randint(1, 3)):
            damaged[draw.randrange(len(damaged))] = draw.choice('0123456789{}[]",:anx')
        path = packed(tmp_path / "net.pt2", "".join(damaged))
        try:
            pm.layers(path, {"x[0]": 4})
        except pm.SpecError:
            continue


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("s0", 6),
        ("2*s0 - 1", 11),
        ("(s0//4)", 1),
        ("Symbol('s0', integer=True)", 6),
        ("Add(Integer(3), Mul(Integer(-1), Symbol('s0')))", -3),
        ("Max(1, s0)", 6),
        (" + ".join(["s0"] * 40), 240),
    ],
)
def test_expressions_of_sizes(text: str, value: int) -> None:
    assert evaluated(text, {"s0": 6}) == value


MANY = ("(" * 5000, "1" + "+1" * 900, "-" * 1900 + "1", "9" * 5000)


@pytest.mark.parametrize("text", ["s1", "s0//0", "s0**9", "f(s0)", "s0.real", "2.5", "", "Integer()", "Max()", *MANY])
def test_other_expressions_are_unknown(text: str) -> None:
    with pytest.raises(Misread):
        evaluated(text, {"s0": 6})
