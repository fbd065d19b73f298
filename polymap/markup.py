"""HTML and SVG by elements: whatever is not markup already is escaped, names with scripts in them included."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from html import escape
from zlib import DEFLATED, MAX_WBITS, compressobj

PACKED = "application/x-polymap-packed"  # deflate, then base64; see script.js
VOID = {"meta", "br", "line", "rect", "circle"}


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """A value as text of a page."""
    return value if isinstance(value, Markup) else Markup(escape(str(value)))


def joined(parts: Iterable[object]) -> Markup:
    return Markup("".join(text(part) for part in parts))


def el(name: str, *inner: object, **attributes: object) -> Markup:
    """An element. `class_` is `class`, `data_key` is `data-key`; an attribute of None is left out, True has no value.

    >>> el("p", "a < b", class_="note")
    '<p class="note">a &lt; b</p>'
    """
    listed = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in VOID and not inner:
        return Markup(f"<{name}{listed}/>")
    return Markup(f"<{name}{listed}>{joined(inner)}</{name}>")


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def figure(key: str, value: object, shown: object, name: str = "span") -> Markup:
    """A number of the document: as people read it, with its key and the number itself beside it."""
    return el(name, shown, class_="figure", data_key=key, data_value=json.dumps(value))


def lazy(summary: Markup, inner: Markup, **attributes: object) -> Markup:
    """Details that are built when they are first opened: packed, so that a page may have thousands."""
    packer = compressobj(9, DEFLATED, -MAX_WBITS)
    packed = b64encode(packer.compress(inner.encode()) + packer.flush()).decode()
    return el("details", summary, el("script", Markup(packed), type=PACKED), class_="lazy", **attributes)


def table(head: Iterable[object], rows: Iterable[Iterable[object]], class_: str = "") -> Markup:
    """A table; cells that are `td` already stay as they are."""
    header = el("tr", *(el("th", cell, scope="col") for cell in head))
    body = (el("tr", *(_cell(cell) for cell in row)) for row in rows)
    return el("div", el("table", el("thead", header), el("tbody", *body), class_=class_ or None), class_="scroll")


def _cell(cell: object) -> Markup:
    return cell if isinstance(cell, Markup) and cell.startswith("<td") else el("td", cell)


def number_cell(key: str, value: object, shown: object) -> Markup:
    return el("td", shown, class_="number figure", data_key=key, data_value=json.dumps(value))
