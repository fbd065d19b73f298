"""Numbers as people read them: SI prefixes, thousands, percentages. What is not finite is shown as it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from polymap.quantity import engineering

ABSENT = "-"


def joules(energy_pj: float) -> str:
    """An energy in J with an SI prefix."""
    return engineering(energy_pj * 1e-12, "J")


def area(area_um2: float) -> str:
    """An area in mm2, or in um2 below a hundredth of that.

    >>> area(2.5e6), area(100.0)
    ('2.5 mm2', '100 um2')
    """
    return f"{area_um2 * 1e-6:.4g} mm2" if area_um2 >= 1e4 else f"{area_um2:.4g} um2"


def bits(amount: float) -> str:
    """A size in bytes with a binary prefix, or in bits where it is no whole byte.

    >>> bits(884736), bits(12), bits(8)
    ('108 KiB', '12 b', '1 B')
    """
    if amount % 8:
        return f"{amount:,} b"
    size, unit = amount / 8, "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.4g} {unit}"


def with_interval(value: float, sigma: float, shown: Callable[[float], str]) -> str:
    """A value, and if it may be off: from one standard deviation of its logarithm below to one above.

    >>> with_interval(2e6, 0.5, joules)
    '2 uJ (1.213 to 3.297 uJ)'
    """
    if not sigma:
        return shown(value)
    low, high = shown(value * math.exp(-sigma)), shown(value * math.exp(sigma))
    same = low.split()[1:] == high.split()[1:]
    return f"{shown(value)} ({low.split()[0] if same else low} to {high})"


def scientific(value: float | None, unit: str) -> str:
    """Four significant digits and a power of ten; products of units take no prefix.

    >>> scientific(6.1234e-9, "J*s")
    '6.123e-09 J*s'
    """
    return ABSENT if value is None else f"{value:.3e} {unit}"


def percent(share: float | None) -> str:
    """A share of one as a percentage; exactly zero is `0 %`, and a tiny share never rounds to it.

    >>> percent(0.875), percent(0.0), percent(3e-7), percent(None)
    ('87.5 %', '0 %', '3e-05 %', '-')
    """
    return ABSENT if share is None else f"{100 * share:.3g} %"


def share(part: float, whole: float) -> float | None:
    """`part / whole`, or None where that says nothing."""
    return part / whole if whole and math.isfinite(whole) else None


def count(number: int | float | Fraction) -> str:
    """Thousands apart, of a fraction three digits.

    >>> count(1605632), count(Fraction(1064960, 3))
    ('1,605,632', '354,986.667')
    """
    return f"{number if isinstance(number, int) else round(float(number), 3):,}"


def objective(name: str | None, value: float | None) -> str:
    """A value of an objective in the unit people read it in."""
    from polymap.mapper.objective import objective as goal  # not for those who only count: it brings the whole model

    if value is None or name is None:
        return ABSENT
    unit = goal(name).unit
    return engineering(value, unit) if unit in ("J", "s", "b") else scientific(value, unit)
