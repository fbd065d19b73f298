"""What the attempt to refute covers: nothing that has no part in a count keeps it from being made."""

from __future__ import annotations

from polymap.architecture import architecture
from polymap.model.conventions import POLYMAP
from polymap.refute.scope import uncovered
from polymap.workload.arguments import einsum

MACHINE: dict[str, object] = {
    "name": "tiny",
    "technology": {"node": "45 nm"},
    "clock": "1 GHz",
    "hierarchy": [
        {"memory": "DRAM", "width": "64 b", "energy": {"read": "9 pJ", "write": "9 pJ"}},
        {"memory": "GLB", "width": "64 b", "capacity": "8 KiB", "component": "sram"},
        {"compute": "MAC", "energy": "1 pJ"},
    ],
}


def test_energies_of_models_are_covered_like_those_of_files() -> None:
    machine = architecture(MACHINE)
    assert machine.memories[1].estimates
    assert not list(uncovered(einsum("C[m,n] += A[m,k] * B[k,n]", m=2, n=2, k=2), machine, POLYMAP))


def test_what_the_walk_does_not_count_is_named() -> None:
    hierarchy = [dict(level) for level in MACHINE["hierarchy"]]  # type: ignore[attr-defined]
    hierarchy[1]["address"] = "1 pJ"
    machine = architecture({**MACHINE, "hierarchy": hierarchy})
    found = list(uncovered(einsum("C[m,n] += A[m,k] * B[k,n]", m=2, n=2, k=2), machine, POLYMAP))
    assert found == ["what is special about GLB"]
