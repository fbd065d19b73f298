"""Every mapping of a class that could break a claim, walked from the inside out.

A state is a zone, the temporal tile, how many sites of each tensor are placed in the zone, and how many of inner zones
still owe what they fetch. It carries labels: energy and the time of ports so far, with the least that all other sites
must pay, and the room taken in memories that share it. A label goes no further than the claim: what it carries is a
lower bound, and where that is no counterexample, nothing behind it is.

What a site fetches is known at its closing loop, the innermost temporal loop outside it over a relevant rank: loops in
between change neither its tile nor, together with the steps outside, its fetches. So a site may stand just inside its
closing loop if that is in its zone (it moves out over irrelevant loops, and nothing else changes); otherwise it may
stand at the outer end of its zone, and owes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import floor, inf

from polymap.model.cost import Cycles
from polymap.refute.charges import CYCLE, Charge, Charges
from polymap.refute.claim import Claim
from polymap.refute.even import EvenZone
from polymap.refute.labels import Label, State, States
from polymap.refute.layout import Layout
from polymap.refute.ruled import RuledZone
from polymap.refute.rules import Rules
from polymap.refute.zone import OutOfTime, TooManyLabels, Zone


@dataclass
class Walk:
    """The walk of one class under a claim; `deadline` is on the monotonic clock."""

    layout: Layout
    charges: Charges
    claim: Claim
    rules: Rules
    deadline: float = inf
    stays: bool = True
    is_even: bool = False
    whole_cycles: bool = True
    most_labels: int = 0  # if given, labels are not compared, and there may be so many
    states: int = 0
    labels: int = 0
    _most: dict[Cycles, int | None] = field(default_factory=dict)

    def survivors(self) -> list[Label]:
        """Labels of whole mappings that may break the claim; if there are none, no mapping of the class does.

        Raises `OutOfTime` and `TooManyLabels`.
        """
        if not self.rules.are_kept_elsewhere():
            return []
        tensors = len(self.layout.einsum.tensors)
        zeros = (0,) * tensors
        start = self.kept(Label(self._base.energy, self._base.ports, ()))
        state = State((1,) * len(self.layout.ranks), zeros, zeros, zeros, self.rules.start)
        here: States = {state: [start]} if start else {}
        kind = EvenZone if self.is_even else Zone if self.rules.are_empty else RuledZone
        for number in range(self.layout.last + 1):
            here = kind(self, number).leaving(here)
        return [label for labels in here.values() for label in labels]

    @cached_property
    def _base(self) -> Charge:
        """What is paid whatever the mapping, and the least of each site."""
        leaked = Charge(floor(self._leakage * self.layout.compute_cycles), self.charges.nothing.ports)
        sites = (site for sites in self.layout.sites for site in sites[:-1])
        return sum((self.charges.least(site) for site in sites), start=self.charges.fixed() + leaked)

    @cached_property
    def _leakage(self) -> Fraction:
        return self.charges.leakage()

    def kept(self, label: Label) -> Label | None:
        """The label, unless nothing behind it can break the claim."""
        if not label.ports:
            return label if self._at_best is None or label.energy <= self._at_best else None
        busy, computing = self._taking(max(label.ports)), self.layout.compute_cycles
        cycles = busy if busy > computing else computing
        if cycles not in self._most:
            waiting = floor(self._leakage * (cycles - self.layout.compute_cycles))
            most = self.claim.most_quanta(cycles, self.charges.quanta)
            self._most[cycles] = most if most is None else most - waiting
        most = self._most[cycles]
        return label if most is None or label.energy <= most else None

    def _taking(self, port: int) -> Cycles:
        """The cycles of a port that is busy for so many quanta of one."""
        return -(-port // CYCLE) if self.whole_cycles else Fraction(port, CYCLE)

    def left_by(self, energy: int) -> int | None:
        """How much may be added to an energy that can break the claim in the fewest cycles; None if any will do."""
        return None if self._at_best is None else self._at_best - energy

    @cached_property
    def _at_best(self) -> int | None:
        return self.claim.most_quanta(self.layout.compute_cycles, self.charges.quanta)

    def count(self) -> None:
        """One more label. Raises `TooManyLabels`."""
        self.labels += 1
        if self.labels > self.most_labels:
            raise TooManyLabels

    def on_time(self) -> None:
        """Raises `OutOfTime`."""
        self.states += 1
        if self.states % 256 == 0 and time.monotonic() > self.deadline:
            raise OutOfTime
