"""Boxes with short last tiles: a count as a product over ranks and coordinates of sums over full and last tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from polymap.model.nest import Access
from polymap.model.uneven import NONE, Factor, Factors, Term, Uneven
from polymap.model.windows import Part, reach, touched
from polymap.report.arithmetic.case import Case
from polymap.report.arithmetic.equation import Equation, equation, evaluated, leaf


def quantity(case: Case, engine: Uneven, access: Access, node: int, what: str, note: str) -> Equation:
    """A quantity of a tensor at one of its memories."""
    homes = case.homes(access.tensor.name)
    here = homes[node][1]
    inner = homes[node + 1][1] if node + 1 < len(homes) else None
    below = len(engine.nest.slots) if inner is None else inner
    near = engine.nest.spatial_between(here, below)
    shared = frozenset(loop for loop in near if engine.nest.slots[loop].shares(access.tensor))
    factors: dict[str, Callable[[], Factors]] = {
        "instances": lambda: engine.running(here, lambda loop: engine.nest.slots[loop].is_spatial),
        "fetched": lambda: engine.deliveries(access, here, NONE),
        "crossing": lambda: engine.deliveries(access, below, shared, keeps=inner is not None),
        "seen": lambda: engine.holdings(access, here, NONE),
        "arriving": lambda: engine.holdings(access, below, frozenset(near)),
    }
    return tile(engine, access, here, note) if what == "tile" else multiplied(what, factors[what](), note)


def cycles(engine: Uneven, name: str, note: str) -> Equation:
    return multiplied(
        name, engine.running(len(engine.nest.slots), lambda loop: not engine.nest.slots[loop].is_spatial), note
    )


def used(engine: Uneven, index: int, name: str, note: str) -> Equation:
    slots = engine.nest.slots
    return multiplied(name, engine.running(len(slots), lambda loop: 0 <= slots[loop].array < index), note)


def tile(engine: Uneven, access: Access, position: int, note: str) -> Equation:
    """Elements of the largest tile: the product of the extents of its coordinates."""
    tiles, extents = engine.nest.tiles[position], []
    for terms in access.coefficients:
        sizes = [min(engine.sizes[rank], tiles.get(rank, 1)) for rank in terms]
        parts = tuple(Part(c, size, (), (1, size)) for c, size in zip(terms.values(), sizes, strict=True))
        measure = touched if engine.exact else reach
        coefficients = list(terms.values())
        extent = _checked(_hull(coefficients, sizes), measure(coefficients, sizes))
        groups = _and(_group(rank, part) for rank, part in zip(terms, parts, strict=True))
        extents.append(
            equation("_".join(terms) or "constant", extent, note=f"coordinate {_coordinate(terms)}: {groups}")
        )
    return _product("tile", extents, note)


def multiplied(name: str, factors: Factors, note: str) -> Equation:
    """A count as the product of its factors; those of one value are left out where others are left."""
    return _product(name, [_factor(found) for found in factors if found.ranks], note)


def _product(name: str, parts: Sequence[Equation], note: str) -> Equation:
    said = [part for part in parts if part.value != 1] or list(parts[:1])
    if not said:
        return leaf(name, 1, note)
    return equation(name, " * ".join(f"{{{part.name}}}" for part in said), said, note=note)


def _factor(found: Factor) -> Equation:
    """The sum over groups of tiles of a rank, or over their combinations for a coordinate of several."""
    name = "_".join(found.ranks)
    if len(found.ranks) == 1 and all(term.elements == 1 for term in found.terms):
        text = " + ".join(str(term.times) for term in found.terms) or "0"
        return equation(name, text, note=_and(_times_of(found.ranks[0], term) for term in found.terms))
    if len(found.ranks) == 1:
        text = " + ".join(_times(term.times, _bracketed(_elements(term))) for term in found.terms) or "0"
        return equation(name, text, note=_and(_times_of(found.ranks[0], term) for term in found.terms))
    parts = [_combination(f"{name}_{n}", found.ranks, term) for n, term in enumerate(found.terms, 1)]
    text = " + ".join(_times(term.times, f"{{{part.name}}}") for term, part in zip(found.terms, parts, strict=True))
    return equation(name, text or "0", parts, note=f"a coordinate of ranks {_and(found.ranks)}")


def _combination(name: str, ranks: Sequence[str], term: Term) -> Equation:
    groups = _and(_group(rank, part) for rank, part in zip(ranks, term.parts, strict=True))
    moved = f", {term.slide.step} further along {ranks[term.slide.part]}: what is new" if term.slide else ""
    return equation(name, _elements(term), note=f"{_often(term.times)}: {groups}{moved}")


def _elements(term: Term) -> str:
    """The elements of one combination of groups as arithmetic, where that is simple; else the number."""
    several = [part for part in term.parts if part.count > 1]
    if len(several) > 1:
        return str(term.elements)
    last = _one_tile(term, [part.last for part in term.parts])
    if not several:
        return _checked(last, term.elements)
    whole = _one_tile(term, [part.tile if part.count > 1 else part.last for part in term.parts])
    return _checked(f"{several[0].count - 1}*{evaluated(whole)} + {evaluated(last)}", term.elements)


def _one_tile(term: Term, sizes: Sequence[int]) -> str:
    """The elements of one tile of these sizes; those that are new, where it has moved on."""
    coefficients = [part.coefficient for part in term.parts]
    if term.slide is None:
        return _hull(coefficients, sizes)
    moving = term.slide.part
    before = [part.tile if n == moving else size for n, (part, size) in enumerate(zip(term.parts, sizes, strict=True))]
    kept = f"max(0, {reach(coefficients, before)} - {coefficients[moving] * term.slide.step})"
    return f"{reach(coefficients, sizes)} - {kept}"


def _checked(text: str, value: int) -> str:
    """Arithmetic that gives a value, else the value: tiles with exact holes are counted, not computed."""
    return text if evaluated(text) == value else str(value)


def _hull(coefficients: Sequence[int], sizes: Sequence[int]) -> str:
    """The window of a tile: `1 + |c| (n - 1) + ...`, or the size of one rank."""
    if [abs(c) for c in coefficients] == [1]:
        return str(sizes[0])
    return " + ".join(["1", *(_times(abs(c), f"({size} - 1)") for c, size in zip(coefficients, sizes, strict=True))])


# words


def _coordinate(terms: Mapping[str, int]) -> str:
    """`2*p + r` of ranks and their coefficients."""
    said = (_times(c, rank) if c != -1 else f"-{rank}" for rank, c in terms.items())
    return " + ".join(said).replace("+ -", "- ")


def _times(times: int, what: str) -> str:
    return what if times == 1 else f"{times}*{what}"


def _bracketed(text: str) -> str:
    return f"({text})" if " " in text else text


def _often(times: int) -> str:
    return "once" if times == 1 else f"{times} times"


def _times_of(rank: str, term: Term) -> str:
    """`3 times p 4`, `once p 2`."""
    return f"{_often(term.times)} {_group(rank, term.parts[0])}"


def _group(rank: str, part: Part) -> str:
    if part.count == 1:
        return f"{rank} in a tile of {part.last}"
    whole = part.count - (part.last != part.tile)
    rest = "" if part.last == part.tile else f" and one of {part.last}"
    return f"{rank} in {whole} tile{'s' * (whole > 1)} of {part.tile}{rest} together"


def _and(texts: Iterable[str]) -> str:
    return ", ".join(texts)
