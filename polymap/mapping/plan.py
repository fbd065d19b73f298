"""A mapping as plain integers, for a compiler: loops with their steps, and what each memory holds where.

{"ranks": {"m": 64, "n": 64, "k": 64},
 "loops": [{"rank": "m", "trip": 4, "step": 16},
           {"rank": "k", "trip": 8, "step": 8, "on": "X"}, ...],
 "buffers": [{"level": "GLB", "tensor": "A", "outer_loops": 1, "tile": {"m": 16, "k": 64},
              "shape": [16, 64], "elements": 1024, "bits": 16384, "copies": 1, "instances": 1}, ...]}

Loops are listed outermost first; those with `on` run in parallel on a dimension of an array. A loop moves its rank by
`step` points per iteration; the last of a trip that does not divide covers what is left. A buffer stands inside the
first `outer_loops` loops; `tile` is the size per rank, `shape` the extent per coordinate of the tensor, `copies` how
often the memory holds it (2 is double buffering), `bits` what all copies take in one of `instances` instances.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TypeAlias

from polymap.architecture.hierarchy import Architecture
from polymap.mapping.nest import Loop, Mapping, Spatial, Storage
from polymap.mapping.tiles import extents, instances, largest_sizes, step
from polymap.workload.einsum import Einsum, Tensor

Plan: TypeAlias = "dict[str, object]"


def plan(einsum: Einsum, architecture: Architecture, nest: Mapping) -> Plan:
    """The plan of a mapping of `einsum` on `architecture`, as data that JSON can hold."""
    nodes = nest.without_unit_loops().nodes
    return {
        "ranks": dict(einsum.ranks),
        "loops": [_loop(node, step(nodes, at)) for at, node in enumerate(nodes) if not isinstance(node, Storage)],
        "buffers": list(_buffers(einsum, architecture, Mapping(nodes))),
    }


def _loop(node: Loop, moved: int) -> Plan:
    on = {"on": node.on} if isinstance(node, Spatial) else {}
    return {"rank": node.rank, "trip": node.trip, "step": moved, **on}


def _buffers(einsum: Einsum, architecture: Architecture, nest: Mapping) -> Iterator[Plan]:
    for at, node in enumerate(nest.nodes):
        if not isinstance(node, Storage):
            continue
        above = nest.nodes[:at]
        sizes = largest_sizes(einsum, nest.nodes[at + 1 :])
        for name in node.tensors:
            yield {
                "level": node.level,
                "tensor": name,
                "outer_loops": sum(not isinstance(outer, Storage) for outer in above),
                **_tile(einsum.tensor(name), sizes, architecture, node.level),
                "instances": instances(above),
            }


def _tile(tensor: Tensor, sizes: dict[str, int], architecture: Architecture, level: str) -> Plan:
    memory, shape = architecture.memory(level), extents(tensor, sizes)
    elements = prod(shape)
    return {
        "tile": {rank: sizes.get(rank, 1) for rank in sorted(tensor.ranks)},
        "shape": list(shape),
        "elements": elements,
        "bits": elements * memory.element_bits(tensor) * memory.buffering,
        "copies": memory.buffering,
    }
