"""Ladders of a digital-to-analog converter: what their reference supplies, as a quadratic form in the bits.

Leg i (0 is the least bit) is tied to the reference if its bit is 1, to ground if not; legs have the admittance 1, the
links between them 2, the end at the least bit another 1 to ground. With v = Z b the voltages of the nodes over the
reference, leg i carries b_i - v_i. So the reference supplies V^2 times

    sum over i, j of b_i (I - Z)_ij b_j

in units of a leg: times its conductance it is the power of an R-2R ladder (legs of 2R), times its capacitance the
energy that a discharged C-2C ladder takes for one code. Its mean needs only how pairs of bits go together.
"""

from __future__ import annotations

from functools import cache

from polymap.components.values import Values

LINK = 2.0


@cache
def supplied(bits: int) -> tuple[tuple[float, ...], ...]:
    """The matrix I - Z: column j is what the legs carry with bit j alone."""
    columns = [_voltages(bits, leg) for leg in range(bits)]
    return tuple(tuple(float(i == j) - columns[j][i] for j in range(bits)) for i in range(bits))


def _voltages(bits: int, leg: int) -> list[float]:
    """Node voltages with one bit set: a tridiagonal system, eliminated from the least bit on."""
    diagonal = [1 + LINK * ((node > 0) + (node < bits - 1)) + (node == 0) for node in range(bits)]
    right = [float(node == leg) for node in range(bits)]
    for node in range(1, bits):
        factor = LINK / diagonal[node - 1]
        diagonal[node] -= factor * LINK
        right[node] += factor * right[node - 1]
    voltages = [right[-1] / diagonal[-1]]
    for node in range(bits - 2, -1, -1):
        voltages.insert(0, (right[node] + LINK * voltages[0]) / diagonal[node])
    return voltages


def mean_supplied(bits: int, values: Values) -> float:
    """The form's mean over codes."""
    if not values.histogram:
        same, apart = _sums(bits)
        return values.density * same + values.density**2 * apart
    form = supplied(bits)
    return sum(form[i][j] * values.together(i, j, bits) for i in range(bits) for j in range(bits))


@cache
def _sums(bits: int) -> tuple[float, float]:
    """The form's entries on the diagonal, and off it, added up: all that independent bits need."""
    form = supplied(bits)
    same = sum(form[i][i] for i in range(bits))
    return same, sum(map(sum, form)) - same
