"""Equal layers: what is taken for equal has the same answer, found by itself, name for name."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

import polymap as pm
from polymap.explore.equal import answer_of, content, words
from polymap.workload.einsum import Affine, Einsum
from tests.explore.layers import buffered, matmul, random_layer

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def called(einsum: Einsum, ranks: dict[str, str], tensors: dict[str, str], name: str = "other") -> Einsum:
    """The einsum with other names, made by hand from the fields."""
    return replace(
        einsum,
        name=name,
        ranks=tuple((ranks[rank], size) for rank, size in einsum.ranks),
        tensors=tuple(
            replace(
                tensor,
                name=tensors[tensor.name],
                coordinates=tuple(
                    Affine(tuple((ranks[rank], c) for rank, c in affine.terms), affine.constant)
                    for affine in tensor.coordinates
                ),
            )
            for tensor in einsum.tensors
        ),
    )


def in_order(rng: random.Random, names: list[str]) -> dict[str, str]:
    """Other names that stand in the same order of the alphabet."""
    new = sorted({"".join(rng.choices(LETTERS, k=rng.randint(1, 4))) for _ in range(30)} - set(names))
    return dict(zip(sorted(names), sorted(rng.sample(new, len(names)))))


@pytest.mark.parametrize("seed", range(12))
def test_what_is_equal_but_for_names_has_the_same_answer_but_for_names(seed: int) -> None:
    rng = random.Random(seed)
    einsum, machine = random_layer(rng), buffered(rng.choice([8, 12, 24]))
    objective = rng.choice(["energy", "latency", "edp"])
    ranks = in_order(rng, [rank for rank, _ in einsum.ranks])
    tensors = in_order(rng, [tensor.name for tensor in einsum.tensors])
    other = called(einsum, ranks, tensors)
    spoken = words(machine, objective)
    assert content(einsum, spoken) == content(other, spoken)
    alone = pm.optimize(other, machine, objective=objective)
    assert alone.search is not None
    shared = answer_of(other, pm.optimize(einsum, machine, objective=objective), "shared")
    assert shared is not None
    assert replace(shared, search=None) == replace(alone, search=None)
    assert shared.search == replace(alone.search, cpu_s=0.0, note="shared")


SAME = ({"m": "m", "n": "n", "k": "k"}, {"A": "A", "B": "B", "C": "C"})


@pytest.mark.parametrize(
    "other",
    [
        matmul("x", 4, 6, 8, bits=16),
        matmul("x", 4, 8, 6),
        pm.einsum("C[m,n] += A[m,k] * B[n,k]", m=4, n=6, k=8),
        pm.einsum("C[m,n] += A[m,k] * B[k+1,n]", m=4, n=6, k=8),
        pm.einsum("C[m,n] += A[m,2*k] * B[k,n]", m=4, n=6, k=8),
        pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=6, k=8, roles={"input": "B", "weight": "A"}),
        pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=6, k=8, domain="{ [m,n] : n <= m }"),
        called(matmul("x", 4, 6, 8), {"m": "a", "n": "c", "k": "b"}, SAME[1]),
        called(matmul("x", 4, 6, 8), SAME[0], {"A": "B", "B": "A", "C": "C"}),
    ],
    ids=["bits", "sizes", "access", "constant", "stride", "roles", "domain", "alphabet of ranks", "of tensors"],
)
def test_whatever_a_search_sees_tells_layers_apart(other: Einsum) -> None:
    assert content(matmul("x", 4, 6, 8), frozenset()) != content(other, frozenset())


def test_name_source_and_text_do_not_count() -> None:
    einsum = matmul("x", 4, 6, 8)
    other = replace(einsum, name="y", source="a paper", text="written otherwise")
    assert content(einsum, frozenset()) == content(other, frozenset())


def test_a_name_that_the_machine_speaks_of_is_not_just_a_name() -> None:
    machine = buffered(12, keeps=["A", "output"])
    einsum = matmul("first", 4, 6, 8)
    other = called(einsum, SAME[0], {"A": "B1", "B": "B2", "C": "C"})
    assert content(einsum, words(buffered(12))) == content(other, words(buffered(12)))
    assert content(einsum, words(machine)) != content(other, words(machine))


def test_names_in_a_domain_are_kept() -> None:
    causal, turned = "{ [m,n] : n <= m }", "{ [p,q] : q <= p }"
    first = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=8, domain=causal)
    other = pm.einsum("C[p,q] += A[p,k] * B[k,q]", p=4, q=4, k=8, domain=turned)
    assert content(first, frozenset()) != content(other, frozenset())


def test_an_answer_that_is_priced_otherwise_is_not_taken_over() -> None:
    machine = buffered(12)
    found = pm.optimize(matmul("first", 4, 6, 8), machine)
    assert answer_of(matmul("other", 4, 6, 8), found, "shared") is not None
    assert answer_of(matmul("other", 4, 12, 8), found, "shared") is None
    dearer = replace(found, cost=replace(found.cost, compute_energy=found.cost.compute_energy + 1))
    assert answer_of(matmul("other", 4, 6, 8), dearer, "shared") is None
