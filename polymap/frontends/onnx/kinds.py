"""ONNX operators by what they do, where that is all there is to know of them."""

from __future__ import annotations


def _named(text: str) -> frozenset[str]:
    return frozenset(text.split())


POINTWISE = _named("""
    Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Celu Clip Cos
    Cosh Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish IsInf IsNaN LeakyRelu Less
    LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin
    Sinh Softplus Softsign Sqrt Sub Sum Swish Tan Tanh ThresholdedRelu Where Xor
""")
REDUCTIONS = {
    "ReduceSum": "sum",
    "ReduceMean": "sum",
    "ReduceSumSquare": "sum",
    "ReduceL1": "sum",
    "ReduceL2": "sum",
    "ReduceMax": "max",
    "ReduceMin": "min",
}
MOVES_DATA = "it moves or makes data and computes nothing"
UNKNOWN = "no einsum is known for it"
REASONS = {
    MOVES_DATA: _named("""
        BitCast Cast CastLike Concat Constant ConstantOfShape DepthToSpace Dropout Expand EyeLike Flatten Gather
        GatherElements GatherND Identity OneHot Pad Range Reshape ReverseSequence ScatterElements ScatterND Shape Size
        Slice SpaceToDepth Split Squeeze TensorScatter Tile Transpose Trilu Unsqueeze
    """),
    "it takes several passes over its input": _named("""
        ArgMax ArgMin CumSum GroupNormalization Hardmax InstanceNormalization LRN LayerNormalization LogSoftmax
        LpNormalization MeanVarianceNormalization RMSNormalization ReduceLogSum ReduceLogSumExp Softmax TopK
    """),
    "how often its body runs is decided by the data": _named("If Loop Scan SequenceMap"),
}


def reason(op: str) -> str:
    """Why an operator becomes no einsum."""
    return next((why for why, ops in REASONS.items() if op in ops), UNKNOWN)
