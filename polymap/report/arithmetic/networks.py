"""What crosses the network of an array: words, hops, words between neighbours, and their energy."""

from __future__ import annotations

from collections.abc import Callable

from polymap.model.counting import Closed
from polymap.model.neighbours import Pair, stops
from polymap.model.network import Haul
from polymap.report.arithmetic import closed
from polymap.report.arithmetic.case import Case
from polymap.report.arithmetic.equation import Equation, equation, factor, leaf, spelled
from polymap.report.arithmetic.quantities import computes, quantity

_NOTES = {
    "words": "words that enter this array's network (of an output: that leave it)",
    "delivered": "words that arrive at its instances (of an output: that leave them)",
    "word_hops": "words times the links of the tree that each takes",
    "link_words": "words that instances take from a neighbour",
}


def count(case: Case, haul: Haul, what: str, name: str) -> Equation:
    """A count of what one tensor moves over one array."""
    access = case.access(haul.tensor)
    value, note = getattr(haul, what), _NOTES[what]
    nodes, hauls = case.carried(haul.tensor)
    if isinstance(case.engines.of(access), Closed):
        _, symbols = case.carried_in_trips(haul.tensor)
        return closed.in_trips(case, name, getattr(symbols[hauls.index(haul)], what), note)
    at = [node.level for node in nodes].index(haul.parent)
    ways: dict[str, Callable[[], Equation]] = {
        "words": lambda: quantity(case, access, at, "crossing"),
        "delivered": lambda: (
            quantity(case, access, at + 1, "fetched") if at + 1 < len(nodes) else computes(case, "computes")
        ),
        "link_words": lambda: quantity(case, access, at, "linked"),
    }
    found = ways[what]() if what in ways else leaf(what, value, note)
    return equation(name, f"{{{found.name}}}", [found]) if found.value == value else leaf(name, value, note)


def energy(case: Case, haul: Haul, name: str) -> Equation:
    """Energy of hops, routers, adders and links."""
    wiring, tensor = haul.array.wiring, case.subject.einsum.tensor(haul.tensor)
    assert wiring is not None
    prefix = name.removesuffix("energy_pj")
    counts = case.given(*(f"{prefix}{what}" for what in ("delivered", "word_hops", "link_words")))
    hop, router = wiring.hop_of(case.subject.architecture.memory(haul.parent).element_bits(tensor)), wiring.router_pj
    terms = [f"{{{prefix}word_hops}} * {factor(hop + router)}", f"{{packets}} * {factor(router)}"]
    if tensor.is_output and wiring.reduce_pj:
        terms.append(f"({{{prefix}delivered}} - {{packets}}) * {factor(wiring.reduce_pj)}")
    if haul.link_words:
        terms.append(f"{{{prefix}link_words}} * {factor(hop + 2 * router)}")
    note = (
        f"pJ; a hop {spelled(hop)}, a router {spelled(router)}: one per hop, one where a word sets out, two over a link"
    )
    return equation(name, " + ".join(terms), [_packets(case, haul)], counts, note)


def _packets(case: Case, haul: Haul) -> Equation:
    """Words that set out over the mesh."""
    access, index = case.access(haul.tensor), case.subject.architecture.index(haul.array.name)
    homes = case.homes(haul.tensor)
    at = [memory for memory, _ in homes].index(haul.parent)
    pair = Pair(access, case.walked, *list(stops(access, homes, case.walked))[at])
    found = case.engines.networks(pair).trees(pair, index)
    return leaf("packets", found.packets, "words that set out over the mesh (of an output: that reach its corner)")
