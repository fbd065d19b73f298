"""What every model of a component is: one class of components, priced from attributes and a technology.

A model is written in Python as a subclass of `Model`; compounds (YAML) and tables (CSV) are models, too. Nothing here
knows which models there are: see `registry`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from polymap.components.estimate import Estimate
from polymap.components.technology import Technology


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"

    def __reduce__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()


@dataclass(frozen=True)
class Attribute:
    """A property of a component, or an argument of an action, as its user writes it.

    `read` takes what was written (text with a unit, or a number where there is no unit) to a plain value in `unit`,
    and raises `Misread`. `default` is a value already read, or a function of the values of the attributes before it
    (and of the component's, for an argument); `REQUIRED` has none.
    """

    name: str
    read: Callable[[object], Any] = field(compare=False)
    unit: str = ""
    default: Any = REQUIRED
    what: str = ""

    @property
    def is_required(self) -> bool:
        return self.default is REQUIRED


@dataclass(frozen=True)
class Given:
    """What a model is asked about: attributes (and the arguments of an action) by name, in their units, all there."""

    values: Mapping[str, Any]
    stated: Technology | None = None

    @property
    def technology(self) -> Technology:
        """Raises CannotPrice where none is stated: only models of what is made in one ask for it."""
        if self.stated is None:
            raise CannotPrice("no technology is stated", "add e.g. `technology: {node: 45 nm}`")
        return self.stated

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass(frozen=True)
class Action:
    """Something a component does, with the arguments that its energy depends on (bit densities, histograms)."""

    name: str
    arguments: tuple[Attribute, ...] = ()
    what: str = field(default="", compare=False)


class CannotPrice(Exception):
    """A model has no answer for what it was asked: which attribute or technology, and what it covers."""

    def __init__(self, reason: str, mend: str = "") -> None:
        super().__init__(f"{reason}; {mend}" if mend else reason)
        self.reason, self.mend = reason, mend


class Model(ABC):
    """One way to price the components of a class. Stateless: the same question has the same answer, from any thread.

    `name` is unique, `prices` the class of components (`sram`, `int_mac`), `source` what to cite. All amounts are for
    one instance: energies per action in pJ, area in um2, leakage in uW, delays in ns. A method raises `CannotPrice`
    where it has no answer, and never answers 0 for what it does not know.

    A subclass states these in its body (`name = "cacti_sram"`), or as fields where one class makes several models.
    """

    name: str
    prices: str
    source: str
    attributes: tuple[Attribute, ...] = ()
    actions: tuple[Action, ...] = ()

    def __eq__(self, other: object) -> bool:
        """Models of one class with the same fields are the same, so that they may go to other processes and back."""
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def check(self, given: Given) -> None:  # noqa: B027 (most models cover all that they can be asked)
        """Raises CannotPrice if the question lies outside of what the model covers; called before all others."""

    @abstractmethod
    def energy(self, action: str, given: Given) -> Estimate:
        """Energy of one action in pJ."""

    def delay(self, action: str, given: Given) -> Estimate:
        """Time of one action in ns."""
        raise CannotPrice(f"`{self.name}` gives no delay")

    def area(self, given: Given) -> Estimate:
        """Area in um2."""
        raise CannotPrice(f"`{self.name}` gives no area")

    def leakage(self, given: Given) -> Estimate:
        """Leakage in uW."""
        raise CannotPrice(f"`{self.name}` gives no leakage")
