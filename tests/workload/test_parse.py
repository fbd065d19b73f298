"""Einsum text: what it means, and what is said about text that means nothing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap.errors import Place, SpecError
from polymap.workload.einsum import Affine
from polymap.workload.parse import parse
from polymap.workload.statement import affine_text


def index(text: str, **constants: int) -> Affine:
    return parse(f"O[] += A[{text}]", constants).inputs[0].coordinates[0]


def complaint(text: str, **constants: int) -> str:
    with pytest.raises(SpecError) as caught:
        parse(text, constants)
    return str(caught.value)


def test_a_convolution_is_read_in_textual_order() -> None:
    conv = parse("O[n,k,p,q] += I[n,c,2*p+r,2*q+s] * W[k,c,r,s]")
    assert conv.ranks == ("n", "k", "p", "q", "c", "r", "s")
    assert conv.tensors == ("I", "W", "O")
    assert conv.inputs[0].coordinates[2] == Affine((("p", 2), ("r", 1)))
    assert str(conv) == "O[n,k,p,q] += I[n,c,2*p+r,2*q+s] * W[k,c,r,s]"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2*p", "2*p"),
        ("p*2", "2*p"),
        ("-p", "-p"),
        ("p--r", "p+r"),
        ("+p - 3*r + 4", "p-3*r+4"),
        ("2*(p+r-1)", "2*p+2*r-2"),
        ("2*3*p - p", "5*p"),
        ("p + r - p", "r"),
        ("7", "7"),
        ("0", "0"),
        ("1 - p", "-p+1"),
    ],
)
def test_an_affine_index_has_one_canonical_spelling(text: str, canonical: str) -> None:
    assert affine_text(parse(f"O[p,r] += A[{text}]").inputs[0].coordinates[0]) == canonical


def test_named_constants_stand_for_integers() -> None:
    assert index("stride*p+r-pad", stride=2, pad=3) == Affine((("p", 2), ("r", 1)), -3)


def test_a_constant_that_is_zero_takes_its_term_away() -> None:
    assert index("p + dilation*3", dilation=0) == Affine((("p", 1),))


def test_scalars_have_no_coordinates() -> None:
    assert str(parse(" O [ ] += A[i]*B[ ] ")) == "O[] += A[i] * B[]"


def test_white_space_means_nothing() -> None:
    assert parse("O[i]+=A[i,j]*B[j]") == parse("O[i]+=A[i,j]*B[j]")
    assert str(parse("O[ i ]\n +=\tA[i , j]* B[ j ]")) == str(parse("O[i]+=A[i,j]*B[j]"))


terms = st.dictionaries(st.sampled_from("pqrs"), st.integers(-9, 9).filter(bool), max_size=4)
affines = st.builds(lambda found, constant: Affine(tuple(found.items()), constant), terms, st.integers(-99, 99))


@given(st.lists(st.lists(affines, max_size=3), min_size=2, max_size=5))
def test_the_canonical_text_parses_to_the_same_accesses(tensors: list[list[Affine]]) -> None:
    output, *inputs = (f"T{i}[{','.join(map(affine_text, found))}]" for i, found in enumerate(tensors))
    parsed = parse(f"{output} += {' * '.join(inputs)}")
    assert [list(access.coordinates) for access in (parsed.output, *parsed.inputs)] == tensors
    assert str(parse(str(parsed))) == str(parsed)
    assert parse(str(parsed)).ranks == parsed.ranks


@given(st.text(alphabet="OAi[]+=*,-(2 )\n$\u00b2\u0665", max_size=30))
def test_any_text_is_read_or_refused_with_a_spec_error(text: str) -> None:
    with suppress(SpecError):
        parse(text)


def test_a_product_of_ranks_is_not_affine() -> None:
    assert complaint("O[p] += A[p*q] * B[q]") == (
        "einsum:1:11: index p*q is not affine: it multiplies ranks\n"
        "    O[p] += A[p*q] * B[q]\n"
        "              ^\n"
        "    mend: multiply ranks by constants only"
    )


def test_every_product_of_ranks_is_reported() -> None:
    text = complaint("O[p] += A[p*q, 2*r*r] * B[(p+1)*(q+1)]")
    assert [line.split(": ")[1] for line in text.split("\n") if line.startswith("einsum")] == [
        "index p*q is not affine",
        "index 2*r*r is not affine",
        "index (p+1)*(q+1) is not affine",
    ]


def test_a_tensor_named_twice_must_be_renamed() -> None:
    assert complaint("O[i] += A[i]*A[j]") == (
        "einsum:1:14: tensor A is named twice\n"
        "    O[i] += A[i]*A[j]\n"
        "                 ^\n"
        "    mend: give the second use another name"
    )


def test_the_output_is_no_input() -> None:
    text = complaint("O[i] += O[i]*A[i]")
    assert text.startswith("einsum:1:9: tensor O is both output and input\n")
    assert text.endswith("mend: give the second use another name")


def test_plain_assignment_is_refused_with_the_mending() -> None:
    assert complaint("O[i] = A[i]") == (
        "einsum:1:6: '=' would assign; an einsum accumulates\n"
        "    O[i] = A[i]\n"
        "         ^\n"
        "    mend: write '+=' instead of '='"
    )


def test_a_name_is_a_tensor_or_a_rank_or_a_constant() -> None:
    assert complaint("O[i] += i[i]").startswith("einsum:1:9: i names both a tensor and a rank\n")
    assert "s names both a tensor and a constant" in complaint("O[i] += A[s*i] * s[i]", s=2)


def test_a_rank_whose_coefficients_cancel_is_refused() -> None:
    assert complaint("O[i] += A[i+j-j]").startswith("einsum:1:13: rank j vanishes: its coefficients add up to 0\n")
    assert "rank j vanishes" in complaint("O[i] += A[i+0*j]")
    assert "rank j vanishes" in complaint("O[i] += A[i+s*j]", s=0)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("O[p+] += I[p]", "write one after '+', or leave that out"),
        ("O[p] += I[p,]", "write one after ',', or leave that out"),
        ("O[p] += I[,p]", "write one here"),
        ("O[p] += I[p+2*(]", "write one here"),
    ],
)
def test_where_a_rank_is_missing_there_is_a_way_out(text: str, mend: str) -> None:
    assert f"mend: {mend}" in complaint(text)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("", "einsum:1:1: expected a tensor name but found the end"),
        ("O", "einsum:1:2: expected '[' but found the end"),
        ("O[i]", "einsum:1:5: expected '+=' but found the end"),
        ("O[i] +=", "einsum:1:8: expected a tensor name but found the end"),
        ("O[i] += A[i", "einsum:1:12: expected ',' or ']' but found the end"),
        ("O[i] += A[2i]", "einsum:1:12: expected ',' or ']' but found 'i'"),
        ("O[i] += A[i/2]", "einsum:1:12: expected ',' or ']' but found '/'"),
        ("O[i] += A[i,]", "einsum:1:13: expected a rank or a number but found ']'"),
        ("O[i] += A[i] + B[i]", "einsum:1:14: expected '*' and another input, or the end, but found '+'"),
        ("O[i] += A[99999999999]", "einsum:1:11: the number is too large"),
        ("O[i] += A[2147483648*i]", "einsum:1:11: a coefficient or constant of index 2147483648*i is 2^31 or more"),
        ("O[i] +=\n  A[i?]", "einsum:2:6: expected ',' or ']' but found '?'"),
        ("O[i] += A[" + 60 * "(" + "i", "einsum:1:61: more than 50 parentheses inside each other"),
    ],
)
def test_a_mistake_of_form_names_its_line_and_column(text: str, start: str) -> None:
    assert complaint(text).startswith(start + "\n")


def test_the_caret_stands_under_the_mistake_in_its_line() -> None:
    assert complaint("O[i] +=\n  A[i?]").split("\n")[1:3] == ["      A[i?]", "         ^"]


def test_in_a_file_the_place_is_that_of_the_whole_text() -> None:
    with pytest.raises(SpecError) as caught:
        parse("O[i] = A[i]", place=Place("w.yaml", 3, 9, "einsum"))
    assert str(caught.value).startswith("w.yaml:3:9 (einsum): '=' would assign")
