"""Random mappings whose code is run: those of the exact model's tests, and more of what code must get right."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from polymap.errors import PolymapError
from polymap.report.code import code
from tests.oracles.exact_walk import everywhere
from tests.properties.exact_engines import law
from tests.properties.strategies import Coordinates, plain, window
from tests.properties.strategies import problems as perfect_problems
from tests.properties.strategies_exact import (
    DIFFERENCES,
    attended,
    boxes,
    coupled_accesses,
    einsums,
    headed_scores,
    problems,
    scores,
    triangles,
)
from tests.report.code.running import Case


def transposed(stride: int, dilation: int) -> Coordinates:
    """A transposed convolution: tiles of the output overlap."""
    return {"O": (window("p", "r", stride, dilation),), "I": plain("p", "c"), "W": plain("r", "c")}


def transposed_with_channels(stride: int, dilation: int) -> Coordinates:
    return {"O": (*plain("k"), window("p", "r", stride, 1)), "I": plain("p"), "W": plain("k", "r")}


def depthwise_2d(stride: int, dilation: int) -> Coordinates:
    image = (*plain("c"), window("p", "r", stride, dilation), window("q", "s", 1, dilation))
    return {"O": plain("c", "p", "q"), "I": image, "W": plain("c", "r", "s")}


def rows(stride: int, dilation: int) -> Coordinates:
    """Rows of a filter and of an image: instances along a diagonal hold the same row."""
    return {"O": plain("p", "k"), "I": (window("p", "r", 1, 1),), "W": plain("r", "k")}


def batched(stride: int, dilation: int) -> Coordinates:
    return {"O": plain("b", "m", "n"), "A": plain("b", "m", "k"), "B": plain("k", "n")}


def inner_product(stride: int, dilation: int) -> Coordinates:
    return {"O": (), "A": plain("k"), "B": plain("k")}


bands = problems(
    einsums((scores, attended, headed_scores), square=("i", "j")),
    triangles(DIFFERENCES),
    most_memories=3,
    most_arrays=1,
)
FAMILIES: dict[str, tuple[st.SearchStrategy[Any], int]] = {
    "boxes with short last tiles": (boxes, 200),
    "accesses in which a rank occurs twice": (coupled_accesses, 60),
    "perfect factors on any machine": (perfect_problems(), 100),
    "transposed convolutions": (problems(einsums((transposed, transposed_with_channels)), most_memories=3), 80),
    "rows along diagonals": (problems(einsums((rows,)), most_memories=3), 60),
    "triangles and bands": (bands, 120),
    "depthwise, batched, and to a single sum": (problems(einsums((depthwise_2d, batched, inner_product))), 80),
}


@cache
def cases(family: str) -> tuple[Case, ...]:
    """The random problems of a family, eight times as many with POLYMAP_FUZZ=long."""
    found: list[Case] = []
    strategy, examples = FAMILIES[family]

    @law(examples)
    @given(problem=strategy)
    def collect(problem: Any) -> None:
        work, domain = getattr(problem, "posed", problem.einsum), getattr(problem, "domain", everywhere)
        found.append(Case(work, problem.architecture, problem.mapping, domain))

    collect()
    return tuple(found)


def is_generated(case: Case) -> bool:
    """Whether there is counting code for a case: what is refused is told in `test_refusals`."""
    try:
        code(case.einsum, case.architecture, case.mapping, "c", counted=True)
    except PolymapError:
        return False
    return True
