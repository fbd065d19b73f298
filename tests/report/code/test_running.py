"""Generated code, compiled and run: it leaves the einsum, and moves what the model counts."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polymap as pm
from polymap.report.code import code
from tests.report.code.drawn import FAMILIES, cases, is_generated
from tests.report.code.running import COMPILER, Case, compiled, inputs, modelled, run_c, run_python, shape, wanted

needs_a_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
on_every_family = pytest.mark.parametrize("family", FAMILIES)
BATCH = 50
SIZES: tuple[dict[str, str], ...] = ({}, {"capacity": "1 KiB"})
ENERGY = {"read": "1 pJ", "write": "1 pJ"}
ACTIONS = ("reads", "fills", "updates")
Array = np.ndarray[Any, Any]
FEATURES = {
    "boxes with short last tiles": ("(multicast)", "(reduction)", "read back", "did not have", "max(", "min("),
    "accesses in which a rank occurs twice": ("what enters starts at zero", "(multicast)"),
    "perfect factors on any machine": ("(multicast)", "(reduction)", "read back", "did not have"),
    "transposed convolutions": ("what enters starts at zero", "used", "_met"),
    "rows along diagonals": ("one read for equal tiles",),
    "triangles and bands": ("its last tile", "_has[", "_low[", "given up", "(multicast)", "one read for equal tiles"),
    "depthwise, batched, and to a single sum": ("(multicast)", "read back"),
}


@needs_a_compiler
@on_every_family
def test_c_leaves_the_einsum_and_counts_what_the_model_does(family: str, tmp_path: Path) -> None:
    generated = [case for case in cases(family) if is_generated(case)]
    assert len(generated) > 0.9 * len(cases(family))
    for start in range(0, len(generated), BATCH):
        batch, folder = generated[start : start + BATCH], tmp_path / str(start)
        folder.mkdir()
        for case, ran in zip(batch, run_c(batch, folder), strict=True):
            assert ran == wanted(case), f"{case}\n{ran.counts}\n{modelled(case)}"


@needs_a_compiler
@on_every_family
def test_c_without_counters_leaves_the_einsum(family: str, tmp_path: Path) -> None:
    generated = [case for case in cases(family)[::4] if is_generated(case)]
    for case, ran in zip(generated, run_c(generated, tmp_path, counted=False), strict=True):
        assert ran == replace(wanted(case), counts={}), str(case)


@on_every_family
def test_python_leaves_the_einsum_and_counts_what_the_model_does(family: str) -> None:
    for case in cases(family)[::4]:
        if is_generated(case):
            assert run_python(case) == wanted(case), str(case)


@on_every_family
def test_a_family_holds_what_it_is_for(family: str) -> None:
    texts = [
        code(case.einsum, case.architecture, case.mapping, "c", counted=True)
        for case in cases(family)
        if is_generated(case)
    ]
    assert [feature for feature in FEATURES[family] if not any(feature in text for text in texts)] == []


@pytest.fixture(scope="module")
def gemm() -> Case:
    work, arch = pm.workload("gemm_64"), pm.architecture("teaching")
    assert isinstance(work, pm.Einsum)
    return Case(work, arch, pm.mapping("teaching_gemm_64"))


@needs_a_compiler
def test_a_shipped_mapping_equals_an_einsum_of_numpy(gemm: Case, tmp_path: Path) -> None:
    (ran,) = run_c([gemm], tmp_path)
    given = inputs(gemm.einsum)
    assert np.array_equal(ran.output, np.einsum("mk,kn->mn", given["A"], given["B"]))
    assert ran.counts == modelled(gemm)


def windows(image: Array, *axes: tuple[int, int]) -> Array:
    """Every window of an image along some axes, each with its size."""
    return np.lib.stride_tricks.sliding_window_view(image, [size for _, size in axes], [axis for axis, _ in axes])


NUMPY: dict[str, Callable[[dict[str, Array]], Array]] = {
    "conv1d_oc": lambda given: np.einsum("pr,kr->kp", windows(given["I"], (0, 3)), given["W"]),
    "depthwise_3x3": lambda given: np.einsum("ncpqrs,crs->ncpq", windows(given["I"], (2, 3), (3, 3)), given["W"]),
    "mttkrp_small": lambda given: np.einsum("ijk,jr,kr->ir", given["B"], given["C"], given["D"]),
}


@needs_a_compiler
@pytest.mark.parametrize("name", NUMPY)
def test_a_mapping_that_was_searched_runs_as_it_was_counted(name: str, tmp_path: Path) -> None:
    best = pm.optimize(name, "teaching", gap=0.3)
    assert isinstance(best, pm.Result)
    (ran,) = run_c([Case(best.einsum, best.architecture, best.mapping)], tmp_path)
    assert np.array_equal(ran.output, NUMPY[name](inputs(best.einsum)))
    rows = {f"{row.level}.{row.tensor}": row for row in best.cost.traffic}
    stated = {f"{name}.{action}": getattr(row, action) for name, row in rows.items() for action in ACTIONS}
    assert ran.counts == stated


@needs_a_compiler
def test_without_counters_nothing_of_them_is_left(gemm: Case, tmp_path: Path) -> None:
    text = code(gemm.einsum, gemm.architecture, gemm.mapping, "c")
    assert "count" not in text.partition("*/")[2]
    (tmp_path / "gemm.c").write_text(text)
    given, out = inputs(gemm.einsum), np.full(shape(gemm.einsum, gemm.einsum.output), 77, dtype=np.int64)
    arrays = (given["A"], given["B"], out)
    compiled(["gemm.c"], tmp_path).gemm_64(*(array.ctypes.data_as(ctypes.c_void_p) for array in arrays))
    assert np.array_equal(out, given["A"] @ given["B"])


@needs_a_compiler
@pytest.mark.parametrize("image", ["A[i+j,i+k]", "A[2*i+j,i-k]", "A[j-i,i+2*k]", "A[i+j,i+k]*D[c]"])
def test_a_window_that_slides_two_ways_fetches_what_is_no_box(image: str, tmp_path: Path) -> None:
    channel = {"c": 2} if "c" in image else {}
    work = pm.einsum(f"O[i] += {image} * B[j,k]", name="slide", ranks={"i": 7, "j": 4, "k": 4, **channel})
    memories = [{"memory": f"L{n}", **SIZES[n], "width": "16 b", "energy": ENERGY} for n in range(2)]
    arch = pm.architecture(
        {"name": "two", "clock": "1 GHz", "hierarchy": [*memories, {"compute": "MAC", "energy": "1 pJ"}]}
    )
    rest = "".join(f"for {rank} in {size}\n" for rank, size in channel.items())
    outer = f"L0 holds A B O{' D' if channel else ''}\nL1 holds B{' D' if channel else ''}\n"
    nests = [f"{outer}for i in 7\nL1 holds A O\n{rest}for j in 4\nfor k in 4\ncompute"]
    nests += [f"{outer}for i in 4\n{rest}L1 holds A O\nfor i in 2\nfor j in 4\nfor k in 4\ncompute"]
    cases = [Case(work, arch, pm.mapping(nest)) for nest in nests]
    for case, ran in zip(cases, run_c(cases, tmp_path), strict=True):
        assert " || " in code(work, arch, case.mapping, "c")
        assert ran == wanted(case) == run_python(case)


@needs_a_compiler
def test_names_that_c_and_python_keep_for_themselves_are_changed(tmp_path: Path) -> None:
    text = "int[for,while] += element[for,min] * double[min,while]"
    work = pm.einsum(text, name="static", ranks={"for": 4, "while": 3, "min": 5})
    arch = pm.architecture(
        {
            "name": "odd names",
            "clock": "1 GHz",
            "hierarchy": [
                {"memory": "if", "width": "16 b", "energy": ENERGY},
                {"memory": "buf-fer-1", **SIZES[1], "width": "16 b", "energy": ENERGY},
                {"compute": "long", "energy": "1 pJ"},
            ],
        }
    )
    held = [{"storage": level, "tensors": ["int", "element", "double"]} for level in ("if", "buf-fer-1")]
    loops = [{"for": "min", "in": 5}, {"for": "for", "in": 4}, {"for": "while", "in": 3}]
    nest = pm.mapping([held[0], loops[0], held[1], *loops[1:], "compute"])
    case = Case(work, arch, nest)
    (ran,) = run_c([case], tmp_path)
    assert ran == wanted(case)
    namespace: dict[str, object] = {}
    exec(code(work, arch, nest, "python", counted=True), namespace)
    assert "static_" in namespace
