"""A mapping as an MLIR module: the einsum as `linalg.generic`, and a transform script that tiles it loop by loop.

Dimension `di` of the operation is the einsum's rank i; sizes of tiles are steps of the mapping's loops. Buffers are
left to bufferization: what a memory holds is said in comments.
"""

from __future__ import annotations

from collections.abc import Iterator

from polymap.errors import Mistake, PolymapError
from polymap.mapping.nest import Loop, Mapping, Spatial, Storage
from polymap.mapping.tiles import step
from polymap.report.code.names import identifier
from polymap.workload.einsum import Affine, Einsum, Tensor

ANY = "!transform.any_op"
ELEMENT = "f32"


def text(einsum: Einsum, mapping: Mapping, heading: tuple[str, ...]) -> str:
    """The module. Raises `PolymapError` where a linalg operation cannot know the sizes of its dimensions."""
    check(einsum)
    lines = [f"// {' '.join(line.splitlines())}".rstrip() for line in heading]
    ranks = ", ".join(f"d{at} is {' '.join(rank.splitlines())}" for at, rank in enumerate(einsum.sizes))
    lines += [f"// {ranks}."]
    lines += ["module attributes {transform.with_named_sequence} {", *_function(einsum), *_script(einsum, mapping), "}"]
    return "\n".join(lines) + "\n"


def check(einsum: Einsum) -> None:
    """Every rank is an index of some tensor by itself: from its size the operation knows the dimension's."""
    if not einsum.is_box:
        message = f"the domain of {einsum.name} is no box, as that of linalg.generic is"
        raise PolymapError(Mistake(einsum.place, message, "generate c or python, or map the whole box"))
    known = {axis.ranks[0] for tensor in einsum.tensors for axis in tensor.coordinates if _is_rank(axis)}
    missing = [rank for rank in einsum.sizes if rank not in known]
    if missing:
        message = f"no tensor of {einsum.name} has {' or '.join(missing)} as an index by itself"
        mend = "linalg cannot know how long it is: generate c or python"
        raise PolymapError(Mistake(einsum.place, f"{message}, as linalg.generic needs it", mend))


def _is_rank(axis: Affine) -> bool:
    return [coefficient for _, coefficient in axis.terms] == [1]


# The einsum.


def _function(einsum: Einsum) -> Iterator[str]:
    types = {tensor.name: _type(einsum, tensor) for tensor in einsum.tensors}
    arguments = ", ".join(f"%{identifier(name)}: {kind}" for name, kind in types.items())
    ins = ", ".join(f"%{identifier(tensor.name)}" for tensor in einsum.inputs)
    out, kind = f"%{identifier(einsum.output.name)}", types[einsum.output.name]
    yield f"  func.func @{identifier(einsum.name)}({arguments}) -> {kind} {{"
    yield "    %result = linalg.generic {"
    yield f"      indexing_maps = [{', '.join(_map(einsum, tensor) for tensor in _operands(einsum))}],"
    yield f"      iterator_types = [{', '.join(_iterators(einsum))}]"
    yield f"    }} ins({ins} : {', '.join(types[tensor.name] for tensor in einsum.inputs)}) outs({out} : {kind}) {{"
    yield from (f"    {line}" for line in _body(einsum))
    yield f"    }} -> {kind}"
    yield f"    return %result : {kind}"
    yield "  }"


def _operands(einsum: Einsum) -> tuple[Tensor, ...]:
    return (*einsum.inputs, einsum.output)


def _type(einsum: Einsum, tensor: Tensor) -> str:
    """The tensor from the least element that is accessed to the greatest."""
    reaches = [axis.extent(einsum.sizes) for axis in tensor.coordinates]
    return f"tensor<{''.join(f'{high - low + 1}x' for low, high in reaches)}{ELEMENT}>"


def _map(einsum: Einsum, tensor: Tensor) -> str:
    dimensions = {rank: f"d{at}" for at, rank in enumerate(einsum.sizes)}
    axes = (_affine(axis, axis.extent(einsum.sizes)[0], dimensions) for axis in tensor.coordinates)
    return f"affine_map<({', '.join(dimensions.values())}) -> ({', '.join(axes)})>"


def _affine(axis: Affine, origin: int, dimensions: dict[str, str]) -> str:
    terms = [dimensions[rank] if c == 1 else f"{dimensions[rank]} * {c}" for rank, c in axis.terms]
    constant = axis.constant - origin
    return " + ".join([*terms, *([str(constant)] if constant or not terms else [])])


def _iterators(einsum: Einsum) -> Iterator[str]:
    return ('"parallel"' if is_parallel(einsum, rank) else '"reduction"' for rank in einsum.sizes)


def is_parallel(einsum: Einsum, rank: str) -> bool:
    """Whether different points of a rank never add to one element."""
    own = [axis for axis in einsum.output.coordinates if rank in axis.ranks]
    return bool(own) and all(len(axis.ranks) == 1 for axis in own)


def _body(einsum: Einsum) -> Iterator[str]:
    names = [f"%in{at}" for at, _ in enumerate(einsum.inputs)]
    yield f"^bb0({', '.join(f'{name}: {ELEMENT}' for name in (*names, '%sum'))}):"
    product = names[0]
    for at, name in enumerate(names[1:], start=1):
        yield f"  %product{at} = arith.mulf {product}, {name} : {ELEMENT}"
        product = f"%product{at}"
    yield f"  %total = arith.addf %sum, {product} : {ELEMENT}"
    yield f"  linalg.yield %total : {ELEMENT}"


# The script.


def _script(einsum: Einsum, mapping: Mapping) -> Iterator[str]:
    yield f"  transform.named_sequence @__transform_main(%root: {ANY} {{transform.readonly}}) {{"
    yield f'    %op0 = transform.structured.match ops{{["linalg.generic"]}} in %root : ({ANY}) -> {ANY}'
    number = 0
    for at, node in enumerate(mapping.nodes):
        yield f"    // {' '.join(str(node).splitlines())}"
        if not isinstance(node, Storage) and node.trip != 1:
            yield _tiled(einsum, node, step(mapping.nodes, at), number)
            number += 1
    yield "    transform.yield"
    yield "  }"


def _tiled(einsum: Einsum, loop: Loop, size: int, number: int) -> str:
    """One loop: over the tiles of one dimension; instances that never add to one element run in parallel."""
    sizes = ", ".join(str(size if rank == loop.rank else 0) for rank in einsum.sizes)
    in_parallel = isinstance(loop, Spatial) and is_parallel(einsum, loop.rank)
    kind = "tile_using_forall" if in_parallel else "tile_using_for"
    results = f"%op{number + 1}, %loop{number}"
    operation = f"transform.structured.{kind} %op{number} tile_sizes [{sizes}]"
    return f"    {results} = {operation} : ({ANY}) -> ({ANY}, {ANY})"
