"""What the numbers of a result mean, one sentence each."""

from __future__ import annotations

_COUNTS = {
    "tile_elements": "Elements of the largest tile of this tensor that one instance of the memory holds.",
    "instances": "Instances that the mapping uses.",
    "reads": (
        "Elements read, all instances together: for the next inner level, to be added to, and to be written back where "
        "the conventions have it."
    ),
    "fills": "Elements that come from the next outer memory of the tensor; of an output, all but first writes.",
    "updates": "Elements of the output that arrive from below, after what the network adds up.",
    "energy_pj": "Energy in pJ: accesses of the memory's width, each kind rounded up per instance, at their prices.",
}
_NETWORK = {
    "words": "Words that enter the array's network from the level above (of an output: leave it there).",
    "delivered": "Words that arrive at instances of the array (of an output: that leave them).",
    "word_hops": "Links of the mesh times the words on them; a word to several instances takes a tree.",
    "link_words": "Words that instances take from a neighbour.",
    "energy_pj": "Energy in pJ of hops, routers, adders and links.",
}
_LEVEL = {
    "instances": "Instances that the mapping uses.",
    "cycles": "Cycles that the level needs at its bandwidth; the compute level, all steps of the nest.",
    "occupied_bits": "Bits of the largest tiles together, times buffering, per instance.",
    "leakage_pj": "Energy in pJ that the powered instances leak during the run.",
    "computes": "Points of the iteration domain, i.e. multiply-accumulates.",
    "energy_pj": "Energy in pJ of all computes.",
}
_RUN = {
    "energy_pj": "Energy in pJ: accesses, computes, networks that are modelled, and leakage.",
    "cycles": "The slowest of compute and every memory, and what networks take to fill and drain.",
    "latency_s": "Cycles over the clock.",
    "edp_js": "Energy in J times latency in s.",
    "area_um2": "Area in um^2 of all memories and units that have one; the same for every mapping.",
    "computes": "Points of the iteration domain, i.e. multiply-accumulates.",
    "utilization": "Computes over those that all units of the architecture could have made in the cycles.",
}


def meaning(number: str) -> str:
    """The sentence for a number, by its name."""
    *where, name = number.split(".")
    if where and where[-1].startswith("to_"):
        return _NETWORK[name]
    return (_RUN, _LEVEL, _COUNTS)[len(where)][name]
