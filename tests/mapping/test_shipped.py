"""The mappings that ship with polymap are legal where they say they belong."""

from __future__ import annotations

import pytest

from polymap import spec
from polymap.architecture import architecture
from polymap.mapping import mapping
from polymap.mapping.legality import check
from polymap.workload import Einsum, workload


@pytest.mark.parametrize("name", spec.shipped("mappings"))
def test_a_shipped_mapping_is_legal(name: str) -> None:
    with spec.reading(name, "mappings", "mapping/1") as top:
        top.ignore_rest()
        work, arch = (
            workload(top.text("workload", required=True)),
            architecture(top.text("architecture", required=True)),
        )
    assert isinstance(work, Einsum)
    check(work, arch, mapping(name))
