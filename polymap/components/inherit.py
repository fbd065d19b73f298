"""`extends:` of compound files: a file has all that the other has, but for what it states itself."""

from __future__ import annotations

from collections.abc import Callable

from polymap.components.read import BESIDE
from polymap.errors import Mistake, SpecError
from polymap.quantity import shown
from polymap.spec import Field, Fields, Located, Scalar

EXTENDS, COMPONENT = "extends", "component"
# Keys whose values are merged name by name, and how deep: a part may change one attribute of its component.
_MERGED = {"attributes": 1, "parts": 4, "actions": 1}

_EXTENDED = "name one of the same folder, or one that ships: `polymap components --list` has them"


def inherited(tree: Located, others: Callable[[str], Located | None]) -> Located:
    """The tree with what it extends, each value at its place. Raises SpecError for unknown names and for circles."""
    return _inherited(tree, others, ())


def _inherited(tree: Located, others: Callable[[str], Located | None], seen: tuple[str, ...]) -> Located:
    field = _field(tree, EXTENDS)
    if not isinstance(tree, Fields) or field is None or not isinstance(field.value, Scalar):
        return tree
    name = field.value.text
    if name in seen:
        chain = " > ".join((*seen, name))
        raise SpecError(Mistake(field.value.place, f"compounds extend each other in a circle: {chain}", "break it"))
    other = others(name)
    if other is None:
        raise SpecError(Mistake(field.value.place, f"no compound is called {shown(name)}", _EXTENDED))
    return _whole(_inherited(other, others, (*seen, name)), tree)


def _field(tree: Located, key: str) -> Field | None:
    return next((field for field in tree.fields if field.key == key), None) if isinstance(tree, Fields) else None


def _whole(base: Located, own: Fields) -> Fields:
    return _merged(base, own, _MERGED) if isinstance(base, Fields) else own


def _merged(base: Fields, own: Fields, deep: dict[str, int]) -> Fields:
    """The fields of both; `deep` are the keys of both that are merged in turn, others are taken from `own`."""
    taken = {field.key: field for field in own.fields}
    fields = [_one(field, taken.pop(field.key, None), deep.get(field.key, 0)) for field in base.fields]
    return Fields((*fields, *taken.values()), own.place)


def _one(base: Field, own: Field | None, depth: int) -> Field:
    if own is None:
        return base
    if not (depth and isinstance(base.value, Fields) and isinstance(own.value, Fields)) or _is_other(base, own):
        return own
    below = dict.fromkeys((field.key for field in base.value.fields), depth - 1)
    return Field(own.key, own.place, _merged(base.value, own.value, below))


def _is_other(base: Field, own: Field) -> bool:
    """Whether a part becomes a component of another class: then the attributes are not those of the old one."""
    return own.key == COMPONENT and _classes(base.value).isdisjoint(_classes(own.value))


def _classes(component: Located) -> set[str]:
    fields = component.fields if isinstance(component, Fields) else ()
    return {field.key for field in fields if field.key not in BESIDE}
