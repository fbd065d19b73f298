"""One document from its source to its reader; all mistakes in it are raised together when it has been read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from polymap.errors import SpecError
from polymap.quantity import shown
from polymap.spec.located import Located
from polymap.spec.reader import Mistakes, Reader
from polymap.spec.source import Source, read


@contextmanager
def reading(source: Source, kind: str, *formats: str) -> Iterator[Reader]:
    """Read a source of a kind (`architectures`, `workloads`, ...) whose `polymap:` key is one of `formats`.

    Gives the reader of the top mapping. Leaving the block raises one SpecError with every mistake noted in it,
    SpecErrors raised inside it and unknown keys included. A Python mapping may leave `polymap:`
    out: the call says what it is.
    """
    mistakes = Mistakes()
    tree = read(source, kind, mistakes.note)
    with reading_tree(tree, *formats, mistakes=mistakes, required=not isinstance(source, Mapping)) as top:
        yield top


@contextmanager
def reading_tree(
    tree: Located, *formats: str, mistakes: Mistakes | None = None, required: bool = True
) -> Iterator[Reader]:
    """Like `reading`, for a tree that is there already; `mistakes` holds what has been noted about it."""
    mistakes, readers = mistakes or Mistakes(), list[Reader]()
    top = Reader(tree, tree.place, mistakes, readers, "")
    if not _is_expected(top, formats, required):
        mistakes.check()
    try:
        yield top
    except SpecError as error:
        top.include(error)
    else:
        for reader in readers:
            reader.report_unknown_keys()
    mistakes.check()


def _is_expected(top: Reader, formats: tuple[str, ...], required: bool) -> bool:
    """A document of another format is not decoded further: every key of it would be a mistake."""
    expected = " or ".join(f"`polymap: {name}`" for name in formats)
    if not top.has("polymap") and required and top.is_there:
        top.wrong("`polymap` is missing", f"begin with {expected}")
    found = top.text("polymap", formats[0])
    if found not in formats:
        top.wrong(f"{shown(found)} is not the format expected here", f"write {expected}", "polymap")
    return top.is_there and found in formats
