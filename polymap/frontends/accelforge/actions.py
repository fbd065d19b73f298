"""Actions of a component: what they cost, and how many there are in a second."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from polymap import spec
from polymap.frontends.accelforge import values
from polymap.frontends.accelforge.kinds import Action, Known, Number, Time
from polymap.frontends.aside import LeftOut

FREE = "Dummy"  # the class of components that cost nothing and take no time
IN_TURN = "sum(a.n_calls / a.throughput for a in actions)"
Ask = Callable[[spec.Reader, str, "Number | None"], Number]


@dataclass(frozen=True)
class Done:
    """One action: joules, how many bits it moves, and how often it can be done in a second."""

    name: str
    joules: Fraction
    bits: Fraction
    throughput: Number

    @property
    def joules_per_bit(self) -> Fraction:
        return self.joules / self.bits


@dataclass(frozen=True)
class Actions:
    """All actions of a component; `is_free` where its class costs nothing."""

    done: Mapping[str, Done]
    is_free: bool

    def __getitem__(self, name: str) -> Done:
        return self.done[name]


def actions(node: spec.Reader, wanted: Sequence[str], ask: Ask, left_out: LeftOut) -> Actions:
    """The actions that are asked for; what the class of a component would give must be written out."""
    is_free = node.text("component_class") == FREE
    listed = {reader.text("name", required=True): reader for reader in node.children("actions")}
    scales = {key: _number(ask(node, key, Fraction(1)), 1) for key in ("energy_scale", "throughput_scale")}
    found = {}
    for name in wanted:
        reader = listed.pop(name, None)
        if reader is None and not is_free:
            what = f"`{node.text('name')}` has no action `{name}`"
            source = f", as the component model of {node.text('component_class')} has them" * node.has(
                "component_class"
            )
            node.wrong(what, f"add `actions: [{{name: {name}, energy: ..., throughput: ...}}]`{source}")
        found[name] = (
            _done(name, reader, is_free, ask, scales) if reader else Done(name, Fraction(0), Fraction(1), math.inf)
        )
    for name, reader in listed.items():
        reader.ignore_rest()
        left_out.tell(reader.place, name, f"the action `{name}` is nothing that a tensor's traffic asks for")
    return Actions(found, is_free)


def _done(name: str, reader: spec.Reader, is_free: bool, ask: Ask, scales: Mapping[str, Fraction]) -> Done:
    energy = ask(reader, "energy", Fraction(0) if is_free else None)
    rate = ask(reader, "throughput", math.inf if is_free else None)
    if reader.has("throughput") and rate <= 0:
        reader.wrong(f"`{name}` is never done", "give a throughput of more than 0, or `inf`", key="throughput")
    bits = _number(ask(reader, "bits_per_action", Fraction(1)), 1)
    if reader.has("values_per_action"):
        reader.wrong("actions of several values have no counterpart", "give `bits_per_action`", key="values_per_action")
    if not isinstance(energy, Fraction) or energy < 0 or bits <= 0:
        reader.wrong(f"the energy of `{name}` is no amount", "write 0 or more joules", key="energy")
        return Done(name, Fraction(0), Fraction(1), rate)
    energy *= scales["energy_scale"] * _number(ask(reader, "energy_scale", Fraction(1)), 1)
    factor = scales["throughput_scale"] * _number(ask(reader, "throughput_scale", Fraction(1)), 1)
    return Done(name, energy, bits, rate * factor if rate > 0 else math.inf)


def _number(value: Number, otherwise: int) -> Fraction:
    return value if isinstance(value, Fraction) else Fraction(otherwise)


@dataclass(frozen=True)
class Ports:
    """How long a component takes: the longest of sums of seconds per action, each of so many bits."""

    time: Time
    bits: Mapping[str, Fraction]

    def seconds(self, action: str) -> Fraction:
        """Of one action, where it stands alone."""
        return max((dict(one).get(action, Fraction(0)) for one in self.time.sums), default=Fraction(0))

    def rates(self) -> dict[str, Fraction]:
        """Bits per second of each port that limits."""
        found: dict[str, Fraction] = {}
        for one in self.time.sums:
            taken = {action: each for action, each in one if each}
            port = "shared" if len(taken) > 1 else next(iter(taken), "")
            if port:
                rate = min(self.bits[action] / each for action, each in taken.items())
                found[port] = min(rate, found.get(port, rate))
        return found

    @property
    def is_even(self) -> bool:
        """Whether all actions that take turns take equally long for a bit."""
        rates = [{each / self.bits[action] for action, each in one if each} for one in self.time.sums]
        return all(len(found) < 2 for found in rates)


def ports(node: spec.Reader, done: Actions, known: Known) -> Ports | None:
    """The time that a component takes; None where it takes none. Mistakes are noted."""
    there = tuple(Action(action.name, action.throughput) for action in done.done.values())
    inside = known.with_names({"actions": there})
    time = node.value("total_latency", lambda value: values.evaluate(value, inside), None)
    if time is None:
        time = values.evaluate(IN_TURN, inside)
    if not isinstance(time, Time):
        if time != 0:
            node.wrong(
                "a latency that does not count actions has no counterpart",
                f"write e.g. `{IN_TURN}`",
                key="total_latency",
            )
        return None
    found = Ports(time, {action.name: action.bits for action in done.done.values()})
    if not found.is_even:
        text = "reads and writes that take turns at different rates have no counterpart"
        node.wrong(text, "give both one throughput, or ports of their own: `total_latency: max(...)`", key="actions")
    return found
