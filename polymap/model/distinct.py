"""How many different values a sum of independent indices takes: the size of a union of shifted tiles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import gcd
from typing import TypeAlias

from polymap.errors import NOWHERE, Mistake, PolymapError

# (coefficient, trip): contributes coefficient * x for 0 <= x < trip.
Terms: TypeAlias = tuple[tuple[int, int], ...]

SPAN_LIMIT = 10**8


def distinct(rows: tuple[tuple[int, ...], ...]) -> int:
    """Number of distinct vectors `sum_l x_l * v_l`, `0 <= x_l < f_l`, where row l is `(f_l, v_l[0], ..., v_l[D-1])`.

    The coordinates are packed into one integer, in a mixed radix wide enough to keep different sums apart, which
    leaves a sum in one dimension. Raises `TooWide` if the packed sums span more than `SPAN_LIMIT`.

    >>> distinct(((3, 1), (2, 2)))
    5
    >>> distinct(((2, 1, 1), (2, 0, 1)))
    4
    """
    return _count(_ordered(tuple((_packed(row, rows), row[0]) for row in rows)))


def _packed(row: tuple[int, ...], rows: tuple[tuple[int, ...], ...]) -> int:
    """The vector of a row as one integer; the radix of a coordinate is one more than its sums can span."""
    packed, place = 0, 1
    for d in range(1, len(row)):
        packed += place * row[d]
        place *= 1 + sum(abs(other[d]) * (other[0] - 1) for other in rows)
    return packed


def _ordered(terms: Terms) -> Terms:
    """Live terms by size. The sign of a coefficient is dropped: counting an index backwards only shifts the sums."""
    return tuple(sorted((abs(coefficient), trip) for coefficient, trip in terms if coefficient and trip > 1))


@lru_cache(maxsize=65536)
def _count(terms: Terms) -> int:
    """Distinct sums of ordered terms: split where the tail steps over the head's span, else closed form or set."""
    if not terms:
        return 1
    terms = _coprime(terms)
    for cut in range(1, len(terms)):
        if _common(terms[cut:]) > _span(terms[:cut]):
            return _count(terms[:cut]) * _count(terms[cut:])
    if _is_dense(terms):
        return 1 + _span(terms)
    return _two(terms) if len(terms) == 2 else _enumerated(terms)


def _common(terms: Terms) -> int:
    return gcd(*(coefficient for coefficient, _ in terms))


def _coprime(terms: Terms) -> Terms:
    common = _common(terms)
    return tuple((coefficient // common, trip) for coefficient, trip in terms)


def _span(terms: Terms) -> int:
    return sum(coefficient * (trip - 1) for coefficient, trip in terms)


def _is_dense(terms: Terms) -> bool:
    """Whether the sums leave no holes: every step is at most one more than what the smaller ones span."""
    return all(terms[i][0] <= 1 + _span(terms[:i]) for i in range(len(terms)))


def _two(terms: Terms) -> int:
    """Two coprime coefficients `a < b`: `x a + y b` repeats exactly when x advances by b and y falls by a."""
    (a, s), (b, t) = terms
    return s * t - max(0, s - b) * max(0, t - a)


def _enumerated(terms: Terms) -> int:
    """The sums as bits of one integer; each term is ORed in by doubling."""
    within_reach(_span(terms))
    sums = 1
    for coefficient, trip in terms:
        sums = repeated(sums, coefficient, trip)
    return sums.bit_count()


def repeated(bits: int, shift: int, times: int) -> int:
    """A set of integers, as bits, together with `times - 1` copies, each `shift` further."""
    done = 1
    while done < times:
        more = min(done, times - done)
        bits |= bits << (shift * more)
        done += more
    return bits


class TooWide(PolymapError):
    """A set of integers would be too wide as bits; `places` is what it would span, `limit` what it may."""

    def __init__(self, places: int, limit: int, subject: str = "the elements of a tensor") -> None:
        self.places, self.limit = places, limit
        message = f"counting {subject} needs sets over {places} places (limit {limit})"
        mend = "give each rank of a coordinate such as `p+1000*q` a coordinate of its own, or make its strides smaller"
        super().__init__(Mistake(NOWHERE, message, mend))


def within_reach(span: int, limit: int = SPAN_LIMIT) -> None:
    """Raise `TooWide` where a set of integers as bits would be too wide."""
    if span > limit:
        raise TooWide(span, limit)


@contextmanager
def counting(tensor: str, level: str) -> Iterator[None]:
    """Name in a `TooWide` what was counted, and where."""
    try:
        yield
    except TooWide as error:
        raise TooWide(error.places, error.limit, f"the elements of {tensor} at {level}") from None
