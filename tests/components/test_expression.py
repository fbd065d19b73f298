"""Arithmetic in compound files: what it is worth, and that it can do nothing but arithmetic."""

from __future__ import annotations

import time
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap.components.amount import Amount, number, quantity
from polymap.components.expression import evaluate
from polymap.components.syntax import DEEPEST
from polymap.quantity import Misread

KNOWN = {
    "capacity": quantity(Fraction(8), "KiB"),
    "width": quantity(Fraction(64), "b"),
    "banks": number(3),
    "kind": "lp",
}


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 - 2 - 1", "4"),
        ("2 ** 3 ** 2", "512"),
        ("-2 ** 2", "-4"),
        ("2 ** -1", "0.5"),
        ("7 // 2 + 7 % 2", "4"),
        ("1 / 8", "0.125"),
        ("1e3 + .5", "1000.5"),
        ("capacity / width", "1024"),
        ("ceil(log2(capacity / width / banks))", "9"),
        ("2 * width", "128 b"),
        ("width + 1 B", "72 b"),
        ("max(width, 16 b, 8 B)", "64 b"),
        ("min(banks, 2)", "2"),
        ("sqrt(16) + pow(2, 3) + abs(-1)", "13"),
        ("floor(7 / 2) + round(2.5)", "5"),
        ("1 / 2 ns", "500000000 Hz"),
        ("3 pJ * 1 GHz", "0.003 W"),
        ("45 nm * 2 um", "0.09 um2"),
        ("1 if banks > 2 else 2", "1"),
        ("1 if width == 8 B else 1 / 0", "1"),
        ("(1 if banks <= 2 else 2 if banks != 3 else 3) + 1", "4"),
        ("max(1, ceil(log2(banks))) if banks >= 1 else 1", "2"),
    ],
)
def test_an_expression_is_worth_what_arithmetic_says(text: str, worth: str) -> None:
    assert str(evaluate(text, KNOWN)) == worth


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 +", "the end is not expected at character 4"),
        ("", "the end is not expected at character 1"),
        ("(1", "the end is not expected at character 3"),
        ("1 2", "`2` is not expected at character 3"),
        ("widht * 2", "no attribute is called `widht`, at character 1; did you mean `width`?"),
        ("2 * kind", "`kind` is no number, at character 5"),
        ("width + 1", "an amount in b and a plain number cannot be added, at character 7"),
        ("width + 1 pJ", "an amount in b and an amount in pJ cannot be added"),
        ("log2(width)", "`log2` cannot be an amount in b"),
        ("ceil(1 pJ)", "`ceil` cannot be an amount in pJ"),
        ("2 ** width", "an exponent cannot be an amount in b"),
        ("1 / (banks - 3)", "a division by zero, at character 3"),
        ("1 // 0", "a division by zero"),
        ("0 ** -1", "a division by zero"),
        ("(0 - 8) ** 0.5", "a power of a negative number"),
        ("sqrt(0 - 1)", "a square root of a negative number"),
        ("log2(0)", "a logarithm of what is not more than 0"),
        ("cieling(2)", "no function is called `cieling`, at character 1"),
        ("ciel(2)", "did you mean `ceil`?"),
        ("pow(2)", "`pow` takes 2, not 1 numbers"),
        ("64 bytse", "`bytse` is not a unit, at character 4"),
        ("1e30 * 10", "the result is out of range"),
        ("1 if width > 2 else 3", "an amount in b and a plain number cannot be compared, at character 12"),
        ("1 if banks else 2", "`else` is not expected at character 12"),
        ("1 if banks > 2", "the end is not expected"),
        ("if", "`if` is not expected"),
    ],
)
def test_what_is_no_arithmetic_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(Misread) as raised:
        evaluate(text, KNOWN)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "import os",
        "().__class__",
        "width.value",
        "[1][0]",
        "{1: 2}",
        "lambda: 1",
        "exec(1)",
        "eval(1)",
        "open(1)",
        "(x := 1)",
        "1; 2",
        "1 if 1 else 2",
        "1 < 2 < 3",
        "[x for x in range(9)]",
        "while 1: 1",
        "'text'",
        "f(1)(2)",
        "banks = 2",
        "1 < 2",
        "\\x31",
        "\N{MATHEMATICAL BOLD DIGIT ONE} + 1",
    ],
)
def test_nothing_but_arithmetic_is_read(text: str) -> None:
    with pytest.raises(Misread):
        evaluate(text, KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9",
        "9**9**9**9**9",
        "(9**9)**(9**9)",
        "pow(9, pow(9, 9))",
        "10**31",
        "(1 + 1e-9)**64 ** 64",
        "(" * 200 + "1" + ")" * 200,
        "-" * 399 + "1",
        "2**" * 100 + "1",
        "1+" * 250 + "1",
        "max(" * 60 + "1" + ")" * 60,
        "1 if 1>2 else " * 40 + "1",
    ],
)
def test_what_would_run_long_or_deep_is_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(Misread):
        evaluate(text, KNOWN)
    assert time.process_time() - start < 5


def test_long_sums_and_many_digits_are_worked_out() -> None:
    assert str(evaluate("+".join(["1"] * 200), {})) == "200"
    assert str(evaluate("(" * DEEPEST + "1" + ")" * DEEPEST, {})) == "1"
    assert float(evaluate("1.000000001 ** 64", {}).value) == pytest.approx(1.000000001**64, rel=1e-15)
    assert float(evaluate("*".join(["1.123456789012345"] * 20), {}).value) == pytest.approx(1.123456789012345**20)


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner)


@given(st.recursive(st.integers(0, 99).map(str), joined, max_leaves=12))
def test_integer_arithmetic_is_that_of_python(text: str) -> None:
    assert evaluate(text, {}).value == eval(text, {"__builtins__": {}})


@given(st.text(max_size=40))
def test_any_text_is_an_amount_or_misread(text: str) -> None:
    with suppress(Misread):
        assert isinstance(evaluate(text, KNOWN), Amount)


def test_a_capacitance_times_a_voltage_squared_is_an_energy_and_over_a_resistance_a_power() -> None:
    assert str(evaluate("2 fF * (0.5 V) ** 2", {})) == "0.0005 pJ"
    assert str(evaluate("(0.2 V) ** 2 / (1 kohm) * 1 ns", {})) == "0.04 pJ"
    assert str(evaluate("10 kohm * 2", {})) == "20000 ohm"
    assert str(evaluate("1 fF + 500 aF", {})) == "1.5 fF"
