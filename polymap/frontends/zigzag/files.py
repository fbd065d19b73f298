"""ZigZag's files -> the accelerator, the layers and the mappings in them, told apart by what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from polymap import spec
from polymap.errors import Mistake
from polymap.spec import Fields, Items, Located

ACCELERATOR = ("operational_array", "memories")
LAYER = ("equation", "loop_dims", "loop_sizes", "operator_type")
MAPPING = ("spatial_mapping", "memory_operand_links", "temporal_ordering", "spatial_mapping_hint")
KEYS = frozenset((*ACCELERATOR, *LAYER, *MAPPING))


@dataclass
class Found:
    """Readers of what the files hold."""

    accelerators: list[spec.Reader] = field(default_factory=list)
    layers: list[spec.Reader] = field(default_factory=list)
    mappings: list[spec.Reader] = field(default_factory=list)
    readers: list[spec.Reader] = field(default_factory=list)


def found_in(files: Sequence[str], mistakes: spec.Mistakes) -> Found:
    """Everything, in the order of the files. Mistakes are noted."""
    found = Found()
    for file in files:
        with mistakes.noting():
            _sort(spec.parse(spec.text_of(file), file, mistakes.note, merges=True), found, mistakes)
    if len(found.accelerators) > 1:
        found.accelerators[1].wrong("a second accelerator", "name the file of one")
    return found


def _sort(tree: Located, found: Found, mistakes: spec.Mistakes) -> None:
    if isinstance(tree, Items):
        for item in tree.items:
            kind = found.layers if _has(item, LAYER) else found.mappings
            if not _has(item, (*LAYER, *MAPPING)):
                text = "this is neither a layer nor a mapping"
                mistakes.note(Mistake(item.place, text, f"a layer has `{LAYER[0]}:`, a mapping `{MAPPING[0]}:`"))
                continue
            kind.append(spec.Reader(item, item.place, mistakes, found.readers, ""))
    elif _has(tree, ACCELERATOR):
        found.accelerators.append(spec.Reader(tree, tree.place, mistakes, found.readers, ""))
    else:
        mistakes.note(Mistake(tree.place, "this is no accelerator", "it has `memories:` and `operational_array:`"))


def _has(node: Located, keys: Sequence[str]) -> bool:
    return isinstance(node, Fields) and any(field.key in keys for field in node.fields)
