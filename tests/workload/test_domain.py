"""Iteration domains that are a part of the box: what may be written, how it is counted, what is recognised."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product
from operator import eq, ge, le, lt, ne
from typing import TypeAlias

import islpy as isl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymap.errors import SpecError
from polymap.workload import Einsum, counting, einsum, workload
from polymap.workload.counting import TooLarge, budget, count
from polymap.workload.sets import difference

Predicate: TypeAlias = Callable[[int, int], bool]


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
        ("{ [i,j] : i*j < 3 }", "domain: ISL cannot read the domain { [i,j] : i*j < 3 }: i*j multiplies two names"),
        ("{ [i] : i mod j = 0 }", "domain: ISL cannot read the domain { [i] : i mod j = 0 }: syntax error"),
        ("{ A[i]; B[i] }", "domain: ISL cannot read the domain { A[i]; B[i] }: it is not one set of points"),
        ("{ [i] -> [j] }", "domain: ISL cannot read the domain { [i] -> [j] }: it is not one set of points"),
        ("{ [i] : i ≤ 2 }", "domain: in the domain { [i] : i ≤ 2 } the character '\\u2264' has no meaning"),
        ("{ [i] : i < 2\0 }", "domain: in the domain { [i] : i < 2\0 } the character '\\x00' has no meaning"),
        (
            "{ [i] : i = 0 and i = 1 }",
            "domain: the domain { [i] : i = 0 and i = 1 } has no point in the box of the ranks",
        ),
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


MISREAD = {
    "{ [i,j] : i < 3 } and j < 2": ("'and j < 2' stands behind the set", "{ [i,j] : i < 3 and j < 2 }"),
    "{ [i] : i < 3 }; { [i] : i > 5 }": ("'; { [i] : i > 5 }' stands behind the set", "{ [i] : i < 3 or i > 5 }"),
    "{ [i] : i < 7/2 }": ("a quotient is not affine", "{ [i] : 2*i < 7 }"),
    "{ [i,j] : (i + j)/2 > 1 }": ("a quotient is not affine", "{ [i,j] : i + j > 2 }"),
    "{ [i] : i/2 < 1 }": ("a quotient is not affine", "{ [i] : floor(i/2) < 1 }"),
    "{ [i] : 2*i mod 3 = 1 }": ("mod behind '2*i' may be read in two ways", "{ [i] : (2*i) mod 3 = 1 }"),
    "{ [i] : 2i % 3 = 1 }": ("mod behind '2i' may be read in two ways", "{ [i] : (2i) mod 3 = 1 }"),
    "{ [i,j] : 2*(i + j) mod 3 = 2 }": (
        "mod behind '2*(i+j)' may be read in two ways",
        "{ [i,j] : 2*((i + j) mod 3) = 2 }",
    ),
    "{ [i,j] : i > 1 and -j mod 3 = 1 }": (
        "mod behind '-j' may be read in two ways",
        "{ [i,j] : i > 1 and (-j) mod 3 = 1 }",
    ),
}
MEANT = (
    lambda i, j: i < 3 and j < 2,
    lambda i, j: i < 3 or i > 5,
    lambda i, j: i < 3.5,
    lambda i, j: (i + j) / 2 > 1,
    lambda i, j: i / 2 < 1,
    lambda i, j: 2 * i % 3 == 1,
    lambda i, j: 2 * i % 3 == 1,
    lambda i, j: 2 * ((i + j) % 3) == 2,
    lambda i, j: i > 1 and -j % 3 == 1,
)


@pytest.mark.parametrize(("text", "meant"), list(zip(MISREAD, MEANT, strict=True)), ids=list(MISREAD))
def test_what_isl_would_read_otherwise_is_refused_and_can_be_mended(text: str, meant: Predicate) -> None:
    what, mended = MISREAD[text]
    with pytest.raises(SpecError) as caught:
        scores(text)
    assert str(caught.value).split("\n")[0] == f"domain: in the domain {text} {what}"
    assert scores(mended).computes == 2 * sum(meant(i, j) for i, j in product(range(7), range(5)))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("{ [i] : i < 3 # } and nothing else\n }", lambda i, j: i < 3),
        ("{ [i,j] : j - i mod 3 = 1 }", lambda i, j: j - i % 3 == 1),
        ("{ [i,j] : [(i + j)/2] = 2 or ceil(i/3) = 2 }", lambda i, j: (i + j) // 2 == 2 or -(-i // 3) == 2),
        ("{ [i,j] : floor((i + floor(j/2))/3) = 1 }", lambda i, j: (i + j // 2) // 3 == 1),
        ("{ [i, j = i] }", lambda i, j: i == j),
        ("{ [i,j] : i >= 3 implies j < 2 }", lambda i, j: i < 3 or j < 2),
        ("{ [i,j] : i <= max(j, 2) }", lambda i, j: i <= max(j, 2)),
        ("{ [i] : exists a, b : i = 3a + 5b and a >= 0 and b >= 0 }", lambda i, j: i in (0, 3, 5, 6)),
        ("{ [i,j] : 99999999999999999999 i >= 100000000000000000000 j }", lambda i, j: i > j or i == j == 0),
        ("{ [i] : i < 9223372036854775808 }", lambda i, j: True),
    ],
)
def test_unusual_domains_are_counted_as_they_read(text: str, holds: Predicate) -> None:
    work = scores(text)
    assert work.computes == 2 * sum(holds(i, j) for i, j in product(range(7), range(5)))
    assert scores(work.domain_text) == work


def test_ranks_that_only_divisions_tie_are_not_counted_apart() -> None:
    """ISL ties i and k by the division that each of them bounds: counted apart, they would make 36 points."""
    bounds = {
        "2*{} <= i and 2*j <= 3*{}": lambda e, i, j, k: 2 * e <= i and 2 * j <= 3 * e,
        "2*{} <= i and i + j <= 2*{} + 2": lambda e, i, j, k: 2 * e <= i and i + j <= 2 * e + 2,
        "3*{} <= i + 1 and 2*k <= 4*{} + 2": lambda e, i, j, k: 3 * e <= i + 1 and 2 * k <= 4 * e + 2,
    }
    # As many values as each may have.
    tops = (2, 2, 1)
    named = [f"0 <= {e} <= {top} and {text.format(e, e)}" for e, top, text in zip(("a", "b", "c"), tops, bounds)]
    text = f"{{ [i,j,k] : exists (a, b, c : {' and '.join(named)}) }}"
    work = einsum("O[i,j,k] += I[i,j,k] * W[i]", i=5, j=3, k=5, domain=text)
    points = product(range(5), range(3), range(5))
    holds = list(zip(tops, bounds.values()))
    assert work.computes == sum(all(any(h(e, *at) for e in range(top + 1)) for top, h in holds) for at in points)


Spoken: TypeAlias = tuple[str, Callable[[int, int], int]]
RANK = st.sampled_from([("i", lambda i, j: i), ("j", lambda i, j: j), ("(i + 2*j)", lambda i, j: i + 2 * j)])
COMPARISONS = {"<=": le, "<": lt, "=": eq, "!=": ne, ">=": ge}


def _scaled(rank: Spoken, by: int) -> Spoken:
    return f"{by}*{rank[0]}", lambda i, j: by * rank[1](i, j)


def _floored(rank: Spoken, by: int) -> Spoken:
    return f"floor({rank[0]}/{by})", lambda i, j: rank[1](i, j) // by


def _left(rank: Spoken, by: int) -> Spoken:
    return f"({rank[0]} mod {by})", lambda i, j: rank[1](i, j) % by


def _sum(terms: list[Spoken], constant: int) -> Spoken:
    text = " + ".join([*(text for text, _ in terms), str(constant)])
    return text, lambda i, j: constant + sum(value(i, j) for _, value in terms)


def _constraint(left: Spoken, sign: str, right: Spoken) -> Spoken:
    return f"{left[0]} {sign} {right[0]}", lambda i, j: COMPARISONS[sign](left[1](i, j), right[1](i, j))


def _joined(first: Spoken, word: str, second: Spoken) -> Spoken:
    join = min if word == "and" else max
    return f"({first[0]} {word} {second[0]})", lambda i, j: join(first[1](i, j), second[1](i, j))


TERM = st.builds(
    lambda make, rank, by: make(rank, by), st.sampled_from([_scaled, _floored, _left]), RANK, st.integers(2, 4)
)
SUM = st.builds(_sum, st.lists(TERM | RANK, min_size=1, max_size=2), st.integers(-3, 9))
CONSTRAINT = st.builds(_constraint, SUM, st.sampled_from(list(COMPARISONS)), SUM)
CONDITION = CONSTRAINT | st.builds(_joined, CONSTRAINT, st.sampled_from(["and", "or"]), CONSTRAINT)


@settings(max_examples=150, deadline=None)
@given(condition=CONDITION)
def test_any_domain_is_counted_as_a_walk_counts_it_and_its_text_gives_itself(condition: Spoken) -> None:
    text, holds = condition
    wanted = 2 * sum(bool(holds(i, j)) for i, j in product(range(7), range(5)))
    if not wanted:
        with pytest.raises(SpecError, match="has no point in the box of the ranks"):
            scores(f"{{ [i,j] : {text} }}")
        return
    work = scores(f"{{ [i,j] : {text} }}")
    assert work.computes == wanted
    assert scores(work.domain_text) == work


def test_many_existentials_are_counted_exactly() -> None:
    steps = [(k + 2, 30 - k) for k in range(30)]
    reached = {(0, 0)}
    for k, (down, right) in enumerate(steps):
        moved = {(i + down * a, j + right * a) for i, j in reached for a in range(k + 2)}
        reached = {(i, j) for i, j in moved if i < 300 and j < 300}
    sums = [" + ".join(f"{step[side]}a{k}" for k, step in enumerate(steps)) for side in (0, 1)]
    bounds = " and ".join(f"0 <= a{k} < {k + 2}" for k in range(30))
    names = ", ".join(f"a{k}" for k in range(30))
    text = f"{{ [i,j] : exists {names} : i = {sums[0]} and j = {sums[1]} and {bounds} }}"
    assert einsum("O[i,j] += A[i,j]", i=300, j=300, domain=text).computes == len(reached)


RANKS = [f"r{k}" for k in range(40)]
DEAR = {
    "forty ranks": (RANKS, f"{{ [{','.join(RANKS)}] : {' + '.join(RANKS)} <= 20 }}"),
    "a union of many": (
        RANKS,
        f"{{ [{','.join(RANKS)}] : {' or '.join(f'{a} > {b}' for a, b in pairwise(RANKS))} }}",
    ),
    "deep disjunctions": (
        ["i", "j"],
        "{ [i,j] : "
        + " and ".join(f"({k + 2}i + (j mod {k + 3}) = 1 or {k + 3}j + (i mod {k + 4}) != 2)" for k in range(14))
        + " }",
    ),
}


@pytest.mark.parametrize("case", DEAR)
def test_a_domain_that_takes_too_long_is_refused_with_its_place(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "SECONDS", 0.05)
    ranks, domain = DEAR[case]
    text = f"""\
polymap: workload/1
name: dear
einsum: O[{ranks[0]}] += A[{"+".join(ranks)}]
ranks: {{{", ".join(f"{rank}: 40" if len(ranks) == 2 else f"{rank}: 2" for rank in ranks)}}}
domain: "{domain}"
"""
    with pytest.raises(SpecError) as caught:
        workload(text)
    first, mend = str(caught.value).split("\n")
    assert first.startswith("<text>:5:9 (domain): the domain { [")
    assert first.endswith("cannot be counted exactly in 0.05 s of CPU time")
    assert "fewer constraints" in mend


def test_ranks_that_a_domain_does_not_name_cost_nothing() -> None:
    many = {f"r{k}": 2 if k < 50 else 1 for k in range(1000)}
    work = einsum(f"O[i] += A[{'+'.join(many)}+i+j]", domain="{ [i,j] : j <= i }", ranks={**many, "i": 40, "j": 40})
    assert work.computes == 2**50 * (40 * 41 // 2)


def test_forty_ranks_that_are_in_order_are_counted() -> None:
    ordered = " and ".join(f"{a} <= {b}" for a, b in pairwise(RANKS))
    domain = f"{{ [{','.join(RANKS)}] : {ordered} }}"
    assert einsum(f"O[r0] += A[{'+'.join(RANKS)}]", ranks=dict.fromkeys(RANKS, 2), domain=domain).computes == 41


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
