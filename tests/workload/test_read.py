"""Workload files: one einsum, networks with defaults at the top, and everything that can be wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from polymap.errors import SpecError
from polymap.workload import Einsum, Network, einsum, workload

CONV = """\
polymap: workload/1
name: conv3x3
source: a test
einsum: "O[n,k,p,q] += I[n,c,p+r,q+s] * W[k,c,r,s]"
ranks: {n: 1, k: 64, c: 64, p: 56, q: 56, r: 3, s: 3}
roles: {input: I, weight: W, output: O}
bits: {I: 8, W: 8, O: 24}
"""

NET = """\
polymap: workload/1
name: net
source: a test
einsum: "O[k,p] += I[c,s*p+r-pad] * W[k,c,r]"
ranks: {r: 3}
constants: {s: 1, pad: 1}
bits: 8
roles: {acc: O}
layers:
  - {name: a, repeat: 2, ranks: {k: 4, p: 8, c: 2}}
  - {name: b, ranks: {k: 4, p: 8, c: 2, r: 1}, constants: {s: 2, pad: 0}, bits: {O: 24}}
  - {name: fc, einsum: "O[k] += I[c] * W[k,c]", ranks: {k: 10, c: 4}, source: elsewhere, roles: {query: I}}
"""
DOMAIN = 'bits: 8\ndomain: "{ [p] : p < 4 }"'


def network(text: str) -> Network:
    found = workload(text)
    assert isinstance(found, Network)
    return found


def complaints(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        workload(text)
    return [str(mistake).split("\n")[0] for mistake in caught.value.mistakes]


def test_a_file_with_one_einsum_is_an_einsum() -> None:
    conv = workload(CONV)
    assert isinstance(conv, Einsum)
    assert (conv.name, conv.source, conv.computes) == ("conv3x3", "a test", 64 * 64 * 56 * 56 * 9)
    assert [(t.name, t.role, t.bits) for t in conv.tensors] == [
        ("I", "input", 8),
        ("W", "weight", 8),
        ("O", "output", 24),
    ]
    assert conv.place.line == 1


def test_a_python_mapping_says_the_same_as_a_file() -> None:
    said = {"name": "g", "einsum": "C[m] += A[m,k] * B[k]", "ranks": {"m": 4, "k": 2}, "bits": 8}
    assert workload(said) == einsum("C[m] += A[m,k] * B[k]", name="g", m=4, k=2, bits=8)


def test_einsums_and_networks_are_passed_through() -> None:
    net = network(NET)
    assert workload(net) is net
    assert workload(net.layers[0].einsum) is net.layers[0].einsum


def test_layers_inherit_from_the_top_of_the_file() -> None:
    a, b, fc = network(NET).layers
    assert (a.repeat, a.einsum.text) == (2, "O[k,p] += I[c,p+r-1] * W[k,c,r]")
    assert a.einsum.sizes == {"k": 4, "p": 8, "c": 2, "r": 3}
    assert (b.repeat, b.einsum.text, b.einsum.sizes["r"]) == (1, "O[k,p] += I[c,2*p+r] * W[k,c,r]", 1)
    assert [tensor.bits for tensor in b.einsum.tensors] == [8, 8, 24]
    assert fc.einsum.text == "O[k] += I[c] * W[k,c]"
    assert [tensor.role for tensor in fc.einsum.tensors] == ["query", "input", "acc"]
    assert [layer.einsum.source for layer in (a, b, fc)] == ["a test", "a test", "elsewhere"]


def test_a_path_may_name_a_layer(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    assert workload(path) == network(NET)
    assert workload(f"{path}/fc") == network(NET).layers[2].einsum


def test_an_unknown_layer_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SpecError, match=r"resnet18 has no layer layer1.x.com\n    mend: did you mean layer1.x.conv\?"):
        workload("resnet18/layer1.x.com")


def test_a_file_may_restrict_the_domain() -> None:
    conv = workload(CONV + 'domain: "{ [r,p] : 1 <= p + r <= 56 }"\n')
    assert isinstance(conv, Einsum)
    assert conv.computes == 64 * 64 * 56 * 9 * (3 * 56 - 2) // 3
    assert conv.place.line == 1


def test_layers_inherit_the_domain_or_give_their_own() -> None:
    own = NET.replace("c: 2, r: 1}", 'c: 2, r: 1}, domain: "{ [p] : p mod 2 = 0 }"').replace("bits: 8", DOMAIN)
    a, b = (layer.einsum for layer in network(own.split("  - {name: fc")[0].replace("  - {name: acc", "")).layers)
    assert (a.computes, b.computes) == (4 * 2 * 3 * 4, 4 * 2 * 4)


def test_a_mistake_in_the_domain_has_its_place() -> None:
    assert complaints(CONV + 'domain: "{ [p : }"\n') == [
        "<text>:8:9 (domain): ISL cannot read the domain { [p : }: syntax error"
    ]
    assert complaints(CONV + 'domain: "{ [x,p] }"\n') == [
        "<text>:8:9 (domain): the domain speaks of x, which is no rank of the einsum"
    ]


def test_all_mistakes_of_a_file_are_reported_at_once_with_their_places() -> None:
    text = (
        CONV.replace("n: 1", "n: zero").replace("k: 64", "k: 0").replace("I: 8", "Z: 8").replace("input: I", "input: X")
    )
    assert complaints(text + "colour: red\n") == [
        "<text>:5:12 (ranks.n): `zero` is not a number",
        "<text>:5:21 (ranks.k): rank k has size 0",
        "<text>:6:16 (roles.input): X is no tensor of the einsum",
        "<text>:7:11 (bits.Z): Z is no tensor of the einsum",
        "<text>:8:1 (colour): `colour` is not a key here",
    ]


def test_sizes_that_are_no_table_are_the_only_mistake() -> None:
    text = 'polymap: workload/1\nname: x\neinsum: "O[p] += I[p+r] * W[r]"\nranks: [8, 3]\n'
    assert complaints(text) == ["<text>:4:8 (ranks): a list stands where `ranks` belongs"]
    assert complaints(NET.replace("ranks: {r: 3}", "ranks: [3]")) == [
        "<text>:5:8 (ranks): a list stands where `ranks` belongs"
    ]


def test_a_mistake_in_the_text_shows_the_text_with_a_caret() -> None:
    with pytest.raises(SpecError) as caught:
        workload(CONV.replace("p+r", "p*r"))
    assert str(caught.value) == (
        "<text>:4:9 (einsum): index p*r is not affine: it multiplies ranks\n"
        "    O[n,k,p,q] += I[n,c,p*r,q+s] * W[k,c,r,s]\n"
        "                        ^\n"
        "    mend: multiply ranks by constants only"
    )


def test_a_file_needs_a_name_and_an_einsum() -> None:
    assert complaints("polymap: workload/1\nranks: {i: 2}\n") == [
        "<text>:1:1: `name` is missing",
        "<text>:1:1: `einsum` is missing",
    ]


def test_layer_names_are_unique() -> None:
    assert complaints(NET.replace("name: b", "name: a")) == ["<text>:11:12 (layers[1].name): two layers are called a"]


def test_a_network_has_layers() -> None:
    assert complaints('polymap: workload/1\nname: x\neinsum: "O[i] += A[i]"\nlayers: []\n') == [
        "<text>:4:9 (layers): the network has no layers"
    ]


def test_a_mistake_at_the_top_is_reported_once() -> None:
    assert complaints(NET.replace("ranks: {r: 3}", "ranks: {r: -3}")) == ["<text>:5:12 (ranks.r): rank r has size -3"]


def test_what_no_layer_inherits_is_a_mistake() -> None:
    text = NET.replace("{r: 3}", "{r: 3, z: 1}").replace("pad: 1}", "pad: 1, d: 2}").replace("acc: O", "acc: Q")
    assert complaints(text) == [
        "<text>:5:18 (ranks.z): no layer has z",
        "<text>:6:30 (constants.d): no layer has d",
        "<text>:8:14 (roles.acc): no layer has Q",
    ]


def test_what_a_layer_says_must_concern_its_einsum() -> None:
    assert complaints(NET.replace("c: 4}", "c: 4, p: 3}")) == [
        "<text>:12:73 (layers[2].ranks.p): rank p has a size but does not occur in O[k] += I[c] * W[k,c]"
    ]


def test_a_layer_is_run_at_least_once() -> None:
    assert complaints(NET.replace("repeat: 2", "repeat: 0")) == ["<text>:10:23 (layers[0].repeat): `0` is out of range"]


def test_zero_bits_are_refused_wherever_they_are_said() -> None:
    assert complaints(NET.replace("bits: 8", "bits: 0"))[0] == "<text>:7:7 (bits): an element of a tensor has 0 bits"
    assert complaints(CONV.replace("I: 8", "I: 0")) == ["<text>:7:11 (bits.I): an element of I has 0 bits"]


@pytest.mark.parametrize(
    "size", ["9223372036854775808", "99999999999999999999999999999999999999", "1e20", "2147483648"]
)
def test_sizes_beyond_64_bits_are_told_like_any_other(size: str) -> None:
    found = complaints(CONV.replace("k: 64", f"k: {size}"))
    assert [message.rpartition(" ")[0] for message in found] == ["<text>:5:18 (ranks.k): rank k has size"]
