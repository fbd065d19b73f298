"""How many cycles ports that are busy for so long take at least."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from polymap.mapper.lattice import Values
from polymap.mapper.objective import TOLERANCE
from polymap.model.conventions import Conventions

FLOAT = 1e-12  # relative; what sums in floating point may be off by

Busy = TypeVar("Busy", float, Values)


def cycles_at_least(busy: Busy, rules: Conventions) -> Busy:
    """Cycles, whole where conventions say so; what a sum in floating point may be too high by is forgiven.

    >>> from polymap.model.conventions import ACCELFORGE, POLYMAP
    >>> float(cycles_at_least(2.5, POLYMAP)), float(cycles_at_least(3 + 1e-9, POLYMAP))
    (3.0, 3.0)
    >>> round(cycles_at_least(2.5, ACCELFORGE), 6)
    2.5
    """
    return np.ceil(busy * (1 - TOLERANCE) - 1e-6) if rules.whole_cycles else busy * (1 - FLOAT)
