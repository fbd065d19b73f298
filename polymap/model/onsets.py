"""When instances begin a round: for tensors that depend on neither of two tied ranks, served to many at once."""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np

from polymap.model.band import Window
from polymap.model.lines import CHUNK, MOST_WORK, Bools, Ints, Kind, Line, different, refuse
from polymap.model.meeting import meeting

NEVER = np.iinfo(np.int64).max


@lru_cache(maxsize=1024)
def onsets(first: Line, second: Line, window: Window) -> int:
    """Times at which instances that the SHARED loops lead to begin, counted once each, over all APART contexts.

    An instance begins with the first step, in the order of the MOVING loops of both ranks, at which its tiles meet.
    For one tile of a rank and one instance of the other that is the earliest tile of the other rank to meet it, so
    the tiles of one rank are looked at once per instance of the other. Raises `PolymapError` for too many.
    """
    if not (first.has(Kind.MOVING) or second.has(Kind.MOVING)):
        return meeting(first, second, window)
    if first.count * _instances_of(second) > second.count * _instances_of(first):
        return onsets(second, first, window.turned())
    (begins, context), (others, other) = _instances(first), _instances(second)
    moves, first_clock, second_clock = first.starts(Kind.MOVING), *_clocks(first, second)
    refuse(len(begins) * len(others))
    refuse(len(begins) * len(moves) * len(others), MOST_WORK)
    at_once = max(1, CHUNK // (len(moves) * len(others)))
    found = list[tuple[Ints, ...]]()
    for part in range(0, len(begins), at_once):
        chosen = slice(part, part + at_once)
        step, met = _earliest((begins[chosen, None] + moves)[:, :, None], others, first, second, window)
        time = np.where(met, first_clock[:, None] + second_clock[step], NEVER).min(axis=1)
        rows, columns = np.nonzero(time != NEVER)
        found.append((context[chosen][rows], other[columns], time[rows, columns]))
    return len(different([np.concatenate(column) for column in zip(*found)]))


def _instances_of(line: Line) -> int:
    return prod(loop.trip for loop in line.loops if loop.kind is not Kind.MOVING)


def _instances(line: Line) -> tuple[Ints, Ints]:
    """Where the tiles of every instance begin, and the number of its context."""
    contexts, shared = line.starts(Kind.APART), line.starts(Kind.SHARED)
    begins = np.add.outer(contexts, shared).ravel()
    context = np.repeat(np.arange(len(contexts)), len(shared))
    return begins[begins < line.size], context[begins < line.size]


def _clocks(first: Line, second: Line) -> tuple[Ints, Ints]:
    """What the MOVING tiles of each rank add to the time: the loops of both, outermost first, are its digits."""
    moving = [loop for line in (first, second) for loop in line.loops if loop.kind is Kind.MOVING]
    weight, weights = 1, dict[int, int]()
    for loop in sorted(moving, key=lambda loop: -loop.position):
        weights[loop.position] = weight
        weight *= loop.trip
    return _clock(first, weights), _clock(second, weights)


def _clock(line: Line, weights: dict[int, int]) -> Ints:
    starts = line.starts(Kind.MOVING)
    moving = (loop for loop in line.loops if loop.kind is Kind.MOVING)
    return sum((starts // loop.step % loop.trip * weights[loop.position] for loop in moving), np.zeros_like(starts))


def _earliest(tiles: Ints, others: Ints, first: Line, second: Line, window: Window) -> tuple[Ints, Bools]:
    """For tiles of the first rank: the earliest tile of each instance of the second that meets it, if there is one."""
    steps = second.starts(Kind.MOVING)
    begin, end = tiles - others, np.minimum(tiles + first.tile, first.size) - 1 - others
    nearest = np.searchsorted(steps + second.tile - 1, begin - window.high)
    there = nearest < len(steps)
    nearest = np.where(there, nearest, 0)
    start, room = steps[nearest], second.size - others
    meets = (np.minimum(start + second.tile, room) > begin - window.high) & (start <= end - window.low)
    return nearest, there & (start < room) & (tiles < first.size) & meets
