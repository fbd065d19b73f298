"""What a result document is about."""

from __future__ import annotations

from dataclasses import dataclass

from polymap.architecture import Architecture
from polymap.mapping import Mapping
from polymap.model import Conventions
from polymap.workload import Einsum


@dataclass(frozen=True)
class Subject:
    """An einsum, a machine, a mapping, and the conventions under which it was counted."""

    einsum: Einsum
    architecture: Architecture
    mapping: Mapping
    conventions: Conventions
