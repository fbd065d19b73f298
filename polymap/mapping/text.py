"""The text form of a mapping: one node per line, outermost first.

DRAM holds I W O
for p in 4                  # comments and indentation are free
  parallel k in 8 on X
compute
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from polymap.errors import Mistake, Place, SpecError
from polymap.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal

FOR = re.compile(r"for\s+(?P<rank>\S+)\s+in\s+(?P<trip>[-+]?[0-9]{1,20})")
PARALLEL = re.compile(r"parallel\s+(?P<rank>\S+)\s+in\s+(?P<trip>[-+]?[0-9]{1,20})\s+on\s+(?P<on>\S+)")
HOLDS = re.compile(r"(?P<level>\S+)\s+holds(?P<tensors>(\s+\S+)+)")
COMMENT = re.compile(r"(^|\s)#.*")
FORMS = "a line reads 'LEVEL holds TENSOR ...', 'for RANK in TRIP', 'parallel RANK in TRIP on DIMENSION' or 'compute'"
COMPUTE = "compute"
LARGEST_TRIP = 2**31 - 1


def parse_mapping(text: str, file: str = "mapping") -> Mapping:
    """Read the text form. Raises `SpecError` with every wrong line and its place in `file`."""
    mistakes: list[Mistake] = []
    nodes: list[Node] = []
    lines = list(_lines(text, file))
    for place, line in lines:
        found = parse_node(line, place)
        if isinstance(found, Mistake):
            mistakes.append(found)
        elif found:
            nodes.append(found)
    mistakes += _compute_is_last(lines, Place(file, text.count("\n") + 1, 1))
    if mistakes:
        raise SpecError(sorted(mistakes))
    return Mapping(tuple(nodes))


def to_text(mapping: Mapping, comment_lines: Iterable[str] = ()) -> str:
    """The text of a mapping file: the comments, each on lines of its own, then the nest, and a final newline."""
    comments = [f"# {part}".rstrip() for line in comment_lines for part in line.split("\n")]
    return "\n".join((*comments, mapping.text(), ""))


def parse_node(line: str, place: Place) -> Node | Mistake | None:
    """The node of one line without comment, None for `compute`, or what is wrong with it."""
    if line == COMPUTE:
        return None
    if match := FOR.fullmatch(line) or PARALLEL.fullmatch(line):
        parts = match.groupdict()
        return loop(parts["rank"], int(parts["trip"]), parts.get("on"), place)
    if match := HOLDS.fullmatch(line):
        return Storage(match["level"], tuple(match["tensors"].split()))
    return Mistake(place, f"cannot read '{line}'", FORMS)


def loop(rank: str, trip: int, on: str | None, place: Place) -> Loop | Mistake:
    """A temporal loop, or a spatial one `on` a dimension; a mistake for a trip that no loop makes."""
    if not 1 <= trip <= LARGEST_TRIP:
        return Mistake(place, f"the loop over {rank} makes {trip} trips", "a loop makes 1 to 2^31-1 trips")
    return Temporal(rank, trip) if on is None else Spatial(rank, trip, on)


def _lines(text: str, file: str) -> Iterator[tuple[Place, str]]:
    """Lines that say something, without comments, and the place of their first character."""
    for number, line in enumerate(text.split("\n"), start=1):
        said = COMMENT.sub("", line).rstrip()
        if said:
            yield Place(file, number, len(said) - len(said.lstrip()) + 1), said.strip()


def _compute_is_last(lines: list[tuple[Place, str]], end: Place) -> Iterator[Mistake]:
    computes = [i for i, (_, line) in enumerate(lines) if line == COMPUTE]
    if not computes:
        yield Mistake(end, "the mapping does not end with 'compute'", "add 'compute' as its last line")
    elif computes[0] + 1 < len(lines):
        yield Mistake(lines[computes[0] + 1][0], "nothing may follow 'compute'", "'compute' is the innermost node")
