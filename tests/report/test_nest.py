"""The drawn nest is a mapping file; colours are for terminals that want them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings

import polymap as pm
from polymap.report import text
from polymap.report.nest import drawn
from polymap.report.paint import Paint, wanted
from tests.properties.strategies import Query, queries


@settings(max_examples=30, deadline=None)
@given(queries())
def test_a_drawn_nest_reads_back_as_the_mapping(query: Query) -> None:
    try:
        best = pm.optimize(query.einsum, query.architecture)
    except pm.Infeasible:
        return
    assert pm.mapping("\n".join(drawn(best, Paint())) + "\n") == best.mapping


def test_bars_show_how_full_a_memory_is() -> None:
    best = pm.optimize("gemm_64", "teaching")
    (line,) = [line for line in drawn(best, Paint()) if "of 8 KiB" in line]
    row = next(row for row in best.cost.components if row.level == "buffer")
    assert row.capacity_bits
    assert line.count("=") == round(10 * row.occupied_bits / row.capacity_bits)


def test_colours_change_nothing_but_colours() -> None:
    best = pm.optimize("gemm_64", "teaching")
    plain, painted = text(best), text(best, colours=True)
    assert painted != plain
    for code in ("0", "1", "2", "32", "33", "36"):
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted == plain


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (None, {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(stream: Any, environment: dict[str, str], expected: bool) -> None:
    assert wanted(stream, environment) is expected
