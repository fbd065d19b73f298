"""Registers, register files and FIFOs: they grow with words and width, and are what their parts are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap.components import aladdin
from polymap.components.model import CannotPrice, Given
from polymap.components.records import records
from polymap.components.registers import MODELS, File, delay, priced
from polymap.components.technology import Technology

REGISTER, FILE, FIFO = MODELS
AT_40 = Technology(40)
AMOUNTS = ["read", "write", "area", "leakage"]


def asked(width: int, words: int = 1, technology: Technology = AT_40) -> Given:
    return Given({"width": width, "words": words}, technology)


def test_a_register_is_the_flip_flop_of_the_table() -> None:
    row = next(row for row in records("aladdin_40nm") if row["unit"] == "register_bit" and row["clock_ns"] == "1")
    given = asked(16)
    assert REGISTER.energy("write", given).value == pytest.approx(16 * float(row["energy_pj"]))
    assert REGISTER.area(given).value == pytest.approx(16 * float(row["area_um2"]))
    assert REGISTER.leakage(given).value == pytest.approx(16 * float(row["leakage_uw"]))


def test_a_file_of_16_words_of_16_b_costs_what_other_models_of_the_table_say() -> None:
    """Aladdin's plug-in has 0.0679 pJ for 16 words, whatever their width."""
    assert FILE.energy("read", asked(16, 16)).value == pytest.approx(0.0679, rel=0.3)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_a_wider_file_costs_more(amount: str) -> None:
    costs = [priced(File(16, width), amount, AT_40).value for width in (8, 16, 64)]
    assert costs == sorted(set(costs))
    assert costs[2] > 3.5 * costs[1]


@given(st.floats(1, 512), st.floats(1, 512), st.integers(1, 512), st.sampled_from(AMOUNTS))
def test_more_words_cost_no_less(one: float, other: float, width: int, amount: str) -> None:
    few, many = (priced(File(words, width), amount, AT_40).value for words in sorted((one, other)))
    assert few <= many


@given(st.floats(1, 512), st.integers(1, 512), st.sampled_from(AMOUNTS), st.floats(7, 180))
def test_the_origin_is_the_sum_of_the_parts(words: float, width: int, amount: str, node: float) -> None:
    found = priced(File(words, width), amount, Technology(node))
    assert found.origin.value == pytest.approx(found.value)
    assert found.origin.citations


def test_one_word_is_a_register() -> None:
    for model_action in ("read", "write"):
        assert FILE.energy(model_action, asked(32)).value == REGISTER.energy(model_action, asked(32)).value


def test_a_fifo_is_a_file_and_its_counters() -> None:
    given = asked(32, 8)
    for action in ("read", "write"):
        assert FIFO.energy(action, given).value > FILE.energy(action, given).value
    counter = aladdin.unit("counter")
    assert FIFO.area(given).value == pytest.approx(FILE.area(given).value + 2 * 3 / 32 * counter.amount("area"))
    assert FIFO.leakage(given).value > FILE.leakage(given).value


def test_smaller_nodes_cost_less_and_say_how_they_were_scaled() -> None:
    at_16 = FILE.energy("read", asked(16, 16, Technology(16)))
    assert at_16.value < FILE.energy("read", asked(16, 16)).value
    assert dict(at_16.errors)["scaling_energy"] > 0.1
    assert "Stillmaker" in " ".join(at_16.origin.citations)


def test_a_deeper_file_takes_longer() -> None:
    assert delay(File(4, 16), AT_40).value < delay(File(32, 16), AT_40).value < 0.5
    assert FILE.delay("read", asked(16, 4)).unit == "ns"


def test_very_deep_files_are_refused() -> None:
    with pytest.raises(CannotPrice, match="use `sram`"):
        FILE.check(asked(16, 2000))


def test_a_clock_outside_of_the_table_is_refused() -> None:
    with pytest.raises(CannotPrice, match=r"from 0\.5 to 10 ns, not 20 ns"):
        aladdin.unit("int_adder", 20)


def test_between_clocks_amounts_are_between() -> None:
    two, between, three = (aladdin.unit("int_multiplier", clock).amount("energy") for clock in (2, 2.5, 3))
    assert three < between < two


def test_what_the_table_lacks_is_not_made_up() -> None:
    with pytest.raises(CannotPrice, match="no leakage of `comparator`"):
        aladdin.unit("comparator").amount("leakage")
    with pytest.raises(CannotPrice, match="no area of `fp32_multiplier`"):
        aladdin.unit("fp32_multiplier").amount("area")
