"""Who answers a question, and what is said when nobody does."""

from __future__ import annotations

from importlib import import_module
from itertools import permutations
from pkgutil import iter_modules

import pytest

from polymap.components.estimate import Estimate
from polymap.components.model import Model
from polymap.components.question import Question, Written
from polymap.components.registry import Registry
from polymap.components.shipped import MODULES
from polymap.errors import Place, SpecError
from tests.components.models import AT_45, Adder, Bits, Returns

PLACE = Place("arch.yaml", 3, 14, "hierarchy[0].component")
SMALL = Question("store", (Written("width", "8 b"),), technology=AT_45, place=PLACE, pin_place=PLACE)


def wide(width: str, pin: str = "") -> Question:
    return Question("store", (Written("width", width, PLACE),), technology=AT_45, pin=pin, place=PLACE, pin_place=PLACE)


def told(models: list[Model], question: Question) -> str:
    with pytest.raises(SpecError) as raised:
        Registry(models).answer(question)
    assert all(mistake.place == PLACE for mistake in raised.value.mistakes)
    return str(raised.value)


def test_the_smallest_stated_error_answers_in_whatever_order_models_are_registered() -> None:
    models = [Bits("rough", sigma=0.5), Bits("fine", sigma=0.1), Bits("narrow", sigma=0.01, widest=4)]
    for order in permutations(models):
        registry = Registry(order)
        assert registry.answer(SMALL).model.name == "fine"
        assert [each.model.name for each in registry.candidates(SMALL)] == ["fine", "rough", "narrow"]


def test_equal_errors_are_decided_by_name() -> None:
    for order in permutations([Bits("b"), Bits("a"), Bits("c")]):
        assert Registry(order).answer(SMALL).model.name == "a"


def test_a_pin_wins_over_a_smaller_error_and_asks_nobody_else() -> None:
    models: list[Model] = [Bits("fine", sigma=0.0), Bits("rough"), Returns(ValueError("broken"))]
    assert Registry(models).answer(wide("8 b", pin="rough")).model.name == "rough"


def test_a_pinned_model_out_of_its_range_is_not_replaced() -> None:
    models: list[Model] = [Bits("small", widest=4), Bits("large")]
    assert "`small`: covers up to 4 b, not 8 b" in told(models, wide("8 b", pin="small"))


def test_an_unknown_pin_lists_the_models_of_the_class() -> None:
    message = told([Bits("first"), Bits("second"), Adder()], wide("8 b", pin="frist"))
    assert "no model of `store` is called `frist`" in message
    assert "did you mean `first`? models of it: first, second" in message


def test_an_unknown_class_lists_near_names() -> None:
    with pytest.raises(SpecError, match="no model prices `stoer`") as raised:
        Registry([Bits(), Adder()]).answer(Question("stoer", place=PLACE))
    assert "did you mean `store`?" in str(raised.value)


def test_nobody_in_range_tells_the_reason_of_every_model_and_how_to_mend_it() -> None:
    message = told([Bits("a", widest=8), Bits("b", widest=16)], wide("32 b"))
    assert "`a`: covers up to 8 b, not 32 b; `b`: covers up to 16 b, not 32 b" in message
    assert "mend: make it narrower" in message


def test_a_missing_attribute_is_named_with_its_unit_and_meaning() -> None:
    message = told([Bits()], Question("store", place=PLACE))
    assert "`bits`: needs `width`" in message
    assert "add `width` (b): bits of one access" in message


@pytest.mark.parametrize("width", ["-8 b", "8", "0 b", "8 pJ", "1.5 b"])
def test_a_size_that_is_none_is_a_mistake_where_it_stands(width: str) -> None:
    assert "no model" not in told([Bits("a"), Bits("b")], wide(width))


def test_an_attribute_that_nobody_knows_is_a_mistake_with_near_names() -> None:
    question = Question("store", (Written("width", "8 b"), Written("bnaks", 2, PLACE)), technology=AT_45, place=PLACE)
    assert "`bnaks` is not an attribute of `store`" in told([Bits()], question)
    assert "`bnaks` is not an attribute of `store`" in told([Bits(), Bits("other")], question)
    assert "did you mean `banks`?" in told([Bits()], question)


def test_an_attribute_that_the_pinned_model_does_not_know_is_a_mistake_that_names_the_model() -> None:
    plain = Bits("plain", attributes=Bits().attributes[:1])
    written = (Written("width", "8 b"), Written("banks", 2, PLACE))
    question = Question("store", written, technology=AT_45, pin="plain", place=PLACE, pin_place=PLACE)
    assert "`banks` is not an attribute of `store`, as `plain` prices it" in told([plain, Bits("banked")], question)


def test_an_attribute_that_a_model_does_not_know_is_not_dropped() -> None:
    plain = Bits("plain", sigma=0.01, attributes=Bits().attributes[:1])
    banked = Question("store", (Written("width", "8 b"), Written("banks", 2)), technology=AT_45, place=PLACE)
    assert Registry([plain, Bits("banked")]).answer(banked).model.name == "banked"
    refused = Registry([plain, Bits("banked")]).candidates(banked)[-1]
    assert (refused.model.name, refused.reason) == ("plain", "does not know `banks`")


def test_what_a_level_offers_is_taken_by_those_who_know_it_and_yields_to_what_is_written() -> None:
    offered = (Written("width", "16 b"), Written("clock", "1 GHz"))
    of_level = Question("store", (), offered, AT_45)
    assert Registry([Bits()]).answer(of_level).given["width"] == 16
    written = Question("store", (Written("width", "8 b"),), offered, AT_45)
    assert Registry([Bits()]).answer(written).given["width"] == 8


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (ZeroDivisionError("division by zero"), "failed at the energy of `read`: ZeroDivisionError: division by zero"),
        (3.0, "it returned float, not an Estimate"),
        (Estimate.given(1.0, "J", "x"), "it returned an amount in `J`, not in `pJ`"),
        (Estimate.given(-1.0, "pJ", "x"), "it returned -1 pJ"),
        (Estimate.given(float("nan"), "pJ", "x"), "it returned nan pJ"),
    ],
)
def test_a_model_that_breaks_is_named_and_never_replaced(returned: object, message: str) -> None:
    said = told([Bits(), Returns(returned)], wide("8 b"))
    assert "the model `returns` failed" in said
    assert message in said
    assert "models.py:" in said or not isinstance(returned, Exception)
    listed = {each.model.name: each for each in Registry([Bits(), Returns(returned)]).candidates(SMALL)}
    assert listed["returns"].failed
    assert listed["bits"].component


def test_two_models_of_a_class_with_one_name_are_refused() -> None:
    with pytest.raises(SpecError, match="two models of `store` are called `bits`"):
        Registry([Bits(), Bits()]).answer(SMALL)


def test_every_shipped_module_is_listed_with_the_classes_it_prices() -> None:
    import polymap.components as room

    modules = {each.name: import_module(f"{room.__name__}.{each.name}") for each in iter_modules(room.__path__)}
    found = {
        name: {model.prices for model in module.MODELS} for name, module in modules.items() if hasattr(module, "MODELS")
    }
    assert found == {module: set(classes) for module, classes in MODULES.items()}
