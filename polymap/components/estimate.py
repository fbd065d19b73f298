"""A predicted amount: its value, how far it may be off, and where it comes from.

An error is relative: the logarithm of the true value over the predicted one is a sum of independent errors, each with
a standard deviation and a name (`Error`). Two estimates that share a source share its error: in a sum it then counts
linearly, while errors of different sources add in quadrature. To first order in the errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import exp, hypot
from typing import TypeAlias

CALIBRATED = "calibrated: "  # how a factor that data or a user put on a number begins; its reason follows


@dataclass(frozen=True)
class Origin:
    """One node of the tree that says where a number comes from.

    `what` is a model, a row of a table, a step of scaling or a part of a sum, in the field's words. `value` and `unit`
    are the amount at this node (`x` is the unit of a factor), `weight` what it counts in the node above: a count, or
    the weight of a row in an interpolation (its exponent, if in logarithms). `outside` tells that the node lies outside
    of the table or range that `citation` covers.
    """

    what: str
    citation: str = ""
    value: float | None = None
    unit: str = ""
    weight: float | None = None
    outside: bool = False
    parts: tuple[Origin, ...] = ()

    @property
    def extrapolated(self) -> bool:
        """Whether this node or any below lies outside of its table."""
        return self.outside or any(part.extrapolated for part in self.parts)

    @property
    def citations(self) -> tuple[str, ...]:
        """All sources of the tree, each once, in the order of the tree."""
        found = dict.fromkeys([self.citation] if self.citation else [])
        for part in self.parts:
            found.update(dict.fromkeys(part.citations))
        return tuple(found)

    @property
    def calibrations(self) -> tuple[tuple[str, float], ...]:
        """Reason and value of the factors of calibration in the tree, each once."""
        own = self.unit == "x" and self.value is not None and self.what.startswith(CALIBRATED)
        found = dict.fromkeys([(self.what.removeprefix(CALIBRATED), self.value or 0.0)] if own else [])
        for part in self.parts:
            found.update(dict.fromkeys(part.calibrations))
        return tuple(found)


Told: TypeAlias = Origin | Callable[[], Origin]


@dataclass(frozen=True, eq=False)
class Estimate:
    """`value` in `unit` (pJ, um2, uW, ns), the standard deviations of its relative errors by source, and its origin.

    The origin is `told` when it is first asked for, so that queries by the million need not build trees nobody reads.

    >>> Estimate.given(2.0, "pJ", "a data sheet").times(3.0, "three of them").value
    6.0
    """

    value: float
    unit: str
    told: Told = field(repr=False)
    errors: tuple[tuple[str, float], ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Estimate) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash((self.value, self.unit, self.errors))

    def __reduce__(self) -> tuple[type[Estimate], tuple[object, ...]]:
        return Estimate, self._all()

    def _all(self) -> tuple[float, str, Origin, tuple[tuple[str, float], ...]]:
        return self.value, self.unit, self.origin, self.errors

    @cached_property
    def origin(self) -> Origin:
        """The tree that says where the value comes from."""
        return self.told() if callable(self.told) else self.told

    @property
    def settled(self) -> Estimate:
        """The same with its origin told: plain data, to be kept."""
        return Estimate(*self._all())

    @classmethod
    def given(cls, value: float, unit: str, what: str, citation: str = "") -> Estimate:
        """An amount that is taken for exact: as its author wrote it."""
        return cls(value, unit, Origin(what, citation, value, unit))

    @property
    def sigma(self) -> float:
        """Standard deviation of the logarithm of the true value over this one: 0.1 is about 10 %."""
        return hypot(*(deviation for _, deviation in self.errors))

    @property
    def interval(self) -> tuple[float, float]:
        """From one standard deviation below to one above: about two thirds of the cases, if errors are as stated."""
        return self.value * exp(-self.sigma), self.value * exp(self.sigma)

    def times(self, factor: float, what: str, citation: str = "", outside: bool = False, **errors: float) -> Estimate:
        """This amount times a factor that has errors of its own, by source; an error of the same source adds up."""
        value = self.value * factor

        def told() -> Origin:
            step = Origin(what, citation, factor, "x", outside=outside)
            return Origin(f"{self.origin.what}, {what}", "", value, self.unit, parts=(self.origin, step))

        return Estimate(value, self.unit, told, added(self.errors, tuple(errors.items())))

    def named(self, what: str, citation: str = "") -> Estimate:
        """The same amount under a name of its own, with what it was as its only part."""
        told = lambda: Origin(what, citation, self.value, self.unit, parts=(self.origin,))  # noqa: E731
        return Estimate(self.value, self.unit, told, self.errors)


def added(*several: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    """Errors of a product: those of one source add up."""
    sums: dict[str, float] = {}
    for errors in several:
        for source, deviation in errors:
            sums[source] = sums.get(source, 0.0) + deviation
    return tuple(sorted(sums.items()))


def total(what: str, parts: Iterable[tuple[float, Estimate]], unit: str, citation: str = "") -> Estimate:
    """The sum of weighted estimates of one unit; a source that several share counts linearly.

    >>> one = Estimate(1.0, "pJ", Origin("a"), (("table", 0.1),))
    >>> total("two", [(1, one), (1, one)], "pJ").sigma
    0.1
    """
    weighted = list(parts)
    wrong = {estimate.unit for _, estimate in weighted} - {unit}
    if wrong:
        raise ValueError(f"a sum in {unit} cannot hold {', '.join(sorted(wrong))}")
    value = sum(weight * estimate.value for weight, estimate in weighted)

    def told() -> Origin:
        return Origin(what, citation, value, unit, parts=tuple(_part(weight, e.origin) for weight, e in weighted))

    return Estimate(value, unit, told, _errors_of_sum(weighted, value))


def _part(weight: float, origin: Origin) -> Origin:
    return replace(origin, weight=weight)


def _errors_of_sum(weighted: list[tuple[float, Estimate]], value: float) -> tuple[tuple[str, float], ...]:
    sums: dict[str, float] = {}
    for weight, estimate in weighted:
        for source, deviation in estimate.errors:
            sums[source] = sums.get(source, 0.0) + weight * estimate.value * deviation
    return tuple(sorted((source, amount / value) for source, amount in sums.items())) if value else ()
