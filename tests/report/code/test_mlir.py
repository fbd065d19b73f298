"""MLIR: the einsum as linalg, and one tiling for each loop; read by whatever parser of MLIR there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

import polymap as pm
from polymap.architecture import Memory

OPT = shutil.which("mlir-opt") or shutil.which("iree-opt")
GEMM = """\
// gemm_64: C[m,n] += A[m,k] * B[k,n]
// as this mapping on teaching runs it (polymap VERSION):
//
//     DRAM holds A B C
//     for m in 4
//     buffer holds A C
//     for n in 4
//     for k in 64
//     parallel m in 4 on X
//     parallel n in 4 on Y
//     registers holds A B C
//     for m in 4
//     for n in 4
//     compute
//
// d0 is m, d1 is n, d2 is k.
module attributes {transform.with_named_sequence} {
  func.func @gemm_64(%A: tensor<64x64xf32>, %B: tensor<64x64xf32>, %C: tensor<64x64xf32>) -> tensor<64x64xf32> {
    %result = linalg.generic {
      indexing_maps = [MAPS],
      iterator_types = ["parallel", "parallel", "reduction"]
    } ins(%A, %B : tensor<64x64xf32>, tensor<64x64xf32>) outs(%C : tensor<64x64xf32>) {
    ^bb0(%in0: f32, %in1: f32, %sum: f32):
      %product1 = arith.mulf %in0, %in1 : f32
      %total = arith.addf %sum, %product1 : f32
      linalg.yield %total : f32
    } -> tensor<64x64xf32>
    return %result : tensor<64x64xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op0 = transform.structured.match ops{["linalg.generic"]} in %root : (!transform.any_op) -> !transform.any_op
    // DRAM holds A B C
    // for m in 4
    %op1, %loop0 = transform.structured.tile_using_for %op0 tile_sizes [16, 0, 0] : SIGNATURE
    // buffer holds A C
    // for n in 4
    %op2, %loop1 = transform.structured.tile_using_for %op1 tile_sizes [0, 16, 0] : SIGNATURE
    // for k in 64
    %op3, %loop2 = transform.structured.tile_using_for %op2 tile_sizes [0, 0, 1] : SIGNATURE
    // parallel m in 4 on X
    %op4, %loop3 = transform.structured.tile_using_forall %op3 tile_sizes [4, 0, 0] : SIGNATURE
    // parallel n in 4 on Y
    %op5, %loop4 = transform.structured.tile_using_forall %op4 tile_sizes [0, 4, 0] : SIGNATURE
    // registers holds A B C
    // for m in 4
    %op6, %loop5 = transform.structured.tile_using_for %op5 tile_sizes [1, 0, 0] : SIGNATURE
    // for n in 4
    %op7, %loop6 = transform.structured.tile_using_for %op6 tile_sizes [0, 1, 0] : SIGNATURE
    transform.yield
  }
}
"""
MAPS = ", ".join(f"affine_map<(d0, d1, d2) -> ({axes})>" for axes in ("d0, d2", "d2, d1", "d0, d1"))
SIGNATURE = "(!transform.any_op) -> (!transform.any_op, !transform.any_op)"

CONV = """\
DRAM holds I W O
for k in 3
parallel c in 4 on X
registers holds I W O
for k in 2
for p in 13
for r in 3
compute
"""


@pytest.fixture(scope="module")
def gemm() -> str:
    return pm.codegen("gemm_64", "teaching", "teaching_gemm_64", language="mlir")


@pytest.fixture(scope="module")
def conv() -> str:
    """Strides, an access that begins below 0, a reduction in parallel, and a last tile that is short."""
    work = pm.einsum("O[k,p] += I[c,2*p-r] * W[k,c,r]", k=5, p=13, c=4, r=3)
    return pm.codegen(work, without_buffer(), CONV, language="mlir")


def without_buffer() -> pm.Architecture:
    """`teaching` with a buffer that need not keep anything."""
    found = pm.architecture("teaching")
    levels = tuple(
        replace(level, keeps=(), may_keep=("input", "weight", "output"))
        if isinstance(level, Memory) and level.name == "buffer"
        else level
        for level in found.hierarchy
    )
    return replace(found, hierarchy=levels)


def test_every_loop_is_one_tiling_by_its_step(gemm: str) -> None:
    golden = GEMM.replace("VERSION", pm.__version__).replace("MAPS", MAPS).replace("SIGNATURE", SIGNATURE)
    assert gemm == golden


def test_windows_begin_at_index_0_and_sums_stay_in_order(conv: str) -> None:
    assert "affine_map<(d0, d1, d2, d3) -> (d2, d1 * 2 + d3 * -1 + 2)>" in conv
    assert "%I: tensor<4x27xf32>" in conv
    assert 'iterator_types = ["parallel", "parallel", "reduction", "reduction"]' in conv
    tilings = re.findall(r"(tile_using_\w+) %op\d tile_sizes \[(.*?)\]", conv)
    assert tilings == [
        ("tile_using_for", "2, 0, 0, 0"),
        ("tile_using_for", "0, 0, 1, 0"),
        ("tile_using_for", "1, 0, 0, 0"),
        ("tile_using_for", "0, 1, 0, 0"),
        ("tile_using_for", "0, 0, 0, 1"),
    ]


def test_a_rank_that_no_tensor_has_by_itself_is_refused() -> None:
    work = pm.einsum("O[i+j] += A[i-j]", i=4, j=4)
    nest = "DRAM holds A O\nregisters holds A O\nfor i in 4\nfor j in 4\ncompute"
    with pytest.raises(pm.PolymapError) as caught:
        pm.codegen(work, without_buffer(), nest, language="mlir")
    (mistake,) = caught.value.mistakes
    assert mistake.message == "no tensor of einsum has i or j as an index by itself, as linalg.generic needs it"


def test_nothing_is_counted() -> None:
    with pytest.raises(pm.SpecError, match="moves nothing that could be counted"):
        pm.codegen("gemm_64", "teaching", "teaching_gemm_64", language="mlir", count=True)


@pytest.mark.parametrize("name", ["gemm", "conv"])
def test_xdsl_reads_the_einsum(name: str, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("xdsl", reason="xdsl is not installed")
    from xdsl.context import Context
    from xdsl.dialects import arith, builtin, func, linalg
    from xdsl.parser import Parser

    text = request.getfixturevalue(name)
    start, end = text.index("  func.func"), text.index("  transform.named_sequence")
    context = Context()
    for dialect in (builtin.Builtin, func.Func, arith.Arith, linalg.Linalg):
        context.load_dialect(dialect)
    module = Parser(context, f"module {{\n{text[start:end]}}}").parse_module()
    module.verify()
    (generic,) = [operation for operation in module.walk() if operation.name == "linalg.generic"]
    assert len(generic.operands) == 3


@pytest.mark.skipif(OPT is None, reason="there is no mlir-opt")
@pytest.mark.parametrize("name", ["gemm", "conv"])
def test_mlir_itself_applies_the_script(name: str, request: pytest.FixtureRequest) -> None:
    assert OPT
    text = request.getfixturevalue(name)
    done = subprocess.run([OPT, "--transform-interpreter"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loops = len(re.findall(r"%loop\d+ =", text))
    assert len(re.findall(r"scf\.for(?:all)? ", done.stdout)) == loops
