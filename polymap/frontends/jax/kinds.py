"""Primitives of JAX by what they do, where that is all there is to know of them."""

from __future__ import annotations

from polymap.frontends.understood import BY_THE_DATA, MOVES_DATA, SEVERAL_PASSES, named

POINTWISE = named("""
    abs acos acosh add add_any and asin asinh atan atan2 atanh cbrt ceil clamp cos cosh div eq erf erf_inv erfc exp exp2
    expm1 floor ge gt integer_pow is_finite le log log1p logistic lt max min mul ne neg nextafter not or pow rem round
    rsqrt select_n shift_left shift_right_arithmetic shift_right_logical sign sin sinh sqrt square sub tan tanh xor
""")
REDUCTIONS = {"reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min"}
WINDOWS = {"reduce_window_sum": "sum", "reduce_window_max": "max", "reduce_window_min": "min"}
# What these call is looked into.
CALLS = named("""
    checkpoint closed_call core_call custom_jvp_call custom_lin custom_vjp_call custom_vjp_call_jaxpr jit pjit remat
    remat2
""")
REASONS = {
    MOVES_DATA: named("""
        broadcast_in_dim concatenate convert_element_type copy copy_p dynamic_slice dynamic_update_slice expand_dims
        gather iota pad reshape rev scatter slice split squeeze stop_gradient transpose
    """),
    SEVERAL_PASSES: named("""
        argmax argmin cumlogsumexp cummax cummin cumprod cumsum sort top_k
    """),
    BY_THE_DATA: named("cond while"),
}
