"""What is asked of models: a class of components with attributes as they were written, in a technology."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polymap.components.model import Attribute, CannotPrice, Given, Model
from polymap.components.technology import Technology
from polymap.errors import NOWHERE, Place, PolymapError
from polymap.quantity import Misread

if TYPE_CHECKING:
    from polymap.components.calibration import Calibration


@dataclass(frozen=True)
class Written:
    """An attribute as its user wrote it (text with a unit, a number, a truth value, a list of these), and where."""

    name: str
    value: object
    place: Place = NOWHERE


@dataclass(frozen=True)
class Question:
    """What a component of the class `prices` costs.

    An attribute that is `written` counts: a model that does not know it has no answer. One that is `offered` (the
    capacity of the memory it stands in) is taken by the models that know it, unless it is written, too. `pin` is the
    name of the only model to ask; `name` is what messages call the component, `calibrations` factors on its numbers.
    """

    prices: str
    written: tuple[Written, ...] = ()
    offered: tuple[Written, ...] = ()
    technology: Technology | None = None
    pin: str = ""
    name: str = ""
    place: Place = NOWHERE
    pin_place: Place = NOWHERE
    calibrations: tuple[Calibration, ...] = ()

    @property
    def called(self) -> str:
        return self.name or self.prices


@dataclass(frozen=True)
class Fit:
    """How the attributes of a question fit a model: the values it gets, or what is wrong."""

    values: Mapping[str, Any]
    unknown: tuple[str, ...]
    misread: tuple[tuple[str, Misread], ...]
    missing: tuple[Attribute, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the model cannot be asked; nothing if it can."""
        unknown = (f"does not know `{name}`" for name in self.unknown)
        misread = (f"`{name}`: {wrong.message}" for name, wrong in self.misread)
        missing = (f"needs `{attribute.name}`" for attribute in self.missing)
        return (*unknown, *misread, *missing)

    def given(self, technology: Technology | None) -> Given:
        """What the model is asked with. Raises CannotPrice if something does not fit."""
        if self.reasons:
            raise CannotPrice(", ".join(self.reasons), ", ".join(map(_addition, self.missing)))
        return Given(self.values, technology)


def _addition(missing: Attribute) -> str:
    """`add `width` (b): bits of one access`."""
    unit, what = f" ({missing.unit})" if missing.unit else "", f": {missing.what}" if missing.what else ""
    return f"add `{missing.name}`{unit}{what}"


def fit(model: Model, question: Question) -> Fit:
    """The attributes of a question as a model reads them. Raises ModelFailed."""
    known = {attribute.name for attribute in model.attributes}
    unknown = tuple(written.name for written in question.written if written.name not in known)
    with named(model, "reading its attributes"):
        given = {**_taken(model, question), **{written.name: written.value for written in question.written}}
        values, misread, missing = values_of(model.attributes, given)
    return Fit(values, unknown, misread, missing)


def _taken(model: Model, question: Question) -> dict[str, object]:
    """What is offered, as far as a model can read it: its `width` may be a plain number."""
    offered = {written.name: written.value for written in question.offered}
    _, misread, _ = values_of((each for each in model.attributes if each.name in offered), offered)
    return {name: value for name, value in offered.items() if name not in dict(misread)}


def values_of(
    attributes: Iterable[Attribute], given: Mapping[str, object], component: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], tuple[tuple[str, Misread], ...], tuple[Attribute, ...]]:
    """Values read, those misread, and the attributes that are missing; for arguments, with those of the component."""
    values: dict[str, Any] = {}
    misread: list[tuple[str, Misread]] = []
    missing: list[Attribute] = []
    for attribute in attributes:
        try:
            if attribute.name in given:
                values[attribute.name] = attribute.read(given[attribute.name])
            elif attribute.is_required:
                missing.append(attribute)
            elif not (callable(attribute.default) and (missing or misread)):  # it would follow from what is not there
                values[attribute.name] = _default(attribute, {**(component or {}), **values})
        except Misread as wrong:
            misread.append((attribute.name, wrong))
    return values, tuple(misread), tuple(missing)


def _default(attribute: Attribute, before: Mapping[str, Any]) -> Any:
    return attribute.default(before) if callable(attribute.default) else attribute.default


class NoAmount(Exception):
    """What a model returned is no amount in the unit that was asked for."""


class ModelFailed(Exception):
    """A model raised what it should not have: it is named, and no other takes its place in silence."""

    def __init__(self, model: Model, doing: str, error: BaseException) -> None:
        text = " ".join(str(error).split())
        raised = f"{type(error).__name__}: {text}" if text else type(error).__name__
        what = text if isinstance(error, NoAmount) else f"{raised}{_where(error)}"
        super().__init__(f"the model `{model.name}` failed at {doing}: {what}")
        self.mend = f"mend the model, or pin another one than `{model.name}` with `model: NAME`"


def _where(error: BaseException) -> str:
    from traceback import extract_tb

    frames = extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""


@contextmanager
def named(model: Model, doing: str) -> Iterator[None]:
    """Makes whatever a model raises a ModelFailed, but for its refusals and for mistakes of the user."""
    try:
        yield
    except (CannotPrice, PolymapError, ModelFailed):
        raise
    except (Exception, SystemExit) as error:
        raise ModelFailed(model, doing, error) from error
