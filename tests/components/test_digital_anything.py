"""Whatever is asked of a digital primitive: a price with a source, or a refusal that says how to mend it."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from polymap.components import dram, logic, registers, routing, sram, wires
from polymap.components.question import Question, Written
from polymap.components.selection import candidates
from polymap.components.technology import Technology
from polymap.errors import SpecError

MODELS = [model for module in (dram, logic, registers, routing, sram, wires) for model in module.MODELS]
CLASSES = sorted({model.prices for model in MODELS})
COUNTS = st.sampled_from([1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 100, 255, 256, 257, 1000, 10**6, 2**39])
VALUES: dict[str, st.SearchStrategy[object]] = {
    "capacity": st.builds("{} {}".format, COUNTS, st.sampled_from(["b", "B", "KiB", "MiB"])),
    "width": st.builds("{} b".format, COUNTS),
    "bits": COUNTS,
    "length": st.builds("{} {}".format, COUNTS, st.sampled_from(["nm", "um", "mm", "m"])),
    "clock": st.builds("{} {}".format, COUNTS, st.sampled_from(["ps", "ns", "s"])),
    "device": st.sampled_from(["lstp", "hp", "lop", "hvt"]),
    "kind": st.sampled_from([*wires.KINDS, "none"]),
    "type": st.sampled_from([*dram.types(), "sram"]),
}
TECHNOLOGIES = st.none() | st.builds(
    Technology,
    st.floats(0.01, 1e5) | st.sampled_from([7.0, 22.0, 45.0, 90.0, 180.0]),
    st.sampled_from(["hp", "lp"]),
    st.none() | st.floats(0.01, 20),
    st.sampled_from([300.0]) | st.floats(1, 5000),
    st.booleans(),
)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    prices = draw(st.sampled_from(CLASSES))
    known = sorted({a.name for model in MODELS if model.prices == prices for a in model.attributes})
    names = [name for name in known if draw(st.integers(0, 4))]
    return Question(prices, tuple(Written(n, draw(VALUES.get(n, COUNTS))) for n in names), (), draw(TECHNOLOGIES))


@settings(max_examples=600)
@given(questions())
def test_any_question_has_a_price_or_a_refusal(question: Question) -> None:
    models = [model for model in MODELS if model.prices == question.prices]
    try:
        found = candidates(models, question)
    except SpecError:
        return  # an attribute that no model can read
    for each in found:
        assert not each.failed, each.reason
        assert each.reason or each.component
        amounts = [each.component.area, each.component.leakage] if each.component else []
        amounts += [action.energy for action in each.component.priced] if each.component else []
        for amount in amounts:
            assert amount is None or (math.isfinite(amount.value) and math.isfinite(amount.sigma))
            if amount and question.technology and not question.technology.extrapolate:
                assert not amount.origin.extrapolated


@settings(max_examples=300)
@given(questions())
def test_trees_can_be_read_whatever_is_priced(question: Question) -> None:
    models = [model for model in MODELS if model.prices == question.prices]
    try:
        found = candidates(models, question)
    except SpecError:
        return
    for component in (each.component for each in found if each.component):
        assert component.explain()
