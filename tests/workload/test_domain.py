"""Iteration domains that are a part of the box: what may be written, how it is counted, what is recognised."""

from __future__ import annotations

from itertools import product

import islpy as isl
import pytest

from polymap.errors import SpecError
from polymap.workload import Einsum, einsum, workload
from polymap.workload.counting import TooLarge, budget, count
from polymap.workload.sets import difference


def scores(domain: str, **sizes: int) -> Einsum:
    return einsum("S[h,i,j] += Q[h,i] * K[h,j]", domain=domain, **{"h": 2, "i": 7, "j": 5, **sizes})


DOMAINS = {
    "{ [i,j] : j <= i }": lambda h, i, j: j <= i,
    "{ [j,i] : i - 2 <= j <= i }": lambda h, i, j: i - 2 <= j <= i,
    "{ [i,j,h] : i + j + h <= 6 }": lambda h, i, j: i + j + h <= 6,
    "{ [i,j] : 2j <= i + 1 or i = 3 }": lambda h, i, j: 2 * j <= i + 1 or i == 3,
    "{ [i] : i mod 3 = 1 }": lambda h, i, j: i % 3 == 1,
    "{ [i,j] : (i + j) mod 2 = 0 }": lambda h, i, j: (i + j) % 2 == 0,
    "{ [h,j,i] : j = 2 and i <= 3 }": lambda h, i, j: j == 2 and i <= 3,
    "{ [i,j] : i = 3 or j = 2 }": lambda h, i, j: i == 3 or j == 2,
    "{ any[h,j] : j <= h }": lambda h, i, j: j <= h,
}


@pytest.mark.parametrize("text", DOMAINS)
def test_a_domain_holds_exactly_the_points_of_the_box_that_satisfy_it(text: str) -> None:
    work = scores(text)
    wanted = {point for point in product(range(2), range(7), range(5)) if DOMAINS[text](*point)}
    found: set[tuple[int, ...]] = set()
    read = isl.Point.get_coordinate_val
    work.domain().foreach_point(
        lambda at: found.add(tuple(read(at, isl.dim_type.set, i).to_python() for i in range(3)))
    )
    assert found == wanted
    assert work.computes == len(wanted)
    assert not work.is_box


@pytest.mark.parametrize("text", DOMAINS)
def test_the_canonical_text_says_the_same(text: str) -> None:
    work = scores(text)
    assert scores(work.domain_text) == work


def test_a_domain_that_is_the_box_is_dropped() -> None:
    assert scores("{ [i,j] : i + j <= 10 and i >= 0 }") == scores("")
    assert scores("{ [i,j] : i + j <= 9 }") != scores("")


def test_the_access_of_a_restricted_einsum_is_defined_on_its_domain() -> None:
    work = scores("{ [i,j] : j <= i }")
    assert work.access("K").domain().is_equal(work.domain())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ [i,j : }", "domain: ISL cannot read the domain { [i,j : }: syntax error"),
        ("{ [i,z] }", "domain: the domain speaks of z, which is no rank of the einsum"),
        ("{ [i,i] }", "domain: the tuple of the domain lists something other than distinct ranks"),
        ("{ [i,2i] }", "domain: the tuple of the domain lists something other than distinct ranks"),
        ("[n] -> { [i] : i < n }", "domain: n is a parameter of the domain, without a value"),
        ("{ [i] : i < 2; [j] : j < 3 }", "domain: the tuples of the domain { [i] : i < 2; [j] : j < 3 } differ"),
        ("{ [i] : i > 7 }", "domain: the domain { [i] : i > 7 } has no point in the box of the ranks"),
    ],
)
def test_what_is_wrong_with_a_domain_is_said(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        scores(text)
    assert str(caught.value).split("\n")[0] == message


def test_a_domain_is_text() -> None:
    with pytest.raises(SpecError, match="domain: expected text but got 3"):
        scores(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{ [i,j] : j <= i }", ("i", "j", 0, None)),
        ("{ [j,i] : j < i }", ("i", "j", 1, None)),
        ("{ [i,j] : i <= j }", ("i", "j", None, 0)),
        ("{ [i,j] : -1 <= i - j <= 2 }", ("i", "j", -1, 2)),
        ("{ [h,j] : j >= h }", ("h", "j", None, 0)),
        ("{ [i,j] : j <= i and i <= 4 }", None),
        ("{ [i,j] : 2j <= i }", None),
        ("{ [i,j] : i + j <= 3 }", None),
        ("{ [i,j] : j != i }", None),
        ("{ [i,j,h] : h <= j <= i }", None),
        ("", None),
    ],
)
def test_difference_constraints_are_recognised(text: str, found: object) -> None:
    assert difference(scores(text)) == found


def test_large_triangles_are_counted_at_once() -> None:
    attention = workload("causal_attention")
    assert isinstance(attention, Einsum)
    assert attention.computes == 32 * 128 * (4096 * 4097 // 2)
    assert difference(attention) == ("i", "j", 0, None)


def test_padding_is_left_out() -> None:
    conv = workload("conv_padded")
    assert isinstance(conv, Einsum)
    inside = sum(0 <= 2 * p + r - 3 < 224 for p in range(112) for r in range(7))
    assert conv.computes == 64 * 3 * inside**2
    image = conv.domain().apply(conv.access("I"))
    with budget("the image"):
        assert count(image) == 3 * 224 * 224


def test_a_count_beyond_its_budget_is_refused() -> None:
    wide = isl.Set("{ [i,j,k] : 0 <= i < 3000 and 0 <= j <= i and 0 <= k <= j }")
    with (
        pytest.raises(TooLarge, match="the cone cannot be counted exactly in 1000 steps\n    mend: tile it coarser"),
        budget("the cone", 1000),
    ):
        count(wide)
    with budget("a short one"):
        assert count(isl.Set("{ [i,j] : 0 <= j <= i < 4 }")) == 10


@pytest.mark.parametrize(
    "text",
    [
        "{ [i,j,k] : 0 <= i < 5 and 0 <= j <= i and 0 <= k < 7 }",
        "{ [i,j] : 0 <= i < 5 and 0 <= j < 4 and (i + j) mod 3 = 0 }",
        "{ [y] : exists p, r : y = 4p + r and 0 <= p < 9 and 0 <= r < 3 }",
        "{ [i,j] : 0 <= i < 9 and 0 <= j < 9 and (i < 3 or j < 2 or i = j) }",
        "{ [] }",
        "{ [i] : i = 0 and i = 1 }",
    ],
)
def test_a_count_is_the_number_of_points(text: str) -> None:
    found = isl.Set(text)
    points: list[isl.Point] = []
    found.foreach_point(points.append)
    with budget(text):
        assert count(found) == len(points)
