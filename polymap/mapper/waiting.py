"""What waits in the queue of a search: parts, or classes that are not opened yet, under bounds found in stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from polymap.mapper.bundle import Bundle, Classes
from polymap.mapper.objective import Rank
from polymap.mapper.problem import Part, Unopened

BUNDLED, SHARED, UNOPENED, RELAXED, REFINED, QUICK, PROGRAM, PORTS = range(8)  # how a part's bound was found


@dataclass(order=True)
class Waiting:
    """A part in the queue: its bound, and the energy and cycles behind it."""

    bound: Rank
    serial: int
    stage: int = field(compare=False)
    part: Any = field(compare=False)  # a `Part`; a `Bundle`, `Classes` or `Unopened` in the first stages
    energy: float = field(compare=False)
    cycles: float = field(compare=False)
    moved: tuple[float, ...] = field(compare=False)  # bits at the memories whose traffic is asked for
    weight: float = field(compare=False, default=0.0)  # pJ per bit at the first of them: see `weighing`

    @property
    def parts(self) -> int:
        """How many parts, or classes that are not cut into parts yet, wait here, with those for which they stand."""
        each = max(1, len(self.part.alternatives)) if self.stage > REFINED else 1
        return int(each * self.part.covers)


def opened(
    part: Part | Unopened | Bundle | Classes, worth: Callable[[Unopened], bool] = lambda _: True
) -> Iterator[Part]:
    """The parts that a search has to look at; of classes that are not `worth` it none."""
    if isinstance(part, (Bundle, Classes)):
        for unopened in part:
            yield from opened(unopened, worth)
    elif not isinstance(part, Unopened):
        yield from part.split() or [part]
    elif worth(part):
        whole = part.open()
        yield from whole.split() or [whole]
