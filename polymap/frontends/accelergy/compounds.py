"""Accelergy's compound components -> compounds of polymap, as plain data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polymap import spec
from polymap.components import term
from polymap.components.compound_read import FORMAT, MUST_SPECIFY, RESERVED
from polymap.components.expression import evaluate
from polymap.errors import Place
from polymap.frontends.accelergy.classes import DROPPED, STANDING, STANDS, Known, is_more, known
from polymap.frontends.aside import LeftOut
from polymap.quantity import Misread, shown
from polymap.spec import Fields

SOURCE = "converted from Accelergy's compound components"
ONCE = "1"
_RANGE = re.compile(r"(?P<name>[^\[\]]+?)\s*(?:\[(?P<low>[^\[\]]+?)(?:\.\.(?P<high>[^\[\]]+))?\])?")
_WEIGHTS = ("repeat", "action_share", "energy_scale", "energy_share")


@dataclass(frozen=True)
class Written:
    """An action of a compound in the file: what may be handed to it."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Ranged:
    """`name[low..high]`: a name, and how many it stands for as text; empty where it is one without an index."""

    name: str
    count: str


def compounds(classes: Sequence[spec.Reader], left_out: LeftOut) -> dict[str, dict[str, Any]]:
    """The compounds by name. What is wrong is noted at its place."""
    named = {reader.name("name", required=True): reader for reader in classes}
    actions = {name: reader.children("actions") for name, reader in named.items()}
    declared = {name: tuple(map(_declared, listed)) for name, listed in actions.items()}
    converters = {name: _Compound(name, reader, declared, left_out) for name, reader in named.items() if name}
    return {name: converter.data(actions[name]) for name, converter in converters.items()}


def _declared(action: spec.Reader) -> Written:
    node = action.node_of("arguments") if action.is_mapping("arguments") else None
    fields = node.fields if isinstance(node, Fields) else ()
    return Written(action.text("name", required=True), tuple(field.key for field in fields))


class _Compound:
    """One class of the file while it is converted."""

    def __init__(
        self, name: str, reader: spec.Reader, actions: Mapping[str, tuple[Written, ...]], left_out: LeftOut
    ) -> None:
        self.name, self.reader, self.actions, self.left_out = name, reader, actions, left_out
        self.known: tuple[str, ...] = ()
        self.classes: dict[str, str] = {}
        self.counts: dict[str, str] = {}
        self.plain: set[str] = set()  # attributes that are numbers there and amounts of bits here

    def data(self, listed: Sequence[spec.Reader]) -> dict[str, Any]:
        self.reader.what = f"`{self.name}`"
        self.skip("primitive_type", "a compound is priced part by part here")
        attributes = dict(self.attributes())
        parts = dict(self.part(part) for part in self.reader.children("subcomponents", required=True))
        attributes.update((name, {"unit": 1}) for name in self.plain if attributes.get(name) == MUST_SPECIFY)
        actions = {name: data for name, data in map(self.action, listed) if data}
        head = {"polymap": FORMAT, "component": self.name, "source": SOURCE}
        return {**head, "attributes": attributes, "parts": parts, "actions": actions}

    def skip(self, key: str, reason: str) -> None:
        if self.reader.has(key):
            self.left_out.tell(self.reader.place_of(key), key, reason)

    def attributes(self) -> Iterator[tuple[str, Any]]:
        reader = self.reader.child("attributes")
        for name in reader.keys:
            if name in DROPPED:
                reader.has(name)
                self.left_out.tell(reader.place_of(name), name, f"`{name}`: {DROPPED[name]}")
            elif not name.isidentifier() or name in RESERVED:
                reader.wrong(f"{shown(name)} cannot be the name of an attribute here", "rename it", key=name)
            else:
                yield name, _plain(self.default(reader, name))
                self.known = (*self.known, name)

    def default(self, reader: spec.Reader, name: str) -> str:
        text = reader.text(name, otherwise=ONCE)
        return text if text == MUST_SPECIFY else self.checked(text, reader.place_of(name))

    def checked(self, text: str, place: Place, more: tuple[str, ...] = ()) -> str:
        """Arithmetic or a word, as polymap reads it."""
        try:
            term.term(text, (*self.known, *more))
        except Misread as wrong:
            self.reader.wrong_at(place, wrong.message, wrong.mend)
        return text

    # parts

    def part(self, reader: spec.Reader) -> tuple[str, dict[str, Any]]:
        ranged, kind = self.ranged(reader), reader.text("class", required=True)
        counterpart = None if kind in self.actions else known(kind)
        self.classes[ranged.name], self.counts[ranged.name] = kind, ranged.count
        given = dict(self.given(reader.child("attributes"), counterpart))
        if counterpart:
            translated = self.translated(given, counterpart, reader, kind)
            component = {counterpart.prices: {key: _plain(text) for key, text in translated}}
        else:
            self.tell_unknown(kind, reader)
            component = {kind: {key: _plain(text) for key, text in given.items()}}
        count = {"count": _plain(ranged.count)} if ranged.count and ranged.count != ONCE else {}
        return ranged.name, {"component": component, **count, **self.scales(reader)}

    def tell_unknown(self, kind: str, reader: spec.Reader) -> None:
        if kind not in self.actions:
            reason = f"no model that ships prices {shown(kind)}: it is kept by this name, for a table or model of yours"
            self.left_out.tell(reader.place_of("class"), kind, reason)

    def given(self, reader: spec.Reader, counterpart: Known | None) -> Iterator[tuple[str, str]]:
        for name in reader.keys:
            reader.has(name)
            if name in DROPPED:
                self.left_out.tell(reader.place_of(name), name, f"`{name}`: {DROPPED[name]}")
            elif counterpart and is_more(name, counterpart):
                reason = f"`{counterpart.prices}` has no counterpart of `{name}`"
                self.left_out.tell(reader.place_of(name), name, reason)
            else:
                yield name, self.checked(reader.text(name, otherwise=ONCE), reader.place_of(name))

    def translated(
        self, given: Mapping[str, str], counterpart: Known, reader: spec.Reader, kind: str
    ) -> Iterator[tuple[str, str]]:
        """The counterpart's attributes, from the first template whose names are given."""
        for attribute, templates in counterpart.attributes.items():
            text = next((filled for template in templates if (filled := _filled(template, given))), "")
            self.plain |= {name for name in self.known if "* 1 b" in text and re.search(rf"\b{name}\b", text)}
            if text:
                yield attribute, text
            elif attribute in counterpart.needed:
                wanted = " or ".join(dict.fromkeys(", ".join(_names(template)) for template in templates))
                reader.wrong(f"nothing says what `{attribute}` of this {kind} is", f"give {wanted}", key="attributes")

    def scales(self, reader: spec.Reader) -> dict[str, Any]:
        """`area_scale` and `energy_scale` of a part, under their older names, too."""
        found: dict[str, str] = {}
        for quantity in ("energy", "area"):
            keys = [key for key in (f"{quantity}_scale", f"{quantity}_share") if reader.has(key)]
            factors = [self.checked(reader.text(key, otherwise=ONCE), reader.place_of(key)) for key in keys]
            if factors:
                found[quantity] = _product(factors)
        return {"scale": {key: _plain(text) for key, text in found.items()}} if found else {}

    # actions

    def action(self, reader: spec.Reader) -> tuple[str, dict[str, Any]]:
        name = reader.name("name", required=True)
        arguments = dict(self.arguments(reader))
        parts = reader.children("subcomponents", required=True)
        steps = [step for part in parts for step in self.steps(part, tuple(arguments))]
        if not steps:
            self.left_out.tell(reader.place_of("name"), name, f"the action `{name}` has nothing to do here: {STANDS}")
            return name, {}
        spoken = {key: text for key, text in arguments.items() if any(_speaks(key, step) for step in steps)}
        for key in (key for key in arguments if key not in spoken):
            self.left_out.tell(reader.place_of("arguments"), key, f"no energy here depends on the argument `{key}`")
        used = {key: _plain(text) for key, text in spoken.items()}
        return name, {**({"arguments": used} if used else {}), "does": steps}

    def arguments(self, reader: spec.Reader) -> Iterator[tuple[str, str]]:
        """An argument is a range there; here its default is the upper end."""
        if not reader.is_mapping("arguments"):
            reader.has("arguments")
            return
        listed = reader.child("arguments")
        for name in listed.keys:
            _, _, high = listed.text(name, otherwise=ONCE).rpartition("..")
            yield name, self.checked(high, listed.place_of(name))

    def steps(self, part: spec.Reader, arguments: tuple[str, ...]) -> Iterator[dict[str, Any] | str]:
        ranged = self.ranged(part)
        kind = self.classes.get(ranged.name)
        if kind is None:
            part.wrong(f"no subcomponent is called {shown(ranged.name)}", "list it under `subcomponents`", key="name")
        if kind and not ranged.count and self.counts[ranged.name]:
            self.left_out.tell(part.place_of("name"), ranged.name, f"one of the instances of `{ranged.name}` is meant")
        for action in part.children("actions", required=True):
            step = self.step(action, ranged, kind or "", arguments)
            yield from [step] if step else []

    def step(
        self, action: spec.Reader, ranged: Ranged, kind: str, arguments: tuple[str, ...]
    ) -> dict[str, Any] | str | None:
        name = action.text("name", required=True)
        weights = [key for key in _WEIGHTS if action.has(key)]
        factors = [self.checked(action.text(key, otherwise=ONCE), action.place_of(key), arguments) for key in weights]
        handed = self.handed(action, kind, name, arguments)
        does = self.does(action, name, kind)
        if not does:
            return None
        times = _product([factor for factor in (ranged.count or ONCE, *factors) if factor != ONCE])
        options = {**({"times": _plain(times)} if times != ONCE else {}), **({"with": handed} if handed else {})}
        return {"do": f"{ranged.name}.{does}", **options} if options else f"{ranged.name}.{does}"

    def does(self, action: spec.Reader, name: str, kind: str) -> str:
        """The counterpart of an action of a part; empty where there is none."""
        if name in STANDING:
            self.left_out.tell(action.place_of("name"), name, f"`{name}`: {STANDS}")
            return ""
        counterpart = None if kind in self.actions else known(kind)
        if counterpart is None or name in counterpart.actions:
            return counterpart.actions[name] if counterpart else name
        there = ", ".join(counterpart.actions)
        action.wrong(f"`{counterpart.prices}` has no counterpart of {shown(name)} of {kind}", there, key="name")
        return ""

    def handed(self, action: spec.Reader, kind: str, name: str, arguments: tuple[str, ...]) -> dict[str, str]:
        """Arguments that are handed on to another compound of the file; other parts take none."""
        if not action.is_mapping("arguments"):
            action.has("arguments")
            return {}
        listed = action.child("arguments")
        taken = next((each.arguments for each in self.actions.get(kind, ()) if each.name == name), ())
        found: dict[str, str] = {}
        for key in listed.keys:
            text, place = listed.text(key, otherwise=ONCE), listed.place_of(key)
            if key in taken:
                found[key] = self.checked(text, place, arguments)
            else:
                self.left_out.tell(place, key, f"no energy of the part depends on `{key}` here")
        return found

    def ranged(self, reader: spec.Reader) -> Ranged:
        text = reader.text("name", required=True)
        match = _RANGE.fullmatch(text)
        if not match:
            reader.wrong(f"{shown(text)} is no name with a range", "write e.g. `adder[0..1]`", key="name")
            return Ranged(text, "")
        low, high = match["low"], match["high"]
        for bound in (low, high):
            if bound:
                self.checked(bound, reader.place_of("name"))
        count = "" if low is None else ONCE if high is None else _between(low.strip(), high.strip())
        return Ranged(match["name"], count)


def _plain(text: str) -> str | int:
    """A whole number as one, so that files read well."""
    return int(text) if text.isdecimal() else text


def _filled(template: str, given: Mapping[str, str]) -> str:
    return template.format(**given) if all(name in given for name in _names(template)) else ""


def _names(template: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", template)


def _between(low: str, high: str) -> str:
    """How many there are from `low` to `high`."""
    whole = re.fullmatch(r"(.+?)\s*-\s*1", high)
    if low == "0" and whole:
        return whole[1]
    text = f"({high}) + 1" if low == "0" else f"({high}) - ({low}) + 1"
    try:
        return str(evaluate(text, {}))
    except Misread:
        return text


def _product(factors: Sequence[str]) -> str:
    if not factors:
        return ONCE
    return factors[0] if len(factors) == 1 else " * ".join(f"({factor})" for factor in factors)


def _speaks(name: str, step: dict[str, Any] | str) -> bool:
    """Whether a step says something of an argument."""
    said = "" if isinstance(step, str) else f"{step.get('times', '')} {step.get('with', {})}"
    return re.search(rf"\b{re.escape(name)}\b", said) is not None
