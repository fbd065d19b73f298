"""Generated code, run: its output and its counters, beside an einsum of numpy and what the model counts."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from polymap.architecture import Architecture
from polymap.mapper.sets import integer_sets
from polymap.mapping import Mapping as LoopNest
from polymap.model import evaluate
from polymap.report.code import code
from polymap.workload import Einsum
from polymap.workload.einsum import Tensor
from tests.oracles.exact_walk import Domain, everywhere

COMPILER = shutil.which(os.environ.get("CC", "cc"))
FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-O0", "-shared", "-fPIC")
Counts = dict[str, int]


@dataclass(frozen=True)
class Case:
    """A mapping whose code is run."""

    einsum: Einsum
    architecture: Architecture
    mapping: LoopNest
    domain: Domain = everywhere

    def __str__(self) -> str:
        tensors = (f"{t.name}{[(axis.terms, axis.constant) for axis in t.coordinates]}" for t in self.einsum.tensors)
        levels = (str(level) for level in self.architecture.hierarchy)
        return "\n".join((str(self.einsum.ranks), self.einsum.domain_text, *tensors, *levels, self.mapping.text()))


@dataclass(frozen=True)
class Ran:
    """What code left in the output, and what it counted."""

    output: np.ndarray[Any, Any]
    counts: Counts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ran) and self.counts == other.counts and np.array_equal(self.output, other.output)


def origin(einsum: Einsum, tensor: Tensor) -> tuple[int, ...]:
    return tuple(0 if tensor.shape else axis.extent(einsum.sizes)[0] for axis in tensor.coordinates)


def shape(einsum: Einsum, tensor: Tensor) -> tuple[int, ...]:
    """Sizes of the caller's array; a tensor without coordinates has one element."""
    reaches = [axis.extent(einsum.sizes) for axis in tensor.coordinates]
    return tensor.shape or tuple(high - low + 1 for low, high in reaches) or (1,)


def inputs(einsum: Einsum, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    """Small random integers for every input."""
    random = np.random.default_rng(seed)
    return {t.name: random.integers(-9, 10, shape(einsum, t), dtype=np.int64) for t in einsum.inputs}


def expected(
    einsum: Einsum, given: Mapping[str, np.ndarray[Any, Any]], domain: Domain = everywhere
) -> np.ndarray[Any, Any]:
    """The einsum point by point; every point of the domain adds its product."""
    out = np.zeros(shape(einsum, einsum.output), dtype=np.int64)
    for values in product(*(range(size) for _, size in einsum.ranks)):
        point = dict(zip(einsum.sizes, values, strict=True))
        if not domain(point):
            continue
        out[_index(einsum, einsum.output, point)] += np.prod(
            [given[t.name][_index(einsum, t, point)] for t in einsum.inputs]
        )
    return out


def _index(einsum: Einsum, tensor: Tensor, point: Mapping[str, int]) -> tuple[int, ...]:
    first = origin(einsum, tensor)
    return tuple(axis.at(point) - low for axis, low in zip(tensor.coordinates, first, strict=True)) or (0,)


def modelled(case: Case) -> Counts:
    """Reads, fills and updates of every tensor at every memory."""
    cost = evaluate(case.einsum, case.architecture, case.mapping, check=False, sets=integer_sets)
    return {
        f"{row.level}.{row.tensor}.{action}": getattr(row, action)
        for row in cost.traffic
        for action in ("reads", "fills", "updates")
    }


def wanted(case: Case) -> Ran:
    """What the code has to leave and to count."""
    return Ran(expected(case.einsum, inputs(case.einsum), case.domain), modelled(case))


def run_c(cases: Sequence[Case], folder: Path, counted: bool = True) -> list[Ran]:
    """The C code of some cases, compiled together and run; without counters it counts nothing."""
    named = [replace(case, einsum=replace(case.einsum, name=f"case_{n}")) for n, case in enumerate(cases)]
    for case in named:
        text = code(case.einsum, case.architecture, case.mapping, "c", counted)
        (folder / f"{case.einsum.name}.c").write_text(text)
    library = compiled([f"{case.einsum.name}.c" for case in named], folder)
    return [_called(library, case, counted) for case in named]


def compiled(sources: Sequence[str], folder: Path) -> ctypes.CDLL:
    """The sources as a library; every warning is an error."""
    assert COMPILER
    done = subprocess.run([COMPILER, *FLAGS, *sources, "-o", "all.so"], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(folder / "all.so"))


def _called(library: ctypes.CDLL, case: Case, counted: bool) -> Ran:
    given = inputs(case.einsum)
    out = np.full(shape(case.einsum, case.einsum.output), 77, dtype=np.int64)
    arrays = [out if t.is_output else given[t.name] for t in case.einsum.tensors]
    for _ in range(2):  # the second call begins anew
        getattr(library, case.einsum.name)(*(array.ctypes.data_as(ctypes.c_void_p) for array in arrays))
    return Ran(out, _counts(library, case.einsum.name) if counted else {})


def _counts(library: ctypes.CDLL, name: str) -> Counts:
    size = ctypes.c_int.in_dll(library, f"{name}_counters").value
    names = (ctypes.c_char_p * size).in_dll(library, f"{name}_counted")
    counts = (ctypes.c_longlong * size).in_dll(library, f"{name}_counts")
    return {bytes(text or b"").decode(): int(number) for text, number in zip(names, counts, strict=True)}


def run_python(case: Case) -> Ran:
    """The counting Python code of a case, run."""
    names: dict[str, Any] = {}
    exec(code(case.einsum, case.architecture, case.mapping, "python", counted=True), names)
    given = inputs(case.einsum)
    out = np.full(shape(case.einsum, case.einsum.output), 77, dtype=np.int64)
    function: Callable[..., Counts] = names[case.einsum.name]
    counts = function(*(out if t.is_output else given[t.name] for t in case.einsum.tensors))
    return Ran(out, counts)
