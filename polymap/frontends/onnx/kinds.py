"""ONNX operators by what they do, where that is all there is to know of them."""

from __future__ import annotations

from polymap.frontends.understood import BY_THE_DATA, MOVES_DATA, SEVERAL_PASSES, named

POINTWISE = named("""
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
REASONS = {
    MOVES_DATA: named("""
        BitCast Cast CastLike Concat Constant ConstantOfShape DepthToSpace Dropout Expand EyeLike Flatten Gather
        GatherElements GatherND Identity OneHot Pad Range Reshape ReverseSequence ScatterElements ScatterND Shape Size
        Slice SpaceToDepth Split Squeeze TensorScatter Tile Transpose Trilu Unsqueeze
    """),
    SEVERAL_PASSES: named("""
        ArgMax ArgMin CumSum GroupNormalization Hardmax InstanceNormalization LRN LayerNormalization LogSoftmax
        LpNormalization MeanVarianceNormalization RMSNormalization ReduceLogSum ReduceLogSumExp Softmax TopK
    """),
    BY_THE_DATA: named("If Loop Scan SequenceMap"),
}
