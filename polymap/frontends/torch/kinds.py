"""ATen operators by what they do, where that is all there is to know of them."""

from __future__ import annotations

from polymap.frontends.understood import MOVES_DATA, SEVERAL_PASSES, named

POINTWISE = named("""
    abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_not bitwise_or bitwise_xor ceil celu clamp
    clamp_max clamp_min cos cosh div elu eq erf exp exp2 expm1 floor floor_divide fmod ge gelu gt hardsigmoid hardswish
    hardtanh isinf isnan le leaky_relu lerp log log10 log1p log2 logical_and logical_not logical_or logical_xor lt
    masked_fill maximum minimum mish mul ne neg pow prelu reciprocal relu relu6 remainder round rsqrt rsub selu sigmoid
    sign silu sin sinh softplus softsign sqrt square sub tan tanh threshold trunc where
""")
REDUCTIONS = {"sum": "sum", "mean": "sum", "amax": "max", "amin": "min", "any": "max", "all": "min"}
REASONS = {
    MOVES_DATA: named("""
        _assert_scalar _assert_tensor_metadata _to_copy _unsafe_view alias arange broadcast_to cat channel_shuffle chunk
        clone constant_pad_nd contiguous copy detach dropout embedding empty expand feature_dropout flatten flip full
        full_like gather getitem index index_select lift_fresh_copy linspace movedim narrow new_empty new_full new_ones
        new_zeros ones ones_like pad permute pixel_shuffle repeat repeat_interleave reshape roll scalar_tensor scatter
        select slice split split_with_sizes squeeze stack swapaxes sym_constrain_range sym_size t tile to transpose tril
        triu type_as unbind unflatten unfold unsqueeze view zeros zeros_like
    """),
    SEVERAL_PASSES: named("""
        _log_softmax _native_batch_norm_legit _softmax argmax argmin cumsum group_norm instance_norm layer_norm
        linalg_vector_norm log_softmax logsumexp max min native_group_norm native_layer_norm norm rms_norm softmax sort
        std topk var var_mean
    """),
    "its steps depend on each other": named("gru lstm rnn_relu rnn_tanh"),
}
