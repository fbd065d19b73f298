"""Einsums from loops and affine maps, as matrices or text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polymap as pm
from polymap.workload import Affine

LOOPS = {"n": 2, "k": 3, "p": 4, "r": 3}


def test_rows_and_text_say_the_same() -> None:
    rows = pm.loop_nest(LOOPS, writes={"O": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]},
                        reads={"I": [[1, 0, 0, 0], [0, 0, 2, 1, -1]], "W": [[0, 1, 0, 0], [0, 0, 0, 1]]})  # fmt: skip
    text = pm.loop_nest(LOOPS, writes={"O": "(a, b, c, d) -> (a, b, c)"},
                        reads={"I": "(a, b, c, d) -> (a, 2 * c + d - 1)",
                               "W": "affine_map<(d0, d1, d2, d3) -> (d1, d3)>"})  # fmt: skip
    assert rows == text == pm.einsum("O[n,k,p] += I[n,2*p+r-1] * W[k,r]", name="nest", **LOOPS)


def test_dimensions_may_be_called_like_other_loops() -> None:
    swapped = pm.loop_nest({"i": 2, "j": 3}, writes={"C": "(j, i) -> (j)"}, reads={"A": "(j, i) -> (i, j)"})
    assert swapped.text == "C[i] += A[j,i]"


def test_a_row_of_zeros_is_a_constant() -> None:
    nest = pm.loop_nest({"i": 2}, writes={"C": [[1]]}, reads={"A": [[0], [0, 3], [1, 0]]})
    assert nest.tensor("A").coordinates == (Affine((), 0), Affine((), 3), Affine((("i", 1),)))


@given(st.lists(st.lists(st.integers(-3, 3), min_size=3, max_size=3), min_size=1, max_size=3), st.data())
def test_a_map_of_rows_takes_every_point_where_its_matrix_does(rows: list[list[int]], data: st.DataObject) -> None:
    sizes = {"i": 3, "j": 4}
    nest = pm.loop_nest(sizes, writes={"C": [[1, 0], [0, 1]]}, reads={"A": rows})
    point = {loop: data.draw(st.integers(0, size - 1)) for loop, size in sizes.items()}
    expected = [a * point["i"] + b * point["j"] + c for a, b, c in rows]
    assert [coordinate.at(point) for coordinate in nest.tensor("A").coordinates] == expected


@pytest.mark.parametrize(
    ("writes", "reads", "message"),
    [
        ({}, {"A": [[1]]}, "writes: the nest writes 0 tensors"),
        ({"C": [[1]], "D": [[1]]}, {"A": [[1]]}, "writes: the nest writes 2 tensors"),
        ({"C": [[1]]}, {}, "reads: the nest reads nothing"),
        ({"C": [[1, 0, 0]]}, {"A": [[1]]}, "writes.C: a row has 3 numbers, and the nest 1 loops"),
        ({"C": [[1]]}, {"A": [["x"]]}, "reads.A: the row `['x']` does not hold integers alone"),
        ({"C": [[1]]}, {"A": [[True]]}, "does not hold integers alone"),
        ({"C": [[1]]}, {"A": "[i]"}, "reads.A: `[i]` is not an affine map"),
        ({"C": [[1]]}, {"A": "(i, j) -> (i)"}, "has 2 dimensions, and the nest 1 loops"),
        ({"C": [[1]]}, {"A": "(i) -> (q)"}, "`q` is no dimension"),
        ({"C": [[1]]}, {"A": "(i) -> (i * i)"}, "affine"),
        ({"C": [[1]]}, {"2": [[1]]}, "`2` is not a name"),
    ],
)
def test_mistakes_name_the_map(writes: dict[str, object], reads: dict[str, object], message: str) -> None:
    with pytest.raises(pm.SpecError) as raised:
        pm.loop_nest({"i": 4}, writes=writes, reads=reads)  # type: ignore[arg-type]
    assert message in str(raised.value)
