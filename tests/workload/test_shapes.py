"""Declared shapes: what lies outside is found and said, what lies inside changes nothing."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymap.errors import SpecError
from polymap.workload import Einsum, Network, einsum, workload

CONV = "O[p] += I[p+r-1] * W[r]"
PADDED = """\
polymap: workload/1
name: padded
einsum: "O[n,k,p,q] += I[n,c,p+r,q+s] * W[k,c,r,s]"
ranks: {n: 1, k: 4, c: 3, p: 224, q: 8, r: 3, s: 1}
shapes:
  I: [1, 3, 224, 8]
  W: [4, 3, 3, 1]
"""


def told(text: str, shapes: dict[str, list[int]], domain: str = "", **sizes: int) -> list[str]:
    with pytest.raises(SpecError) as caught:
        einsum(text, shapes=shapes, domain=domain, **sizes)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_an_access_outside_its_tensor_is_told_with_its_range_its_point_and_the_ways_out() -> None:
    with pytest.raises(SpecError) as caught:
        workload(PADDED)
    assert str(caught.value) == (
        "<text>:6:13 (shapes.I[2]): tensor I leaves its shape in coordinate 3 of 4: p + r takes 0..225, "
        "the tensor has 224; it is 225 at p=223, r=2\n"
        '    mend: leave these points out with domain: "{ [p,r] : 0 <= p + r < 224 }", '
        "or give coordinate 3 of I at least 226"
    )


def test_a_larger_shape_or_a_domain_that_leaves_the_padding_out_is_legal() -> None:
    larger, inside = PADDED.replace("224, 8]", "226, 8]"), PADDED + 'domain: "{ [p,r] : 0 <= p + r < 224 }"\n'
    for text in (larger, inside):
        found = workload(text)
        assert isinstance(found, Einsum)
        assert found.tensor("W").shape == (4, 3, 3, 1)
        assert found.tensor("O").shape is None


def test_below_0_the_ways_out_are_a_domain_or_a_shift() -> None:
    shifted = "or shift coordinate 1 of I by 1 and give it at least 10"
    assert told(CONV, {"I": [8]}, p=8, r=3) == [
        "shapes.I[0]: tensor I leaves its shape in coordinate 1 of 1: p + r - 1 takes -1..8, the tensor has 8; "
        'it is 8 at p=7, r=2\n    mend: leave these points out with domain: "{ [p,r] : 0 <= p + r - 1 < 8 }", '
        + shifted
    ]
    assert einsum("O[p] += I[p+r] * W[r]", shapes={"I": [10]}, p=8, r=3).computes == 24


def test_one_domain_leaves_out_all_that_is_outside_of_what_was_given_too() -> None:
    text, sizes = "O[p,q] += I[p+r,q+r]", {"p": 5, "q": 4, "r": 3}
    found = told(text, {"I": [5, 4]}, domain="{ [p,q] : q <= p }", **sizes)
    (domain,) = {re.findall('domain: "(.*)"', message)[0] for message in found}
    inside = [(p, q, r) for p, q, r in product(range(5), range(4), range(3)) if q <= p and p + r < 5 and q + r < 4]
    assert len(found) == 2
    assert einsum(text, shapes={"I": [5, 4]}, domain=domain, **sizes).computes == len(inside)


def test_where_no_point_is_inside_no_domain_is_proposed() -> None:
    assert told("O[p] += I[p,7]", {"I": [8, 5]}, p=8) == [
        "shapes.I[1]: tensor I leaves its shape in coordinate 2 of 2: it is always 7, the tensor has 5\n"
        "    mend: give coordinate 2 of I at least 8"
    ]
    assert "domain" not in told("O[p] += I[4*p-2]", {"I": [2]}, p=8)[0]
    assert "domain" not in told("O[p] += I[p+r]", {"I": [2]}, domain="{ [p] : p > 2 }", p=8, r=2)[0]


def test_all_mistakes_about_shapes_are_told_at_once() -> None:
    shapes = {"I": [8], "Z": [3], "W": [3, 3], "O": [0]}
    assert [message.split("\n")[0] for message in told("O[p] += I[p+r] * W[r]", shapes, p=8, r=3)] == [
        "shapes.Z: Z is no tensor of the einsum",
        "shapes.W: the shape of tensor W has 2 sizes",
        "shapes.O[0]: coordinate 1 of tensor O has size 0",
        "shapes.I[0]: tensor I leaves its shape in coordinate 1 of 1: p + r takes 0..9, the tensor has 8; "
        "it is 9 at p=7, r=2",
    ]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (8, "shapes.I: expected a list of integers but got 8"),
        ("8", "shapes.I: expected a list of integers but got '8'"),
        ([8, "x"], "shapes.I[1]: expected an integer but got 'x'"),
        ([True], "shapes.I[0]: expected an integer but got True"),
        ([2**62 + 1], f"shapes.I[0]: coordinate 1 of tensor I has size {2**62 + 1}"),
        ([], "shapes.I: the shape of tensor I has 0 sizes"),
    ],
)
def test_a_shape_is_a_list_of_integers(shape: list[int], message: str) -> None:
    assert told("O[p] += I[p]", {"I": shape}, p=8)[0].split("\n")[0] == message


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ("{A: 3}", "<text>:5:13 (shapes.A): `3` stands where a list belongs"),
        ("{A: [x]}", "<text>:5:14 (shapes.A[0]): `x` is not a number"),
        ("{A: [0]}", "<text>:5:14 (shapes.A[0]): coordinate 1 of tensor A has size 0"),
        ("{B: [3]}", "<text>:5:13 (shapes.B): B is no tensor of the einsum"),
        ('{"A[0]": [3]}', "<text>:5:18 (shapes.A[0]): A[0] is no tensor of the einsum"),
        ("{A: [3, 3]}", "<text>:5:13 (shapes.A): the shape of tensor A has 2 sizes"),
        ("[3]", "<text>:5:9 (shapes): a list stands where `shapes` belongs"),
    ],
)
def test_a_mistake_about_a_shape_has_its_place_in_the_file(shapes: str, message: str) -> None:
    text = f"polymap: workload/1\nname: g\neinsum: O[i] += A[i]\nranks: {{i: 3}}\nshapes: {shapes}\n"
    with pytest.raises(SpecError) as caught:
        workload(text)
    assert str(caught.value).split("\n")[0] == message


def test_a_scalar_has_the_empty_shape() -> None:
    assert einsum("O[] += I[p]", shapes={"O": [], "I": (3,)}, p=3).tensor("O").shape == ()


def test_without_shapes_coordinates_may_be_negative() -> None:
    assert einsum(CONV, p=8, r=3).computes == 24


def test_shapes_change_no_count() -> None:
    plain, shaped = (
        einsum(CONV, shapes=shapes, domain="{ [p,r] : p + r >= 1 }", p=8, r=3) for shapes in ({}, {"I": [9]})
    )
    assert (plain.computes, plain.ranks, plain.domain_text) == (shaped.computes, shaped.ranks, shaped.domain_text)
    assert plain != shaped


def test_layers_inherit_the_shapes_of_the_tensors_they_have_or_give_their_own() -> None:
    text = """\
polymap: workload/1
name: net
einsum: "O[m] += A[m,k] * B[k]"
shapes: {B: [8], A: [4, 8]}
layers:
  - {name: a, ranks: {m: 4, k: 8}}
  - {name: b, ranks: {m: 5, k: 8}, shapes: {A: [5, 8]}}
  - {name: c, einsum: "O[k] += B[k]", ranks: {k: 8}}
"""
    net = workload(text)
    assert isinstance(net, Network)
    a, b, c = (layer.einsum for layer in net.layers)
    assert [tensor.shape for tensor in a.tensors] == [(4, 8), (8,), None]
    assert [tensor.shape for tensor in b.tensors] == [(5, 8), (8,), None]
    assert [tensor.shape for tensor in c.tensors] == [(8,), None]
    with pytest.raises(SpecError, match=r"<text>:4:22 \(shapes\.A\[0\]\): tensor A leaves its shape"):
        workload(text.replace("m: 5", "m: 6").replace("[5, 8]", "[6, 8]").replace("m: 4", "m: 5"))
    with pytest.raises(SpecError, match=r"<text>:4:21 \(shapes\.Z\): no layer has Z"):
        workload(text.replace("A: [4, 8]}", "Z: [4, 8]}"))


def test_a_file_and_python_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text("polymap: workload/1\nname: g\neinsum: O[i] += A[i]\nranks: {i: 3}\nshapes: {A: [4]}\n")
    assert workload(path) == einsum("O[i] += A[i]", name="g", shapes={"A": [4]}, i=3)


COEFFICIENT = st.integers(-3, 3).filter(bool)
DOMAINS = (
    "",
    "{ [p,r] : p + r >= 1 }",
    "{ [p,r] : r <= p }",
    "{ [p,r] : (p + r) mod 2 = 0 }",
    "{ [p,r] : p = 1 or r = 1 }",
)


@settings(max_examples=150, deadline=None)
@given(
    a=COEFFICIENT,
    b=COEFFICIENT,
    constant=st.integers(-3, 3),
    p=st.integers(2, 5),
    r=st.integers(2, 4),
    size=st.integers(1, 12),
    domain=st.sampled_from(DOMAINS),
)
def test_a_walk_finds_a_point_outside_exactly_where_one_is_told(
    a: int, b: int, constant: int, p: int, r: int, size: int, domain: str
) -> None:
    text = f"O[p] += I[{a}*p+{b}*r+{constant}]"
    plain = einsum(text, domain=domain, p=p, r=r)
    points = [(x, y) for x in range(p) for y in range(r) if _holds(plain, x, y)]
    taken = {a * x + b * y + constant for x, y in points}
    outside = {value for value in taken if not 0 <= value < size}
    try:
        assert einsum(text, domain=domain, shapes={"I": [size]}, p=p, r=r).computes == len(points)
        assert not outside
    except SpecError as error:
        message = str(error)
        low, high, value, x, y = map(
            int, re.findall(r"takes (.*)\.\.(.*), the.* is (.*) at p=(\d+), r=(\d+)", message)[0]
        )
        assert (low, high) == (min(taken), max(taken))
        assert (x, y) in points
        assert a * x + b * y + constant == value
        assert value in outside
        _check_proposal(text, size, message, p, r, len([v for v in _values(a, b, constant, points) if 0 <= v < size]))


def _holds(work: Einsum, p: int, r: int) -> bool:
    import islpy as isl

    return not work.domain().intersect(isl.Set(f"{{ einsum[{p}, {r}] }}")).is_empty()


def _values(a: int, b: int, constant: int, points: list[tuple[int, int]]) -> list[int]:
    return [a * x + b * y + constant for x, y in points]


def _check_proposal(text: str, size: int, message: str, p: int, r: int, inside: int) -> None:
    """The proposed domain is legal and holds all points that are inside; there is none only if no point is."""
    proposed = re.findall('domain: "(.*)"', message)
    assert bool(proposed) == bool(inside)
    for domain in proposed:
        assert einsum(text, domain=domain, shapes={"I": [size]}, p=p, r=r).computes == inside
