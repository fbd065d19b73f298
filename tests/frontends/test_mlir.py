"""MLIR's structured operations as einsums: maps go to ISL as they are, the rest is listed with its reason."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import polymap as pm
from polymap.frontends.alike import essence
from polymap.frontends.model import Model
from polymap.workload.affine_maps import NotAffine, Unbounded, loops_of
from polymap.workload.einsum import Affine
from tests.frontends import mlir_networks, onnx_networks
from tests.frontends.mlir_networks import PRODUCT, Text, xdsl

Reader = Callable[[str], Model]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Reads MLIR text from a file."""

    def of(text: str, **sizes: int) -> Model:
        path = tmp_path / "net.mlir"
        path.write_text(text)
        return pm.layers(path, sizes)

    return of


def refused(read: Reader, text: str) -> str:
    with pytest.raises(pm.SpecError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize("network", ["resnet50", "bert_layer"])
def test_a_network_has_the_same_einsums_as_through_onnx(network: str, read: Reader) -> None:
    ours = read(getattr(mlir_networks, network)())
    theirs = pm.layers(getattr(onnx_networks, network)())
    assert {essence(o.einsum): o.repeat for o in ours.layers} == {essence(o.einsum): o.repeat for o in theirs.layers}
    assert ours.macs == theirs.macs


def test_a_product_reads_as_its_maps_say(read: Reader) -> None:
    net = Text()
    net.generic(["acd", "cdb", "ab"], "pprr", [net.argument(2, 3, 4), net.argument(3, 4, 5)], (2, 5))
    (layer,) = read(net.module()).layers
    assert layer.einsum.text == "Out[d0,d1] += A[d0,d2,d3] * B[d2,d3,d1]"
    assert (layer.einsum.sizes, layer.einsum.tensor("A").bits) == ({"d0": 2, "d1": 5, "d2": 3, "d3": 4}, 32)


GENERIC = """
func.func @f(%x: tensor<SHAPE_Xf32>, %w: tensor<3xf32>, %o: tensor<SHAPE_Of32>) {
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (MAP)>, affine_map<(d0, d1) -> (d1)>,
      affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<SHAPE_Xf32>, tensor<3xf32>) outs(%o : tensor<SHAPE_Of32>) {
  ^bb0(%a: f32, %b: f32, %o_: f32):
    BODY
  } -> tensor<SHAPE_Of32>
  func.return
}
""".replace("%o_", "%o9")
BODY = PRODUCT.replace("%o,", "%o9,")


def generic(index: str, x: str = "9x", o: str = "4x", body: str = BODY) -> str:
    return GENERIC.replace("MAP", index).replace("SHAPE_X", x).replace("SHAPE_O", o).replace("BODY", body)


def test_points_at_which_a_map_leaves_its_tensor_are_no_part_of_the_domain() -> None:
    whole = loops_of(("p", "r"), ["p * 2 + r", "r", "p"], [(9,), (3,), (4,)])
    cut = loops_of(("p", "r"), ["p * 2 + r - 1", "r", "p"], [(8,), (3,), (4,)])
    assert (whole.domain, whole.sizes, cut.sizes) == ("", {"p": 4, "r": 3}, {"p": 4, "r": 3})
    assert cut.accesses[0][0] == Affine((("p", 2), ("r", 1)), -1)
    stored = pm.einsum("O[p] += I[2*p+r-1] * W[r]", p=4, r=3, domain=cut.domain)
    assert stored.computes == sum(0 <= 2 * p + r - 1 < 8 for p in range(4) for r in range(3))


@pytest.mark.parametrize("index", ["d0 floordiv 2 + d1", "d0 mod 4", "(d0 + d1) ceildiv 2"])
def test_quotients_are_skipped_with_the_reason(index: str, read: Reader) -> None:
    (skipped,) = read(generic(index)).skipped
    assert skipped.op == "linalg.generic"
    assert "is not affine" in skipped.reason or "takes quotients" in skipped.reason


def test_open_sizes_are_called_by_argument_and_axis(read: Reader) -> None:
    text = generic("d0 + d1", x="?x", o="?x")
    told = refused(read, text)
    assert "net.mlir:2 (func.func[0]): the size x[0] is open\n    mend: set it, e.g. --set x[0]=1" in told
    assert "the size o[0] is open" in told
    (layer,) = read(text, **{"x[0]": 10, "o[0]": 8}).layers
    assert layer.einsum.sizes == {"d0": 8, "d1": 3}


def test_results_of_open_shape_take_the_sizes_of_their_loops(read: Reader) -> None:
    text = """
func.func @f(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>, %e: tensor<?x8xf32>) {
  %h = linalg.matmul ins(%x, %w : tensor<?x8xf32>, tensor<8x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %i = linalg.matmul ins(%h, %w : tensor<?x8xf32>, tensor<8x8xf32>) outs(%h : tensor<?x8xf32>) -> tensor<?x8xf32>
  func.return
}
"""
    (layer,) = read(text, **{"x[0]": 4, "e[0]": 4}).layers
    assert (layer.repeat, layer.nodes, layer.einsum.computes) == (2, ("h", "i"), 256)


ADDED = "%s = arith.addf %o9, %a : f32\n    linalg.yield %s : f32"
SUMMED = "%s = arith.addf %a, %b : f32\n    %t = arith.mulf %s, %o9 : f32\n    linalg.yield %t : f32"
MOVED = "linalg.yield %a : f32"
SQUARED = "%s = arith.mulf %a, %a : f32\n    %t = arith.addf %s, %o9 : f32\n    linalg.yield %t : f32"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (BODY, "product"),
        (ADDED, "sum"),
        (ADDED.replace("addf", "maximumf"), "max"),
        (ADDED.replace("addf", "minimumf"), "min"),
        (SQUARED, "product"),
    ],
)
def test_the_body_says_the_kind(body: str, kind: str, read: Reader) -> None:
    found = read(generic("d0 * 2 + d1", body=body))
    (operation,) = (*found.layers, *found.others)
    assert operation.kind == kind
    assert len(operation.einsum.inputs) == (2 if body == BODY else 1)


@pytest.mark.parametrize(
    ("body", "reason"),
    [(SUMMED, "its body is no sum of products"), (MOVED, "its loops that reduce leave the last value alone")],
)
def test_other_bodies_are_skipped_with_the_reason(body: str, reason: str, read: Reader) -> None:
    (skipped,) = read(generic("d0 * 2 + d1", body=body)).skipped
    assert reason in skipped.reason


NAMED = """
func.func @f(%x: tensor<1x6x6x2xf32>, %w: tensor<3x3x2x4xf32>, %o: tensor<1x4x4x4xf32>,
             %i: tensor<1x2x6x6xf32>, %s: tensor<2x2xf32>, %p: tensor<1x2x3x3xf32>,
             %a: tensor<4x8xi8>, %b: tensor<8x2xi8>, %z: i32, %c: tensor<4x2xi32>) {
  %conv = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %w : tensor<1x6x6x2xf32>, tensor<3x3x2x4xf32>) outs(%o : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %pool = linalg.pooling_nchw_max {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}
      ins(%i, %s : tensor<1x2x6x6xf32>, tensor<2x2xf32>) outs(%p : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %quant = linalg.quantized_matmul ins(%a, %b, %z, %z : tensor<4x8xi8>, tensor<8x2xi8>, i32, i32)
      outs(%c : tensor<4x2xi32>) -> tensor<4x2xi32>
  func.return
}
"""


def test_named_operations(read: Reader) -> None:
    found = read(NAMED)
    operations = {operation.name: operation for operation in (*found.layers, *found.others)}
    assert found.skipped == ()
    assert operations["conv"].einsum.text == "Out[d0,d1,d2,d3] += A[d0,d1+d4,d2+d5,d6] * B[d4,d5,d6,d3]"
    assert operations["pool"].kind == "max"
    assert operations["pool"].einsum.text == "Out[d0,d1,d2,d3] += A[d0,d1,2*d2+d4,2*d3+d5]"
    assert operations["quant"].kind == "product"
    assert [tensor.bits for tensor in operations["quant"].einsum.tensors] == [8, 8, 32, 32]


def test_an_unknown_short_form_is_told_with_line_and_column_and_how_to_mend(read: Reader) -> None:
    text = """func.func @f(%a: tensor<2x4x8xf32>, %b: tensor<2x8x4xf32>, %c: tensor<2x4x4xf32>) {
  %0 = linalg.batch_matmul ins(%a, %b : tensor<2x4x8xf32>, tensor<2x8x4xf32>) outs(%c : tensor<2x4x4xf32>)
}
"""
    told = refused(read, text)
    assert (
        "net.mlir:2:28: xdsl knows no short form of this operation\n    mend: write it in generic form: mlir-opt"
        in told
    )


UNKNOWN = """
func.func private @g() -> ()
func.func @f(%a: tensor<2x4x8xf32>, %n: index) {
  // "linalg.batch_matmul"() is not here
  %0 = "linalg.batch_matmul"(%a, %a) : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %1 = "stablehlo.add"(%a, %a) : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  func.call @g() : () -> ()
  %z = arith.constant 0 : index
  %u = arith.constant 1 : index
  scf.for %i = %z to %n step %u {
    %2 = linalg.add ins(%a, %a : tensor<2x4x8xf32>, tensor<2x4x8xf32>) outs(%a : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  }
  func.return
}
"""


def test_what_is_no_structured_operation_is_listed(read: Reader) -> None:
    skipped = {item.op: item.reason for item in read(UNKNOWN).skipped}
    assert "mlir-opt --linalg-generalize-named-ops" in skipped.pop("linalg.batch_matmul")
    assert skipped == {
        "stablehlo.add": "no einsum is known for it",
        "func.call": "what it calls is read once, however often it is called",
        "scf.for": "no einsum is known for it",
        "linalg.add": "it stands inside scf.for, which decides how often it runs",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("func.func @f(%a: tensor<4xf32>", "net.mlir:1:"),
        ("module { func.func @f( }", "net.mlir:1:"),
        ("polymap: workload/1", "net.mlir:1:8: xdsl knows no short form of this operation"),
        ("(" * 100_000, "net.mlir"),
        (NAMED.replace(" outs(%o : tensor<1x4x4x4xf32>)", ""), "net.mlir: xdsl does not read it: IndexError"),
        ('"' + "a" * 100, "net.mlir:1:1: a string begins here that is not closed on its line"),
        ('func.func @f() attributes {a = "\\q' + "b" * 100 + '"} {}', "net.mlir:1:32: a string begins here"),
        (generic("d0 * 2 + d1", o="4x4x"), "net.mlir: the module is not valid: "),
        (generic("d0 * 2 + d1", x="0x"), "net.mlir:3 (linalg.generic[0]): linalg.generic: no point of the loops"),
        (generic("d0 * 2 + d1 - 9"), "net.mlir: the module is not valid: unexpected result less than 0"),
    ],
)
def test_bad_text_is_told_with_its_place(text: str, told: str, read: Reader) -> None:
    assert told in refused(read, text)


def test_text_that_ends_early_is_told_wherever_it_ends(read: Reader) -> None:
    text = generic("d0 * 2 + d1")
    for length in range(20, len(text) - 3, 7):
        assert "net.mlir" in refused(read, text[:length])


def test_a_module_in_process_is_read(read: Reader) -> None:
    context = xdsl.context.Context()
    for name, dialect in xdsl.dialects.get_all_dialects().items():
        context.register_dialect(name, dialect)
    module = xdsl.parser.Parser(context, generic("d0 * 2 + d1")).parse_module()
    assert pm.layers(module).macs == 12


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, read: Reader) -> None:
    monkeypatch.setitem(sys.modules, "xdsl", None)
    assert refused(read, "").endswith("mend: pip install 'polymap-engine[mlir]'")


@pytest.mark.parametrize(
    ("maps", "shapes", "error"),
    [
        (["d0 + d1"], [(None,)], Unbounded),
        (["floor(d0/2), d1"], [(4, 4)], NotAffine),
        (["d0 - 1, d1"], [(4, 4)], ValueError),
        (["d0, d1", "d0 + 8, d1"], [(4, 4), (4, 4)], ValueError),
    ],
)
def test_maps_that_say_no_loops(maps: list[str], shapes: list[tuple[int | None, ...]], error: type) -> None:
    with pytest.raises(error):
        loops_of(("d0", "d1"), maps, shapes)
