"""DRAM: per bit, by type, with every source that has the type."""

from __future__ import annotations

import pytest

import polymap as pm
from polymap.components.dram import MODELS, TYPE, sources, types
from polymap.components.model import CannotPrice, Given
from polymap.components.question import Question, Written
from polymap.components.registry import Registry
from polymap.errors import SpecError


@pytest.mark.parametrize(
    ("kind", "pj_per_bit"), [("lpddr4", 8.0), ("hbm2", 3.9), ("ddr4", 20.3), ("gddr5", 14.0), ("hbm3", 4.05)]
)
def test_an_access_costs_its_bits(kind: str, pj_per_bit: float) -> None:
    for width in (16, 64):
        assert pm.component(kind, width=f"{width} b").action("read").energy_pj == pytest.approx(width * pj_per_bit)


@pytest.mark.parametrize("kind", types())
def test_a_type_is_a_class_and_an_attribute(kind: str) -> None:
    one, other = pm.component(kind, width="64 b"), pm.component("dram", type=kind.upper(), width="64 b")
    assert one.action("write").energy_pj == other.action("write").energy_pj
    assert one.action("write").energy.sigma == other.action("write").energy.sigma


def test_sources_of_hbm2_disagree_and_all_are_told() -> None:
    found = Registry().candidates(Question("hbm2", (Written("width", "1 b"),)))
    values = {each.model.name: each.component.action("read").energy_pj for each in found if each.component}
    assert values == {"oconnor_hbm2": 3.9, "hwcomponents_hbm2": 6.25, "tpu_v4i_hbm2": 5.5, "tpu_v4_hbm2": 7.03}


def test_what_no_source_has_is_not_made_up() -> None:
    found = pm.component("lpddr4", width="64 b")
    assert found.area is None
    assert found.leakage is None
    assert dict(found.unpriced)["leakage"] == "none of the sources of DRAM has background or refresh power"


def test_dram_needs_no_technology_and_does_not_scale() -> None:
    at_7, at_45 = (pm.component("hbm2", width="64 b", technology={"node": node}) for node in ("7 nm", "45 nm"))
    assert at_7.action("read").energy_pj == at_45.action("read").energy_pj


def test_a_source_says_which_types_it_has() -> None:
    model = next(model for model in MODELS if model.name == "oconnor_dram")
    with pytest.raises(CannotPrice, match="has gddr5, hbm2 only"):
        model.check(Given({"type": "lpddr4", "width": 64}))


def test_an_unknown_type_is_an_error_with_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean `lpddr4`"):
        pm.component("dram", type="lpdr4", width="64 b")


def test_every_figure_names_its_source() -> None:
    for kinds in sources().values():
        for kind in kinds:
            assert kind.source
            assert 0.3 <= kind.sigma <= 0.5
    for model in MODELS:
        values = {"type": model.kinds[0].type, "width": 8}  # type: ignore[attr-defined]
        assert model.energy("read", Given(values)).origin.citations
        assert (TYPE in model.attributes) == (model.prices == "dram")
