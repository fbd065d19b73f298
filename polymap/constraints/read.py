"""Constraint files (`polymap: constraints/1`) -> `Constraints`.

polymap: constraints/1
name: row_stationary
keep:
  GLB: {must: [input, output], never: [weight]}     # tensors or roles
  spad: {only: [weight]}
parallel:                                           # an array, or one of its dimensions: X, PE.X
  PE: {must: [k], only: [k, c], factors: {c: at most 4}}
  X: {never: [r]}
loops:                                              # temporal loops, of the memory whose node is nearest above them
  GLB: {factors: {n: 1, q: whole}, order: "... q p"}    # outermost first
tiles:
  GLB: {p: multiple of 4, weight: {k: power of 2}}  # along a rank, of every tensor that has it or of one
utilization: {PE: at least 0.5}                     # an array, a dimension, the compute level, or a memory
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from polymap import spec
from polymap.constraints.amount import COUNTS, Amount, count_amount, exactly, share_amount
from polymap.constraints.statements import (
    REST,
    Constraints,
    Factor,
    How,
    Kept,
    Order,
    Ranks,
    Section,
    Statement,
    Tile,
    Utilization,
)
from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import Misread, count, shown
from polymap.spec import Items, Reader, Scalar, identifier

KIND, FORMAT = "constraints", "constraints/1"
HOWS: tuple[How, ...] = ("must", "never", "only")
TIMELOOP = ("constraints", "architecture_constraints", "mapspace_constraints", "mapspace")
WISHES = ("prefer", "prefers", "wishes", "soft", "should")
_QUOTE = 'quote a condition that begins with `>`: write `">= 4"`, or in words `at least 4`'


def read(source: spec.Source) -> Constraints:
    """The constraints of a path, of YAML text or of a document. Raises `SpecError` with every mistake."""
    try:
        return _decode(source)
    except SpecError as error:
        raise SpecError(_of_timeloop(error.mistakes) or map(_about_quotes, error.mistakes)) from None


def _of_timeloop(mistakes: tuple[Mistake, ...]) -> list[Mistake]:
    """A file with the sections of Timeloop's constraints has one mistake."""
    alien = [mistake for mistake in mistakes if mistake.place.path in TIMELOOP]
    mend = "convert it: `polymap convert FILE... -o DIR`, with the architecture and the workload beside it"
    return [replace(mistake, message="these are constraints of Timeloop", mend=mend) for mistake in alien[:1]]


def _about_quotes(mistake: Mistake) -> Mistake:
    """`p: >= 4` is no YAML: there, `>` begins a block of text, and inside braces nothing."""
    is_likely = any(sign in mistake.message for sign in ("scanning a block scalar", "cannot start any token"))
    return replace(mistake, mend=f"{mistake.mend}; {_QUOTE}") if is_likely else mistake


def _decode(source: spec.Source) -> Constraints:
    with spec.reading(source, KIND, FORMAT) as top:
        name, origin = top.text("name"), top.text("source")
        for key in (key for key in WISHES if key in top.keys and top.has(key)):
            top.wrong("there are no wishes here: every statement is a rule", "state a rule, or leave it out", key=key)
        statements = (*_keeps(top), *_parallel(top), *_loops(top), *_tiles(top), *_utilizations(top))
    return Constraints(statements, name, origin)


def _keeps(top: Reader) -> Iterator[Statement]:
    for memory, reader in _levels(top, "keep"):
        yield from (Kept(memory, how, names, place=place) for how, names, place in _lists(reader))


def _parallel(top: Reader) -> Iterator[Statement]:
    for level, reader in _levels(top, "parallel"):
        yield from _ranks(reader, "parallel", level)


def _loops(top: Reader) -> Iterator[Statement]:
    for memory, reader in _levels(top, "loops"):
        yield from _ranks(reader, "loops", memory)
        yield from _orders(reader, memory)


def _ranks(reader: Reader, section: Section, level: str) -> Iterator[Statement]:
    yield from (Ranks(section, level, how, names, place=place) for how, names, place in _lists(reader))
    factors = reader.child("factors")
    for rank in _names(factors):
        if amount := _amount(factors, rank):
            yield Factor(section, level, rank, amount, place=factors.place_of(rank))


def _tiles(top: Reader) -> Iterator[Statement]:
    for memory, reader in _levels(top, "tiles"):
        for key in _names(reader):
            if reader.is_mapping(key):
                yield from _tiles_of(reader.child(key), memory, key)
            elif amount := _amount(reader, key):
                yield Tile(memory, "", key, amount, place=reader.place_of(key))


def _tiles_of(reader: Reader, memory: str, tensor: str) -> Iterator[Statement]:
    for rank in _names(reader):
        if amount := _amount(reader, rank):
            yield Tile(memory, tensor, rank, amount, place=reader.place_of(rank))


def _utilizations(top: Reader) -> Iterator[Statement]:
    reader = top.child("utilization")
    for level in _names(reader, _level_name):
        if amount := reader.value(level, share_amount, None):
            yield Utilization(level, amount, place=reader.place_of(level))


# names


def _levels(top: Reader, section: str) -> Iterator[tuple[str, Reader]]:
    """Each level that a section speaks of, and what it says there."""
    reader = top.child(section)
    for name in _names(reader, _level_name):
        inner = reader.child(name)
        if inner.is_there and not inner.keys:
            inner.wrong(f"nothing is said about {name}", "say something, or leave it out")
        yield name, inner


def _names(reader: Reader, parse: Callable[[object], str] = identifier) -> Iterator[str]:
    """The keys of a mapping with free keys; those that are no names are noted."""
    for key in reader.keys:
        reader.has(key)
        try:
            yield parse(key)
        except Misread as misread:
            reader.wrong(misread.message, misread.mend, key=key)


def _level_name(value: object) -> str:
    """`PE`, `PE.X`."""
    return ".".join(identifier(part) for part in str(value).split("."))


def _lists(reader: Reader) -> Iterator[tuple[How, tuple[str, ...], Place]]:
    """`must` and `never` make one statement of each name, `only` makes one of all; `only: []` allows none."""
    for how in HOWS:
        named, is_list = _listed(reader, how), reader.is_list(how)
        if how != "only":
            yield from ((how, (name,), place) for name, place in named)
        elif is_list:
            yield how, tuple(name for name, _ in named), reader.place_of(how)
        if how != "only" and is_list and reader.description(how) == "[]":
            reader.wrong("the list is empty", f"leave `{how}` out, or name something", key=how)


def _listed(reader: Reader, key: str) -> list[tuple[str, Place]]:
    node = reader.node_of(key)
    places = (
        {item.text: item.place for item in node.items if isinstance(item, Scalar)} if isinstance(node, Items) else {}
    )
    return [(name, places[name]) for name in reader.names(key)]


# amounts and orders


def _amount(reader: Reader, key: str) -> Amount | None:
    """A condition, or a list of the numbers that are allowed; None if it is no amount, which is noted."""
    if not reader.is_list(key):
        return reader.value(key, count_amount, None)
    numbers = reader.values(key, count)
    if not numbers:
        reader.wrong("no number is listed", COUNTS, key=key)
    return exactly(*numbers) if numbers else None


def _orders(reader: Reader, memory: str) -> Iterator[Order]:
    """One order, or a list of them."""
    node = reader.node_of("order")
    if isinstance(node, Items):
        words = [item.text.strip() for item in node.items if isinstance(item, Scalar)]
        if not words or (len(words) > 1 and not any(" " in word for word in words)):
            ranks = " ".join(words) or "... p q"
            said = "a list is of whole orders, and these are its parts" if words else "the list is empty"
            reader.wrong(said, f"write one order as text: `order: {ranks}`", key="order")
            return
        found: tuple[Order | None, ...] = reader.values("order", order)
        places = [item.place for item in node.items]
    else:
        found, places = (reader.value("order", order, None),), [reader.place_of("order")]
    for stated, place in zip(found, places):
        if stated:
            yield replace(stated, memory=memory, place=place)


def order(value: object) -> Order:
    """The order of the loops of a memory that is yet to be named: `k c ... s`, `k c s`, `k before c`. Raises `Misread`.

    >>> order("k ... r s")
    Order(memory='', outer=('k',), inner=('r', 's'), others='between')
    """
    words = value.split() if isinstance(value, str) else []
    if isinstance(value, str) and "," in value:
        raise Misread(
            f"{shown(value)} is no order of loops",
            f"leave the commas out: `{' '.join(value.replace(',', ' ').split())}`",
        )
    if "before" in words:
        names, fillers, others = words[::2], words[1::2], ["before"] * (len(words) // 2)
        return _checked(Order("", tuple(names), (), "anywhere"), len(words) % 2 == 1 and fillers == others, value)
    if REST in words:
        at = words.index(REST)
        return _checked(Order("", tuple(words[:at]), tuple(words[at + 1 :])), len(words) > 1, value)
    return _checked(Order("", tuple(words), (), "nowhere"), len(words) > 0, value)


def _checked(found: Order, well_formed: bool, value: object) -> Order:
    names = (*found.outer, *found.inner)
    if not well_formed or REST in names or len({*names}) < len(names):
        mend = (
            "write ranks, outermost first: `... p q` (innermost), `k c ...` (outermost), `k before c`, or all of them"
        )
        raise Misread(f"{shown(value)} is no order of loops", mend)
    for name in names:
        identifier(name)
    return found
