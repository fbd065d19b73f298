"""Integer sets for whoever prices mappings, loaded when something is to be counted that needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polymap.model.conventions import Conventions
    from polymap.model.counting import General
    from polymap.model.nest import Nest
    from polymap.workload.einsum import Einsum


def integer_sets(einsum: Einsum, conventions: Conventions, walked: Nest) -> General:
    """The engine that counts what the model's own engines cannot."""
    from polymap.polyhedral import integer_sets as engine

    return engine(einsum, conventions, walked)
