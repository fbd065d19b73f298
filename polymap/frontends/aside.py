"""What a conversion of other tools' files leaves out, told with its place and its reason, once each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from polymap import spec
from polymap.errors import Place
from polymap.quantity import near, shown


class LeftOut:
    """Collects what is left out. The same key for the same reason is told once, with the number of its other places."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[Place]] = {}

    def tell(self, place: Place, what: str, reason: str) -> None:
        """`what` and `reason` say the same of every place where they are told."""
        places = self._found.setdefault((what, reason), [])
        if place not in places:
            places.append(place)

    def known(self, reader: spec.Reader, reasons: Mapping[str, str]) -> None:
        """Pass over the keys that `reasons` names."""
        for key, reason in reasons.items():
            if reader.has(key):
                self.tell(reader.place_of(key), key, reason)

    def unknown(self, reader: spec.Reader, known: Iterable[str]) -> None:
        """Pass over all keys but the `known` ones, as that tool does too."""
        known = tuple(known)
        for key in (key for key in reader.keys if key not in known):
            guess = near(key, known)
            mend = f"; did you mean `{guess}`?" if guess else ""
            self.tell(reader.place_of(key), key, f"{shown(key)} is not a key here and is ignored{mend}")
        reader.ignore_rest()

    def lines(self) -> tuple[str, ...]:
        """One line each: the first place, how many more there are, the reason."""
        return tuple(f"{places[0]}{_more(len(places) - 1)}: {reason}" for (_, reason), places in self._found.items())


def _more(count: int) -> str:
    return f" and {count} more place{'s' if count > 1 else ''}" if count else ""
