"""One data coordinate over several ranks: how many elements groups of its tiles hold, apart or together.

A coordinate is `sum(coefficient * rank)`; a tile touches all sums of its points. With `exact` a tile is what it
touches, otherwise the interval between the least and the greatest touched value (its hull).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from polymap.model.digits import Block, Digit, Group, blocks, run_length, start, starts
from polymap.model.distinct import distinct, repeated, within_reach


@dataclass(frozen=True)
class Part:
    """A rank of the coordinate: the points of a full tile and the group of tiles, numbered by `digits`, that counts."""

    coefficient: int
    tile: int
    digits: tuple[Digit, ...] = ()
    group: Group = (1, 1)

    @property
    def count(self) -> int:
        return self.group[0]

    @property
    def last(self) -> int:
        return self.group[1]

    @property
    def is_regular(self) -> bool:
        """Whether every tile that the digits number is there, and whole."""
        total = 1
        for digit in self.digits:
            total *= digit.trip
        return self.count == total and self.last == self.tile


@dataclass(frozen=True)
class Slide:
    """The tile came from `step` points further down along the rank of part `part`, where it was a full tile.

    That part's coefficient is positive.
    """

    part: int
    step: int


def reach(coefficients: Sequence[int], sizes: Sequence[int]) -> int:
    """Elements of the hull of a tile."""
    return 1 + sum(abs(c) * (size - 1) for c, size in zip(coefficients, sizes, strict=True))


def touched(coefficients: Sequence[int], sizes: Sequence[int]) -> int:
    """Elements that a tile touches."""
    return distinct(tuple((size, abs(c)) for c, size in zip(coefficients, sizes, strict=True)))


# A set of elements: the first of them, its form (bits from there on, or its length) and its size.
Shape: TypeAlias = tuple[int, int, int]


@lru_cache(maxsize=65536)
def apart(parts: tuple[Part, ...], slide: Slide | None, exact: bool) -> int:
    """Elements of all different sets of the groups' tiles; with a slide, of what is new in each."""
    several = [i for i, part in enumerate(parts) if part.count > 1]
    last = tuple(part.last for part in parts)
    if len(several) <= 1:
        whole = tuple(part.tile if i in several else part.last for i, part in enumerate(parts))
        others = parts[several[0]].count - 1 if several else 0
        return others * _new(parts, whole, slide, exact) + _new(parts, last, slide, exact)
    if all(parts[i].is_regular for i in several):
        rows = tuple((d.trip, parts[i].coefficient * d.step) for i in several for d in parts[i].digits)
        return distinct(rows) * _new(parts, last, slide, exact)
    return sum(size for _, _, size in _shapes(parts, slide, exact))


def _new(parts: Sequence[Part], sizes: Sequence[int], slide: Slide | None, exact: bool) -> int:
    """Elements of a tile that it did not hold before its slide."""
    coefficients = [part.coefficient for part in parts]
    if slide is None:
        return touched(coefficients, sizes) if exact else reach(coefficients, sizes)
    if not exact:
        return _new_interval(parts, sizes, slide)[1]
    before = [part.tile if i == slide.part else size for i, (part, size) in enumerate(zip(parts, sizes))]
    if slide.step == parts[slide.part].tile:
        before_and_now = [size + s if i == slide.part else s for i, (size, s) in enumerate(zip(before, sizes))]
        return touched(coefficients, before_and_now) - touched(coefficients, before)
    if sizes[slide.part] == parts[slide.part].tile:
        twice = (2, parts[slide.part].coefficient * slide.step)
        both = distinct((twice, *((size, abs(c)) for c, size in zip(coefficients, sizes))))
        return both - touched(coefficients, before)
    return _new_bits(parts, sizes, slide).bit_count()


def _new_interval(parts: Sequence[Part], sizes: Sequence[int], slide: Slide) -> tuple[int, int]:
    """Where, from its least element on, the new part of a hull begins, and its length."""
    coefficients = [part.coefficient for part in parts]
    before = [part.tile if i == slide.part else size for i, (part, size) in enumerate(zip(parts, sizes))]
    kept = max(0, reach(coefficients, before) - coefficients[slide.part] * slide.step)
    return kept, reach(coefficients, sizes) - kept


def _new_bits(parts: Sequence[Part], sizes: Sequence[int], slide: Slide | None) -> int:
    """What a tile touches, and did not before its slide, as bits from its least element on."""
    others = 1
    for i, (part, size) in enumerate(zip(parts, sizes)):
        if slide is None or i != slide.part:
            others = repeated(others, abs(part.coefficient), size)
    if slide is None:
        return others
    moving, size = parts[slide.part], sizes[slide.part]
    now = repeated(others, moving.coefficient, size) << (moving.coefficient * slide.step)
    return (now & ~repeated(others, moving.coefficient, moving.tile)) >> (moving.coefficient * slide.step)


def _shapes(parts: Sequence[Part], slide: Slide | None, exact: bool) -> set[Shape]:
    """The different sets."""
    return {shape for _, shape in shapes(parts, slide, exact)}


def shapes(parts: Sequence[Part], slide: Slide | None, exact: bool) -> Iterator[tuple[tuple[int, ...], Shape]]:
    """The set of every combination of the groups' tiles, by the number of the tile in each part."""
    tiles = [list(zip(range(p.count), starts(p.digits, p.count), [p.tile] * (p.count - 1) + [p.last])) for p in parts]
    shape = lru_cache(maxsize=None)(lambda sizes: shape_of(parts, sizes, slide, exact))
    for chosen in product(*tiles):
        offset, form, size = shape(tuple(size for _, _, size in chosen))
        least = sum(
            part.coefficient * (at if part.coefficient > 0 else at + size - 1)
            for part, (_, at, size) in zip(parts, chosen)
        )
        yield tuple(number for number, _, _ in chosen), (least + offset, form, size)


def union(placed: Collection[tuple[int, int]], exact: bool) -> int:
    """All elements of some sets, each by its beginning and form, as bits from 0 on."""
    within_reach(max(begin for begin, _ in placed))
    bits = 0
    for begin, form in placed:
        bits |= (form if exact else (1 << form) - 1) << begin
    return bits


def shape_of(parts: Sequence[Part], sizes: Sequence[int], slide: Slide | None, exact: bool) -> Shape:
    if not exact:
        begin, length = _new_interval(parts, sizes, slide) if slide else (0, _new(parts, sizes, None, False))
        return begin, length, length
    within_reach(reach([part.coefficient for part in parts], sizes))
    bits = _new_bits(parts, sizes, slide)
    begin = (bits & -bits).bit_length() - 1
    return begin, bits >> begin, bits.bit_count()


@lru_cache(maxsize=65536)
def together(parts: tuple[Part, ...], exact: bool) -> int:
    """Elements of the union of all tiles of the groups."""
    if len(parts) == 1 and not exact:
        return apart(parts, None, False)
    lengths = [run_length(part.digits, part.group, part.tile) for part in parts]
    coefficients = [part.coefficient for part in parts]
    if None not in lengths and (exact or _are_dense(parts)):
        return touched(coefficients, [length for length in lengths if length is not None])
    if all(part.is_regular for part in parts):
        moves = tuple((d.trip, part.coefficient * d.step) for part in parts for d in part.digits)
        return distinct((*_tile_rows(parts, exact), *moves))
    return _union_bits(parts, exact).bit_count()


def _are_dense(parts: Sequence[Part]) -> bool:
    """Whether no tile of the groups has holes."""
    coefficients = [part.coefficient for part in parts]
    choices = [{part.tile, part.last} if part.count > 1 else {part.last} for part in parts]
    return all(touched(coefficients, sizes) == reach(coefficients, sizes) for sizes in product(*choices))


def _tile_rows(parts: Sequence[Part], exact: bool) -> tuple[tuple[int, int], ...]:
    if exact:
        return tuple((part.tile, part.coefficient) for part in parts)
    return ((reach([part.coefficient for part in parts], [part.tile for part in parts]), 1),)


@dataclass(frozen=True)
class Piece:
    """A block of equal tiles of one rank, and where its first element lies in the coordinate."""

    block: Block
    size: int
    place: int


def _union_bits(parts: Sequence[Part], exact: bool) -> int:
    pieces = [list(_pieces(part)) for part in parts]
    tops = (max(p.place + abs(part.coefficient) * p.block.span for p in ps) for part, ps in zip(parts, pieces))
    within_reach(sum(tops) + reach([part.coefficient for part in parts], [part.tile for part in parts]))
    if not exact:
        return _hull_bits(parts, pieces)
    bits = 1
    for part, mine in zip(parts, pieces):
        step, before, bits = abs(part.coefficient), bits, 0
        for piece in mine:
            bits |= _moved(repeated(before, step, piece.size), step, piece)
    return bits


def _hull_bits(parts: Sequence[Part], pieces: Sequence[Sequence[Piece]]) -> int:
    coefficients, union = [part.coefficient for part in parts], 0
    for chosen in product(*pieces):
        bits = repeated(1, 1, reach(coefficients, [piece.size for piece in chosen]))
        for part, piece in zip(parts, chosen):
            bits = _moved(bits, abs(part.coefficient), piece)
        union |= bits
    return union


def _moved(bits: int, step: int, piece: Piece) -> int:
    """The bits at every tile of a piece."""
    for digit in piece.block.digits:
        bits = repeated(bits, step * digit.step, digit.trip)
    return bits << piece.place


def _pieces(part: Part) -> Iterator[Piece]:
    """The tiles of a group in blocks. A negative coefficient counts the rank from its other end."""
    short = part.last != part.tile
    found = [(block, part.tile) for block in blocks(part.digits, part.count - short)]
    if short:
        found.append((Block(start(part.digits, part.count - 1), ()), part.last))
    end = max(block.start + block.span + size for block, size in found)
    for block, size in found:
        at = block.start if part.coefficient > 0 else end - block.start - block.span - size
        yield Piece(block, size, abs(part.coefficient) * at)
