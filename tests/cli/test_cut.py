"""What is quoted in messages is cut to the part that matters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from polymap.cli.cut import AROUND, LONGEST, cut


@given(st.text(max_size=LONGEST))
def test_short_text_is_left_alone(text: str) -> None:
    if not any(line.strip() == "^" for line in text.split("\n")):
        assert cut(text) == text


@given(st.integers(0, 900), st.integers(0, 900))
def test_a_caret_still_stands_under_what_it_pointed_to(before: int, after: int) -> None:
    message, line, caret = cut(f"wrong\n    {'(' * before}!{')' * after}\n    {' ' * before}^").split("\n")
    assert message == "wrong"
    assert line[caret.index("^")] == "!"
    assert len(line) <= 2 * AROUND + 12


@given(st.integers(LONGEST + 1, 5000))
def test_a_long_line_keeps_both_ends(length: int) -> None:
    text = cut("begin" + "x" * length + "end")
    assert len(text) == LONGEST
    assert text.startswith("begin")
    assert text.endswith("end")
