"""Compound files (`polymap: component/1`) -> `Compound`.

polymap: component/1
component: smart_buffer                   # the class it prices, and its name
source: where the composition comes from
what: an SRAM that counts through its addresses
extends: NAME                             # a compound that this one has all of, but for what it states itself
attributes:
  capacity: must_specify                  # or {unit: b, what: ...}; what has no default must be given
  width: 64 b
  banks: {default: 1, what: banks of the SRAM}
  bits: ceil(log2(capacity / width))      # follows from those before it, unless it is given
parts:
  storage:
    component: {sram: {capacity: capacity, width: width, banks: banks}}
  address:
    component: {adder: {bits: bits}}
    count: 2
    scale: {area: 1.1}                    # factors on energy, area, leakage, delay
actions:
  read:
    arguments: {activity: 1}
    does:
      - storage.read
      - {do: address.add, times: 2, with: {activity: activity}, beside: true}    # takes energy and no time
    delay: serial                         # or parallel
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import partial

from polymap import spec
from polymap.components import term
from polymap.components.amount import Amount, number, quantity
from polymap.components.calibration import read_calibrations
from polymap.components.compound import Asked, Compound, Named, Part, Scale, Step, Steps
from polymap.components.inherit import inherited
from polymap.components.model import Action, Attribute
from polymap.components.read import CALIBRATE, MODEL, TECHNOLOGY, one_class, plain
from polymap.components.syntax import ELSE, FUNCTIONS, IF
from polymap.components.technology_read import stated
from polymap.components.term import Derived, Term, Value
from polymap.quantity import Misread, choose, shown
from polymap.spec import Fields, Located, Scalar

FORMAT = "component/1"
MUST_SPECIFY = "must_specify"
RESERVED = (*FUNCTIONS, IF, ELSE)
_NAMES = "use letters, digits and `_`, and no word of arithmetic"
_ACTION = "PART.ACTION"
_PLAIN = "plain number"


def compound(tree: Located, others: Callable[[str], Located | None], asked: Asked | None) -> Compound:
    """The compound of a file; `others` gives the files that it may extend, `asked` prices its parts.

    Raises SpecError with every mistake.
    """
    whole = inherited(tree, others)
    with spec.reading_tree(whole, FORMAT) as top:
        top.name("extends")
        prices, source, what = top.name("component", required=True), top.text("source"), top.text("what")
        attributes = tuple(_attributes(top, "attributes"))
        known = tuple(attribute.name for attribute in attributes)
        parts = tuple(_part(name, reader, known) for name, reader in top.named_children("parts", required=True))
        if top.is_mapping("parts") and not parts:
            top.wrong("there are no parts", "a compound has at least one", key="parts")
        actions = tuple(_action(name, each, known, parts) for name, each in top.named_children("actions"))
    does = tuple((action.name, steps) for action, steps in actions)
    named = tuple(action for action, _ in actions)
    return Compound(prices, prices, source, attributes, named, parts, does, what, top.place, asked)


# attributes


def _attributes(top: spec.Reader, key: str, before: tuple[str, ...] = ()) -> Iterator[Attribute]:
    """Attributes; the default of one may follow from those before it."""
    reader = top.child(key)
    for name in reader.keys:
        node = reader.node_of(name)
        if not name.isidentifier() or name in RESERVED:
            reader.wrong(f"{shown(name)} is no name for arithmetic", _NAMES, key=name)
            continue
        if isinstance(node, Fields):
            yield _detailed(name, reader.child(name), before)
        elif isinstance(node, Scalar) and node.text == MUST_SPECIFY:
            yield Attribute(name, _reader(None), "")
        elif node is not None:
            yield _defaulted(name, _default(reader, name, node, before), "", "")
        before = (*before, name)


def _detailed(name: str, reader: spec.Reader, before: tuple[str, ...]) -> Attribute:
    what, unit, node = reader.text("what"), reader.text("unit"), reader.node_of("default")
    like = reader.value("unit", _one, otherwise=None)
    if node is None:
        return Attribute(name, _reader(like), "" if unit == "1" else unit, what=what)
    default = _default(reader, "default", node, before)
    if like and isinstance(default, Amount) and default.powers != like.powers:
        reader.wrong(f"the default is no amount in {unit}", "make default and unit agree", key="default")
    return _defaulted(name, default, unit, what)


def _one(unit: object) -> Amount:
    """One of a unit; `1` is the unit of plain numbers."""
    return number(Fraction(1)) if unit == 1 else quantity(Fraction(1), spec.text(unit))


def _defaulted(name: str, default: Value | Derived, unit: str, what: str) -> Attribute:
    unit = unit or (default.unit if isinstance(default, Amount) else "")
    like = None if isinstance(default, Derived) else default
    return Attribute(name, _reader(like), unit, default, what)


def _default(reader: spec.Reader, key: str, node: Located, before: tuple[str, ...]) -> Value | Derived:
    try:
        return term.default(plain(node), before)
    except Misread as wrong:
        reader.wrong(wrong.message, wrong.mend, key=key)
        return False


def _reader(like: Value | None) -> Callable[[object], Value]:
    """Reads a value of the kind of a default; None is of any kind. Instead of a plain number there may be a list of
    them: weights of a histogram, for what takes either."""
    return partial(_read, like=like)


def _read(given: object, like: Value | None) -> Value:
    found = term.literal(given)
    if like is None or _kind(found) == _kind(like) or _is_histogram(found, like):
        return found
    raise Misread(f"{shown(given)} is no {_kind(like)}", f"write {_example(like)}")


def _is_histogram(found: Value, like: Value) -> bool:
    return isinstance(found, tuple) and all(_kind(value) == _PLAIN for value in (*found, like))


def _kind(value: Value) -> str:
    if isinstance(value, Amount):
        return f"amount in {value.unit}" if value.powers else _PLAIN
    return {bool: "truth value", str: "word"}.get(type(value), "list")


def _example(value: Value) -> str:
    return f"e.g. `{value}`" if isinstance(value, Amount) else "true or false" if isinstance(value, bool) else "a word"


# parts


def _part(name: str, reader: spec.Reader, known: tuple[str, ...]) -> Part:
    reader.what = f"the part `{name}`"
    count, scale = _term(reader, "count", known, 1), reader.child("scale")
    factors = Scale(*(_term(scale, what, known, 1) for what in ("energy", "area", "leakage", "delay")))
    if not reader.is_mapping("component"):
        prices = reader.name("component", required=True)
        return Part(name, prices, (), count, factors, place=reader.place_of("component"))
    described = reader.child("component")
    pin = described.name(MODEL)
    changes = stated(described, TECHNOLOGY)
    calibrations = read_calibrations(described.child(CALIBRATE))
    prices = one_class(described)
    attributes = tuple(_terms(described.child(prices), known)) if prices else ()
    places = described.place_of(prices), described.place_of(MODEL)
    return Part(name, prices, attributes, count, factors, changes, pin, *places, calibrations)


def _terms(reader: spec.Reader, known: tuple[str, ...]) -> Iterator[Named]:
    """All keys of a mapping, each a term."""
    for name in reader.keys:
        node = reader.node_of(name)
        if node is not None:
            yield Named(name, _term(reader, name, known, 0), node.place)


def _term(reader: spec.Reader, key: str, known: tuple[str, ...], otherwise: int) -> Term:
    node = reader.node_of(key)
    if node is None:
        return term.term(otherwise, ())
    try:
        return term.term(plain(node), known)
    except Misread as wrong:
        reader.wrong(wrong.message, wrong.mend, key=key)
        return term.term(otherwise, ())


# actions


def _action(name: str, reader: spec.Reader, known: tuple[str, ...], parts: Iterable[Part]) -> tuple[Action, Steps]:
    reader.what = f"the action `{name}`"
    arguments = tuple(_attributes(reader, "arguments", known))
    everything = (*known, *(argument.name for argument in arguments))
    steps = tuple(_steps(reader, everything, {part.name for part in parts}))
    if reader.is_list("does") and not steps:
        reader.wrong(f"{reader.what} does nothing", f"list what it does, e.g. `- {_ACTION}`", key="does")
    delay = reader.value("delay", _delay, otherwise=False)
    return Action(name, arguments, reader.text("what")), Steps(steps, delay)


def _delay(value: object) -> bool:
    if value not in ("serial", "parallel"):
        raise Misread(f"{shown(value)} says not how steps follow each other", "write `serial` or `parallel`")
    return value == "parallel"


def _steps(reader: spec.Reader, known: tuple[str, ...], parts: set[str]) -> Iterator[Step]:
    for item in reader.items("does", "do", required=True):
        if item.is_there:
            part, action = item.value("do", lambda value: _step_name(value, parts), ("", ""), required=True)
            times, beside = _term(item, "times", known, 1), item.flag("beside")
            yield Step(part, action, times, tuple(_terms(item.child("with"), known)), beside, item.place)


def _step_name(value: object, parts: set[str]) -> tuple[str, str]:
    part, dot, action = spec.text(value).partition(".")
    if not (dot and part and action):
        raise Misread(f"{shown(value)} is no action of a part", f"write `{_ACTION}`")
    if part not in parts:
        mend = choose(part, sorted(parts), f"there are: {', '.join(sorted(parts))}")
        raise Misread(f"no part is called {shown(part)}", mend)
    return part, action
