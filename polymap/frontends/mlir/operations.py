"""Structured operations of MLIR as einsums, and what is said of all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from polymap.errors import Place, SpecError
from polymap.frontends.forms.form import Form, NoEinsum, Unfit
from polymap.frontends.forms.pointwise import TENSORS
from polymap.frontends.mlir.body import Body, body_of
from polymap.frontends.mlir.load import GENERALISE, Module, named
from polymap.frontends.model import Left, Operation
from polymap.frontends.sizes import Sizes, misset, unset
from polymap.frontends.understood import MOVES_DATA, UNKNOWN, Understood
from polymap.workload.affine_maps import Loops, NotAffine, Unbounded, loops_of
from polymap.workload.counting import TooLarge
from polymap.workload.statement import Access

STRUCTURE = frozenset(
    ("builtin.module", "func.func", "func.return", "linalg.yield", "arith.constant", "tensor.empty", "memref.alloc")
)
MOVES = ("tensor.", "memref.", "bufferization.")
REASONS = {"func.call": "what it calls is read once, however often it is called"}
AROUND = frozenset(("builtin.module", "func.func"))
# The body that xdsl gives it takes the window, of which only the shape means something, for a value.
NAMED = {"linalg.pooling_nchw_max": Body("max", (0,))}


@dataclass(frozen=True)
class Sized:
    """A shape of which sizes may be open, and the bits of an element."""

    shape: tuple[int | None, ...]
    bits: int


def operations(module: Module, sizes: Sizes) -> list[Operation | Left]:
    """What becomes of every operation that stands in a function, in order. Raises `SpecError` with every mistake."""
    values = _arguments(module, sizes)
    taken = Understood()
    for op, place in module.placed():
        with taken.reading(named(op), place, named(op)):
            taken.found += _read(op, place, values)
    return taken.whole()


def _arguments(module: Module, sizes: Sizes) -> dict[Any, Sized]:
    """The arguments of functions; an open size is called `arg[axis]`."""
    values: dict[Any, Sized] = {}
    symbols: dict[str, Place] = {}
    for op, place in module.placed():
        for at, value in enumerate(op.body.block.args if op.name == "func.func" and op.body.blocks else ()):
            if sized := _sized(value.type):
                names = [f"{value.name_hint or f'arg{at}'}[{axis}]" for axis in range(len(sized.shape))]
                symbols |= {name: place for name, size in zip(names, sized.shape) if size is None}
                shape = tuple(sizes.get(name) if size is None else size for name, size in zip(names, sized.shape))
                values[value] = Sized(shape, sized.bits)
    mistakes = list(misset(sizes, symbols, Place(module.file)))
    mistakes += [unset(name, place) for name, place in symbols.items() if name not in sizes]
    if mistakes:
        raise SpecError(mistakes)
    return values


def _read(op: Any, place: Place, values: dict[Any, Sized]) -> list[Operation | Left]:
    name, around = named(op), list(_around(op))
    if name in STRUCTURE or any(_is_structured(outer) for outer in around):
        return []
    loop = next((named(outer) for outer in around if named(outer) not in AROUND), "")
    if not _is_structured(op):
        return [] if loop else [Left(name, _reason(name))]
    if loop:
        raise NoEinsum(f"it stands inside {loop}, which decides how often it runs")
    return [_structured(op, place, values)]


def _is_structured(op: Any) -> bool:
    return hasattr(op, "get_indexing_maps") and hasattr(op, "get_iterator_types")


def _around(op: Any) -> Iterator[Any]:
    parent = op.parent_op()
    while parent is not None:
        yield parent
        parent = parent.parent_op()


def _reason(name: str) -> str:
    if name.startswith(MOVES):
        return MOVES_DATA
    if name.startswith("linalg."):
        return f"xdsl does not know it: {GENERALISE} makes it a linalg.generic"
    return REASONS.get(name, UNKNOWN)


def _sized(type_: Any) -> Sized | None:
    """What a tensor, a memref or a number is; None for anything else."""
    element = getattr(type_, "element_type", type_)
    bits = getattr(element, "bitwidth", None) or (64 if getattr(element, "name", "") == "index" else None)
    if bits is None:
        return None
    shape = type_.get_shape() if hasattr(type_, "get_shape") else ()
    return Sized(tuple(None if size < 0 else size for size in shape), bits)


def _structured(op: Any, place: Place, values: dict[Any, Sized]) -> Operation:
    if len(op.outputs) != 1:
        raise NoEinsum(f"it has {len(op.outputs)} outputs, and an einsum one")
    known = [_known(operand, values) for operand in (*op.inputs, *op.outputs)]
    loops = _loops([entry.data for entry in op.get_indexing_maps()], known)
    _note(op, loops, known[-1].bits, values)
    return _form(op, known, loops).operation(_name(op, place), named(op), place)


def _form(op: Any, known: list[Sized], loops: Loops) -> Form:
    """An input that is read twice through the same map is one tensor."""
    body = _body(op)
    accesses = {(op.inputs[at], loops.accesses[at]): known[at].bits for at in body.reads}
    if len(accesses) > len(TENSORS):
        raise NoEinsum(f"it reads {len(accesses)} tensors")
    inputs = tuple(Access(tensor, coordinates) for tensor, (_, coordinates) in zip(TENSORS, accesses))
    bits = {**dict(zip(TENSORS, accesses.values())), "Out": known[-1].bits}
    return Form(Access("Out", loops.accesses[-1]), inputs, loops.sizes, bits, body.kind, loops.domain)


def _body(op: Any) -> Body:
    is_reduction = any(entry.data.value == "reduction" for entry in op.get_iterator_types())
    return NAMED.get(named(op)) or body_of(op.regions[0].block, len(op.inputs), is_reduction)


def _known(value: Any, values: Mapping[Any, Sized]) -> Sized:
    sized = values.get(value) or _sized(value.type)
    if sized is None:
        raise NoEinsum(f"an operand is a {value.type}")
    return sized


def _loops(maps: list[Any], known: list[Sized]) -> Loops:
    if any(map_.num_symbols for map_ in maps):
        raise NoEinsum("its maps have symbols")
    dims = [f"d{at}" for at in range(maps[0].num_dims)]
    texts = [", ".join(str(result) for result in map_.results) for map_ in maps]
    try:
        return loops_of(dims, texts, [sized.shape for sized in known])
    except NotAffine as error:
        raise NoEinsum(str(error)) from None
    except TooLarge as error:
        raise NoEinsum(error.mistakes[0].message) from None
    except Unbounded as error:
        raise Unfit(f"no shape says how far loop {error} runs") from None
    except ValueError as error:
        raise Unfit(str(error)) from None


def _note(op: Any, loops: Loops, bits: int, values: dict[Any, Sized]) -> None:
    """What the loops say of a result whose shape is open."""
    if op.results and loops.accesses:
        shape = tuple(affine.extent(loops.sizes)[1] + 1 for affine in loops.accesses[-1])
        values[op.results[0]] = Sized(shape, bits)


def _name(op: Any, place: Place) -> str:
    """The name of its result where it has one, else its place among its kind."""
    hint = op.results[0].name_hint if op.results else None
    return hint or place.path.removeprefix("linalg.").replace("[", "_").rstrip("]")
