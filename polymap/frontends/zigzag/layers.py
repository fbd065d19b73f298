"""Layers of a workload -> einsums; what is no product of two operands is left out by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polymap import spec
from polymap.frontends.aside import LeftOut
from polymap.quantity import shown

TERM = r"(\w+)((?:\[\w*\])+)"
EQUATION = re.compile(rf"{TERM}(\+?=){TERM}([*+]){TERM}")
RELATION = re.compile(r"(\w+)=(?:(\d{1,9})\*)?(\w+)\+(?:(\d{1,9})\*)?(\w+)")
LINKS = {"I": "I1", "W": "I2", "O": "O"}
ROLES = {"I1": "input", "I2": "weight", "O": "output"}
ASIDE = {
    "operand_source": "layers are mapped one by one",
    "pr_loop_sizes": "coordinates follow from the relations",
    "time_dim": "belongs to an operator that is no einsum",
}


@dataclass(frozen=True)
class Layer:
    """One product: its einsum, sizes, bits, and the tensor that each memory operand is."""

    name: str
    operator: str
    einsum: str
    sizes: Mapping[str, int]
    bits: Mapping[str, int]

    def document(self, links: Mapping[str, str]) -> dict[str, Any]:
        """As a layer of a workload says it."""
        roles = {
            ROLES[operand]: tensor for tensor, operand in links.items() if tensor in self.bits and operand in ROLES
        }
        return {
            "name": self.name,
            "einsum": self.einsum,
            "ranks": dict(self.sizes),
            "roles": roles,
            "bits": dict(self.bits),
        }


def layers(readers: Sequence[spec.Reader], left_out: LeftOut) -> tuple[Layer, ...]:
    """All products, each with a name of its own. Mistakes are noted."""
    found: list[Layer] = []
    for reader in readers:
        layer = _layer(reader, left_out)
        if layer and any(other.name == layer.name for other in found):
            reader.wrong(f"a second layer is called {layer.name}", "give it another name", key="name")
        found += [layer] if layer else []
    return tuple(found)


def _layer(reader: spec.Reader, left_out: LeftOut) -> Layer | None:
    name = reader.text("name") or f"layer{reader.integer('id', 0, required=True, least=0)}"
    reader.has("id")
    operator = reader.text("operator_type", required=True)
    equation = reader.text("equation", required=True)
    left_out.known(reader, ASIDE)
    precision = dict(reader.table("operand_precision", _bits, required=True))
    sizes = _sizes(reader)
    match = EQUATION.fullmatch(re.sub(r"\s+", "", equation))
    if not match:
        reader.wrong(f"{shown(equation)} is no equation", "write e.g. `O[b][k]+=I[b][c]*W[c][k]`", key="equation")
        return None
    output, at, sign, first, at_first, operation, second, at_second = match.groups()
    relations = _relations(reader, left_out)
    idle = [tensor for tensor in (first, second) if not precision.get(tensor)]
    if operation != "*" or sign != "+=" or idle:
        why = f"{idle[0]} has no bits" if idle and operation == "*" else "it adds its operands"
        left_out.tell(reader.place, name, f"{name} ({operator}) is no product of two operands: {why}")
        return None
    texts = {
        tensor: _access(reader, tensor, index, sizes, relations)
        for tensor, index in ((output, at), (first, at_first), (second, at_second))
    }
    if precision.get("O_final", precision.get(output)) != precision.get(output):
        left_out.tell(
            reader.place_of("operand_precision"), "O_final", "outputs have the bits of partial sums everywhere"
        )
    bits = {tensor: precision.get(tensor, 0) for tensor in texts}
    if not bits[output]:
        reader.wrong(
            f"{output} has no precision", f"give `operand_precision: {{{output}: 16}}`", key="operand_precision"
        )
    return Layer(name, operator, f"{texts[output]} += {texts[first]} * {texts[second]}", sizes, bits)


def _bits(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**16:
        raise spec.Misread(f"{shown(value)} is no number of bits", "write a whole number")
    return value


def _sizes(reader: spec.Reader) -> dict[str, int]:
    names = [name.lower() for name in reader.names("loop_dims", required=True)]
    sizes = reader.values("loop_sizes", _size, required=True)
    if len(names) != len(sizes):
        reader.wrong(f"{len(names)} loop dimensions have {len(sizes)} sizes", "give each a size", key="loop_sizes")
    return dict(zip(names, sizes))


def _size(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise spec.Misread(f"{shown(value)} is no size", "write a whole number of 1 or more")
    return value


def _relations(reader: spec.Reader, left_out: LeftOut) -> dict[str, str]:
    """Expressions for indices that are no loops, less the padding in front of them."""
    padding = _padding(reader, left_out)
    found = {}
    for text in reader.values("dimension_relations", str):
        match = RELATION.fullmatch(re.sub(r"\s+", "", text))
        if not match:
            mend = "write e.g. `ix=2*ox+1*fx`"
            reader.wrong(f"{shown(text)} is no relation of two dimensions", mend, key="dimension_relations")
            continue
        name, first, one, second, other = match.groups()
        terms = [one if int(c or 1) == 1 else f"{int(c)}*{one}" for c, one in ((first, one), (second, other))]
        before = padding.get(name.lower(), 0)
        found[name.lower()] = "+".join(terms).lower() + (f"-{before}" if before else "")
    return found


def _padding(reader: spec.Reader, left_out: LeftOut) -> dict[str, int]:
    """Elements in front of the first one, by the name of the index."""
    names = [name.lower() for name in reader.names("pr_loop_dims")]
    node = reader.node_of("padding")
    pairs = node.items if isinstance(node, spec.Items) else ()
    first = [pair.items[0] for pair in pairs if isinstance(pair, spec.Items) and pair.items]
    values = [item.value for item in first if isinstance(item, spec.Scalar) and type(item.value) is int]
    if pairs and (len(values) != len(names) or not all(0 <= value < 2**31 for value in values)):
        reader.wrong("padding is a pair for each of `pr_loop_dims`", "write e.g. `[[1, 1], [1, 1]]`", key="padding")
        return {}
    if any(values):
        left_out.tell(reader.place_of("padding"), "padding", "the border is counted as if it were stored")
    return dict(zip(names, values))


def _access(
    reader: spec.Reader, tensor: str, index: str, sizes: Mapping[str, int], relations: Mapping[str, str]
) -> str:
    names = [name.lower() for name in re.findall(r"\[(\w*)\]", index) if name]
    for name in (name for name in names if name not in sizes and name not in relations):
        reader.wrong(f"{tensor} has an index {shown(name)} that is no loop", "add it to `loop_dims`", key="equation")
    return f"{tensor}[{','.join(relations.get(name, name) for name in names)}]"
