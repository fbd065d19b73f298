"""Decoding: from a located tree to frozen dataclasses, with all mistakes collected before one SpecError is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TypeVar

from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import LARGEST_COUNT, Misread, count, near, number, shown
from polymap.spec.located import Field, Fields, Items, Located, Scalar, described, written
from polymap.spec.words import flag, identifier, text

T = TypeVar("T")
U = TypeVar("U")

MOST_MISTAKES = 100


class Mistakes:
    """Collects findings once each; beyond `MOST_MISTAKES` they are only counted."""

    def __init__(self) -> None:
        self.found: list[Mistake] = []
        self.more = 0

    def note(self, mistake: Mistake) -> None:
        if self.full:
            self.more += 1
        elif mistake not in self.found:
            self.found.append(mistake)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Notes the mistakes of an error that is raised inside, which ends the block."""
        try:
            yield
        except SpecError as error:
            for mistake in error.mistakes:
                self.note(mistake)

    @property
    def full(self) -> bool:
        """Whether more findings are only counted."""
        return len(self.found) >= MOST_MISTAKES

    def check(self) -> None:
        """Raises SpecError with everything found, in the order of the file."""
        if self.found:
            found = sorted(self.found, key=lambda mistake: (mistake.place.line, mistake.place.column))
            rest = [Mistake(Place(), f"and {self.more} more mistakes")] if self.more else []
            raise SpecError(found + rest)


class Reader:
    """One mapping that is being decoded.

    Every getter takes a key and notes a mistake instead of raising one: a wrong value, or a missing one if `required`.
    It then returns `otherwise`, which is also what an absent optional key gives, so decoding goes on with a value of
    the right type. Nothing built from stand-ins gets out: leaving `reading` raises. A key that no getter asked for is
    an unknown key. `place` is the mapping's own place, `is_there` whether there is a mapping at all: nothing is
    required of one that is not.
    """

    def __init__(
        self, node: Located | None, place: Place, mistakes: Mistakes, readers: list[Reader], what: str
    ) -> None:
        self.place, self.what = place, what
        self._mistakes, self._readers = mistakes, readers
        self._asked: dict[str, None] = {}
        self._fields = {field.key: field for field in node.fields} if isinstance(node, Fields) else {}
        self._known_only = self.is_there = isinstance(node, Fields)
        readers.append(self)
        if node and not self.is_there:
            self.wrong(f"{described(node)} stands where {what or 'a mapping'} belongs", "write `key: value` lines")

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are there, in order."""
        return tuple(self._fields)

    def has(self, key: str) -> bool:
        """Whether the key is there; asking makes it known."""
        self._asked[key] = None
        return key in self._fields

    def ignore_rest(self) -> None:
        """Do not report unknown keys here, because what they mean is not known."""
        self._known_only = False

    def place_of(self, key: str) -> Place:
        """Where the value of a key stands; the mapping's place if it is absent."""
        return self._fields[key].value.place if key in self._fields else self.place

    def places_of(self, key: str) -> tuple[Place, ...]:
        """Where the items of a list stand; none for what is no list."""
        node = self._fields[key].value if key in self._fields else None
        return tuple(item.place for item in node.items) if isinstance(node, Items) else ()

    def wrong(self, message: str, mend: str = "", key: str | None = None) -> None:
        """Note a mistake at the value of `key`, or at the mapping itself."""
        self.wrong_at(self.place if key is None else self.place_of(key), message, mend)

    def wrong_at(self, place: Place, message: str, mend: str = "") -> None:
        self._mistakes.note(Mistake(place, message, mend))

    def node_of(self, key: str, required: bool = False) -> Located | None:
        """The located value of a key; None where it is absent, a mistake if `required`. Empty is a mistake."""
        if not self.has(key):
            if required and self.is_there:
                of = f" of {self.what}" if self.what else ""
                self.wrong(f"`{key}`{of} is missing", f"add `{key}: ...`")
            return None
        node = self._fields[key].value
        if isinstance(node, Scalar) and node.value is None:
            self.wrong_at(self._fields[key].place, f"`{key}` has no value", f"give a value or remove `{key}`")
            return None
        return node

    # one value

    def value(self, key: str, parse: Callable[[object], T], otherwise: U, required: bool = False) -> T | U:
        """The value read by `parse`, which takes str, int, Decimal, Fraction, bool or None and raises Misread."""
        node = self.node_of(key, required)
        return otherwise if node is None else self._scalar(node, parse, otherwise)

    def text(self, key: str, otherwise: str = "", required: bool = False) -> str:
        """Text as it was written, even if it looks like a number."""
        node = self.node_of(key, required)
        return otherwise if node is None else self._scalar(node, text, otherwise, worded=True)

    def name(self, key: str, otherwise: str = "", required: bool = False) -> str:
        """An `identifier` as it was written, even if it looks like a truth value."""
        node = self.node_of(key, required)
        return otherwise if node is None else self._scalar(node, identifier, otherwise, worded=True)

    def integer(
        self, key: str, otherwise: int = 1, required: bool = False, least: int = 1, below: int = LARGEST_COUNT
    ) -> int:
        """A whole number, `least` or more and less than `below`."""
        return self.value(key, lambda value: count(value, least, below), otherwise, required)

    def number(self, key: str, otherwise: Fraction = Fraction(0), required: bool = False) -> Fraction:
        """A plain number, exactly."""
        return self.value(key, number, otherwise, required)

    def flag(self, key: str, otherwise: bool = False, required: bool = False) -> bool:
        return self.value(key, flag, otherwise, required)

    def description(self, key: str) -> str:
        """Whatever stands there, on one line; nothing if it is absent."""
        node = self.node_of(key)
        return "" if node is None else written(node)

    def is_mapping(self, key: str) -> bool:
        return self.has(key) and isinstance(self._fields[key].value, Fields)

    def is_list(self, key: str) -> bool:
        return self.has(key) and isinstance(self._fields[key].value, Items)

    # lists and mappings

    def values(self, key: str, parse: Callable[[object], T], required: bool = False) -> tuple[T, ...]:
        """The items of a list, each read by `parse`; wrong items are noted and left out."""
        return self._several(self._items(key, required), parse)

    def names(self, key: str, required: bool = False) -> tuple[str, ...]:
        """A list of distinct identifiers."""
        items = self._items(key, required)
        seen: set[str] = set()
        for item in items:
            if written(item) in seen:
                self.wrong_at(item.place, f"{described(item)} is listed twice", "keep one")
            seen.add(written(item))
        return self._several(items, identifier, worded=True)

    def table(
        self,
        key: str,
        parse: Callable[[object], T],
        required: bool = False,
        name: Callable[[object], str] = identifier,
        detailed: Callable[[Reader], T] | None = None,
    ) -> tuple[tuple[str, T], ...]:
        """The (name, value) pairs of a mapping with free keys, in order; wrong ones are noted and left out.

        A value that is a mapping is read by `detailed`, where that is given.
        """
        found: list[tuple[str, T]] = []
        for field in self._open_fields(key, required):
            if not self._key(field, name):
                continue
            if detailed and isinstance(field.value, Fields):
                found.append((field.key, detailed(self._reader(field.value, f"`{field.key}`"))))
            else:
                found += ((field.key, value) for value in self._several((field.value,), parse))
        return tuple(found)

    def child(self, key: str, required: bool = False) -> Reader:
        """A reader of the mapping under a key; of none if it is absent."""
        return self._reader(self.node_of(key, required), f"`{key}`")

    def children(self, key: str, required: bool = False) -> tuple[Reader, ...]:
        """Readers of a list of mappings."""
        return tuple(self._reader(item, "") for item in self._items(key, required))

    def items(self, key: str, brief: str, required: bool = False) -> tuple[Reader, ...]:
        """Readers of a list of mappings, where one value alone is short for `{brief: value}`."""
        items = (_spelled_out(item, brief) for item in self._items(key, required))
        return tuple(self._reader(item, "") for item in items)

    def named_children(self, key: str, required: bool = False) -> tuple[tuple[str, Reader], ...]:
        """Readers of a mapping of mappings with free names."""
        fields = [field for field in self._open_fields(key, required) if self._key(field, identifier)]
        return tuple((field.key, self._reader(field.value, f"`{field.key}`")) for field in fields)

    # how

    def _reader(self, node: Located | None, what: str) -> Reader:
        return Reader(node, node.place if node else self.place, self._mistakes, self._readers, what)

    def _items(self, key: str, required: bool) -> tuple[Located, ...]:
        node = self.node_of(key, required)
        if node is None or isinstance(node, Items):
            return node.items if node else ()
        mend = f"write {shown(f'{key}: [{node.text}]')}" if isinstance(node, Scalar) else "write a list"
        self.wrong_at(node.place, f"{described(node)} stands where a list belongs", mend)
        return ()

    def _open_fields(self, key: str, required: bool) -> tuple[Field, ...]:
        node = self.node_of(key, required)
        if node is None or isinstance(node, Fields):
            return node.fields if node else ()
        self.wrong_at(
            node.place, f"{described(node)} stands where a mapping belongs", f"write `{key}: {{name: value}}`"
        )
        return ()

    def _scalar(self, node: Located, parse: Callable[[object], T], otherwise: U, worded: bool = False) -> T | U:
        """`worded`: the value is a word, even if it looks like a number or a truth value."""
        if not isinstance(node, Scalar):
            self.wrong_at(node.place, f"{described(node)} stands where one value belongs", "write one value")
            return otherwise
        value = node.text if worded and node.value is not None else node.value
        return self._parsed(value, node.place, parse, otherwise)

    def _several(self, nodes: Iterable[Located], parse: Callable[[object], T], worded: bool = False) -> tuple[T, ...]:
        found = (self._scalar(node, parse, None, worded) for node in nodes)
        return tuple(value for value in found if value is not None)

    def _key(self, field: Field, name: Callable[[object], str]) -> bool:
        return self._parsed(field.key, field.place, name, None) is not None

    def _parsed(self, value: object, place: Place, parse: Callable[[object], T], otherwise: U) -> T | U:
        try:
            return parse(value)
        except Misread as misread:
            self.wrong_at(place, misread.message, misread.mend)
        except SpecError as error:
            self.include(error, place)
        return otherwise

    def include(self, error: SpecError, place: Place | None = None) -> None:
        """Note the mistakes of another error; those without a place get `place`, by default the mapping's."""
        for mistake in error.mistakes:
            self.wrong_at(mistake.place if str(mistake.place) else place or self.place, mistake.message, mistake.mend)

    def report_unknown_keys(self) -> None:
        """Note every key that was never asked for, with the nearest known one."""
        for key, field in self._fields.items() if self._known_only else ():
            if key not in self._asked:
                # Looking for near names is slow, and a long file of the wrong kind has a great many keys.
                guess = "" if self._mistakes.full else near(key, self._asked)
                mend = f"did you mean `{guess}`?" if guess else f"remove it; known keys: {', '.join(self._asked)}"
                self.wrong_at(field.place, f"{shown(key)} is not a key here", mend)


def _spelled_out(node: Located, key: str) -> Located:
    """One value as the mapping that it is short for."""
    return Fields((Field(key, node.place, node),), node.place) if isinstance(node, Scalar) else node
