"""Whether a mapping is replayed, the rules it must keep then, and what it costs."""

from __future__ import annotations

from polymap.architecture.hierarchy import Architecture
from polymap.mapping import legality
from polymap.mapping.nest import Mapping
from polymap.model.conventions import Conventions
from polymap.model.cost import Cost
from polymap.model.replay.chain import chain
from polymap.model.replay.price import replayed
from polymap.model.replay.rules import RULES, check_length, check_own, is_replayed
from polymap.workload.einsum import Einsum


def replay(
    einsum: Einsum, architecture: Architecture, mapping: Mapping, rules: Conventions, check: bool = True
) -> Cost | None:
    """The cost as timeloop 4cf6d4c counts it; None where closed forms count the same, or that tool has no such nest.

    Raises `IllegalMapping` for a mapping that it rejects, and `PolymapError` for a nest too long to walk and for
    conventions that this walk does not follow.
    """
    if not is_replayed(einsum, architecture, mapping, rules):
        return None
    check_own(rules)
    if check:
        legality.check(einsum, architecture, mapping, RULES)
    nest = chain(einsum, architecture, mapping)
    if nest is None:
        return None
    check_length(nest, rules)
    return replayed(einsum, architecture, nest, rules)
