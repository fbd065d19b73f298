"""`polymap.einsum`: sizes, bits and roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from polymap.errors import SpecError
from polymap.workload import Einsum, einsum

GEMM = "C[m,n] += A[m,k] * B[k,n]"


def gemm(**said: object) -> Einsum:
    return einsum(GEMM, **{"m": 4, "n": 5, "k": 6, **said})  # type: ignore[arg-type]


def complaint(make: Callable[[], Einsum]) -> str:
    with pytest.raises(SpecError) as caught:
        make()
    return str(caught.value)


def test_ranks_stand_in_order_of_first_appearance() -> None:
    assert gemm().ranks == (("m", 4), ("n", 5), ("k", 6))


def test_inputs_come_first_and_the_output_last() -> None:
    assert [(t.name, t.role, t.bits, t.is_output) for t in gemm().tensors] == [
        ("A", "input", 16, False),
        ("B", "weight", 16, False),
        ("C", "output", 16, True),
    ]


def test_further_inputs_are_numbered() -> None:
    many = einsum("A[i,r] += B[i,j,k] * C[j,r] * D[k,r]", i=2, r=2, j=2, k=2)
    assert [tensor.role for tensor in many.tensors] == ["input", "weight", "input3", "output"]


def test_given_roles_win_and_the_others_take_what_is_free() -> None:
    assert [tensor.role for tensor in gemm(roles={"weight": "A"}).tensors] == ["weight", "input", "output"]
    assert [tensor.role for tensor in gemm(roles={"query": "A"}).tensors] == ["query", "input", "output"]


def test_bits_are_one_number_or_listed_by_tensor() -> None:
    assert [tensor.bits for tensor in gemm(bits=8).tensors] == [8, 8, 8]
    assert [tensor.bits for tensor in gemm(bits={"A": 8, "C": 32}).tensors] == [8, 16, 32]


def test_ranks_called_like_parameters_go_into_ranks() -> None:
    odd = einsum("O[name] += A[name,bits]", ranks={"name": 2, "bits": 3})
    assert odd.sizes == {"name": 2, "bits": 3}


def test_constants_are_resolved_in_the_text() -> None:
    conv = einsum("O[p] += I[s*p+r-pad] * W[r]", p=4, r=3, constants={"s": 2, "pad": 1})
    assert conv.text == "O[p] += I[2*p+r-1] * W[r]"
    assert conv == einsum(conv.text, p=4, r=3)


def test_einsums_are_hashable_values() -> None:
    assert {gemm(), gemm()} == {gemm()}
    assert gemm().computes == 120


def test_a_rank_needs_a_size_and_a_size_needs_a_rank() -> None:
    assert complaint(lambda: einsum(GEMM, m=4, n=5, j=3)) == (
        "ranks: rank k has no size\n"
        "    mend: add its size, e.g. k: 64\n"
        "ranks.j: rank j has a size but does not occur in C[m,n] += A[m,k] * B[k,n]\n"
        "    mend: leave it out"
    )


@pytest.mark.parametrize("size", [0, -3, 2**31, 10**12])
def test_a_size_is_at_least_1_and_less_than_2_to_the_31(size: int) -> None:
    assert complaint(lambda: gemm(m=size)) == (
        f"ranks.m: rank m has size {size}\n    mend: it must be at least 1 and less than 2^31 = 2147483648"
    )


def test_the_largest_size_is_read() -> None:
    assert gemm(m=2**31 - 1).sizes["m"] == 2**31 - 1


def test_an_einsum_has_at_most_2_to_the_62_points() -> None:
    assert gemm(m=2**30, n=2**30, k=4).computes == 2**62
    assert complaint(lambda: gemm(m=2**30, n=2**30, k=5)) == (
        "ranks: the ranks span 1073741824 x 1073741824 x 5 = 5764607523034234880 points\n"
        "    mend: an einsum has at most 2^62 points; split it or shrink a rank"
    )


@pytest.mark.parametrize("size", [True, "4", 2.5, None])
def test_a_size_is_an_integer(size: object) -> None:
    assert complaint(lambda: gemm(m=size)) == f"ranks.m: expected an integer but got {size!r}"


def test_names_and_roles_are_text() -> None:
    assert complaint(lambda: gemm(name=3, roles={"input": 3})) == (
        "name: expected text but got 3\nroles.input: expected text but got 3"
    )
    assert complaint(lambda: gemm(name=" ")) == "name: the name of the einsum is empty"


def test_all_mistakes_are_reported_at_once() -> None:
    text = complaint(lambda: gemm(bits={"A": 0, "Z": 8}, roles={"input": "Z", "output": "B"}, constants={"s": 1}, m=0))
    assert [line for line in text.split("\n") if "mend" not in line] == [
        "ranks.m: rank m has size 0",
        "constants.s: constant s is not used",
        "bits.A: an element of A has 0 bits",
        "bits.Z: Z is no tensor of the einsum",
        "roles.input: Z is no tensor of the einsum",
        "roles.output: tensor B is an input but has role output",
    ]


def test_a_name_is_a_rank_or_a_constant() -> None:
    assert complaint(lambda: gemm(constants={"k": 2})).startswith("ranks.k: k is both a rank and a constant\n")


def test_a_tensor_has_one_role() -> None:
    assert complaint(lambda: gemm(roles={"a": "A", "b": "A"})).startswith("roles.b: tensor A has two roles, a and b\n")


def test_a_word_means_one_tensor_be_it_a_name_or_a_role() -> None:
    text = complaint(lambda: einsum("weight[i] += A[i] * B[i]", i=2))
    assert text.startswith("roles: weight is the role of tensor B and the name of another\n")
    assert einsum("output[i] += input[i] * weight[i]", i=2).output.role == "output"


@pytest.mark.parametrize(
    ("text", "said", "message"),
    [
        ("O[p] += I[p]", {"p": 2**63}, "ranks.p: rank p has size 9223372036854775808"),
        ("O[p] += I[p]", {"p": 10**5000}, "ranks.p: the number has 16610 bits"),
        ("O[p] += I[p]", {"p": 2, "bits": -(10**5000)}, "bits: the number has 16610 bits"),
        ("O[p] += I[s*p]", {"p": 2, "constants": {"s": 10**5000}}, "constants.s: the number has 16610 bits"),
        ("O[p] += I[p]", {"p": 2, "shapes": {"I": [2**300]}}, "shapes.I[0]: the number has 301 bits"),
        (
            "O[p] += I[s*p]",
            {"p": 2, "constants": {"s": 2**70}},
            "einsum:1:11: a coefficient or constant of index s*p is 2^31",
        ),
        ("O[p] += I[9999999999*p]", {"p": 2}, "einsum:1:11: a coefficient or constant of index 9999999999*p is 2^31"),
        ("O[p] += I[99999999999*p]", {"p": 2}, "einsum:1:11: the number is too large"),
        (
            f"O[p] += I[{'2000000000*' * 800}p]",
            {"p": 2},
            "einsum:1:11: a coefficient or constant of index 2000000000*20",
        ),
        (
            "O[p] += " + "I[p]*" * 10**6 + "W[p]",
            {"p": 2},
            "text: `O[p] += I[p]*I[p]*I[p]*I[p]*I[p]*I[p]*I[p]*I[p]*I[p]*I[p]...",
        ),
        (
            "O[p] += I[p]",
            {"p": 2, "domain": "{ [p] : p < 1 }" + " " * 10**6},
            "domain: `{ [p] : p < 1 }` has 1000015 characters",
        ),
        (
            "O[p,q] += I[2147483647*p,2147483647*q]",
            {"p": 2**16, "q": 2**16},
            "einsum: I[2147483647*p,2147483647*q] spans 19",
        ),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, str) else "",
)
def test_numbers_and_texts_beyond_measure_are_refused(text: str, said: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        einsum(text, **said)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("index", ["p/2", "p%2", "floor(p/2)", "p mod 2", "p*r", "p*p", "2^p", "[p]", "p or r"])
def test_an_index_that_is_not_affine_is_refused_with_its_place(index: str) -> None:
    with pytest.raises(SpecError) as caught:
        einsum(f"O[p] += I[{index}] * W[r]", p=4, r=4)
    assert str(caught.value).startswith("einsum:1:1")
    assert "    mend: " in str(caught.value)
    assert f"\n    O[p] += I[{index}] * W[r]\n" in str(caught.value)


def test_a_great_many_large_ranks_are_refused_without_being_written_out() -> None:
    many = {f"r{k}": 2**31 - 1 for k in range(600)}
    with pytest.raises(SpecError) as caught:
        einsum(f"O[r0] += A[{','.join(many)}]", ranks=many)
    first, second = (mistake.message for mistake in caught.value.mistakes)
    assert first.endswith(" = more than 2^18599 points")
    assert second.endswith(" spans more than 2^18599 elements from its first to its last")
