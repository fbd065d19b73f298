"""A priced component, and how it is written in files and calls."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from polymap import spec
from polymap.architecture import architecture
from polymap.components.component import Component
from polymap.components.estimate import Estimate
from polymap.components.model import Action, Given
from polymap.components.question import Written
from polymap.components.read import Setting, called, component
from polymap.components.registry import Registry
from polymap.components.table_read import tables
from polymap.components.technology import Technology
from polymap.errors import SpecError
from tests.components.models import ACTIVITY, AT_45, Adder, Bits

REGISTRY = Registry([Bits(), Bits("other", sigma=0.3, pj_per_bit=1.0), Adder()])


def read(text: str, *offered: Written) -> Component | None:
    with spec.reading(f"polymap: component/1\n{text}\n", "components", "component/1") as top:
        return component(top, Setting(REGISTRY, AT_45, offered, "GLB"))


def mistakes(text: str) -> str:
    with pytest.raises(SpecError) as raised:
        read(text)
    return str(raised.value)


def test_a_component_has_actions_area_and_leakage_in_stated_units() -> None:
    found = called("store", {"width": "8 B", "banks": 2}, REGISTRY, {"node": "45 nm"})
    assert found.actions == ("read", "erase")
    assert found.action("read").energy_pj == pytest.approx(6.4)
    assert found.action("read", activity=0.25).energy_pj == pytest.approx(1.6)
    assert found.action("read").delay_ns == 1.5
    assert (found.area_um2, found.leakage_uw) == (256.0, 1.0)
    assert found.technology == Technology(45.0)


def test_equal_questions_give_equal_hashable_components() -> None:
    first, second = (called("store", {"width": "8 b"}, REGISTRY) for _ in range(2))
    assert first == second
    assert len({first, second}) == 1


def test_what_has_no_price_is_told_with_the_reason() -> None:
    found = called("add", {}, REGISTRY, {"node": "45 nm"})
    with pytest.raises(SpecError, match="`adder` has no leakage for `add`: `adder` gives no leakage"):
        found.leakage_uw  # noqa: B018
    with pytest.raises(SpecError, match="nobody measured it"):
        called("store", {"width": "8 b"}, REGISTRY).action("erase")
    assert found.action("add").delay is None


def test_a_missing_technology_is_missed_only_by_what_needs_it() -> None:
    found = called("add", {}, REGISTRY)
    assert found.action("add").energy_pj == 0.03
    with pytest.raises(SpecError, match="no technology is stated"):
        found.area_um2  # noqa: B018


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("raed", {}, "has no action `raed`"),
        ("read", {"actvity": 1}, "has no argument `actvity`"),
        ("read", {"activity": "often"}, "`often` is not a number"),
    ],
)
def test_unknown_actions_and_arguments_list_those_there_are(
    name: str, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(SpecError, match=message) as raised:
        called("store", {"width": "8 b"}, REGISTRY).action(name, **arguments)
    assert "mend:" in str(raised.value)


def test_explain_shows_value_interval_errors_sources_and_what_is_missing() -> None:
    text = called("store", {"width": "8 b"}, REGISTRY).explain()
    assert "store.read = 0.8 pJ (0.655 .. 0.977)" in text
    assert "error  bits: 20 %" in text
    assert "source invented" in text
    assert "store: no erase: nobody measured it" in text
    assert "store.read = 0.2 pJ" in called("store", {"width": "8 b"}, REGISTRY).explain("read", activity=0.25)


def test_forms_of_a_component_in_a_file() -> None:
    alone = read("component: add")
    assert alone is not None
    assert (alone.name, alone.model.name) == ("GLB", "adder")
    detailed = read("component: {store: {width: 8 b}, model: other, technology: {voltage: 0.9 V}}")
    assert detailed is not None
    assert detailed.model.name == "other"
    assert detailed.technology == Technology(45.0, voltage_v=0.9)
    offered = read("component: store", Written("width", "32 b"))
    assert offered is not None
    assert offered.given["width"] == 32


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("component: {store: {widht: 8 b}}", "<text>:2:28 (component.store.widht): `widht` is not an attribute"),
        ("component: {store: {width: -8 b}}", "<text>:2:28 (component.store.width): `-8 b` is negative"),
        ("component: {store: {}, add: {}}", "names 2 classes: store, add"),
        ("component: {model: bits}", "names no class of components"),
        ("component: {store: 8}", "`8` stands where attributes belong"),
        ("component: sotre", "<text>:2:12 (component): no model prices `sotre`"),
        ("component: {store: {width: 8 b}, model: ohter}", "no model of `store` is called `ohter`"),
        ("component: {store: {width: 8 b}, technology: {node: 45 nn}}", "`nn` is not a unit of length"),
        ("component: {store: {width: 8 b}, technology: {node: 0 nm}}", "`0 nm` is not more than 0"),
        ("component: {store: {width: 8 b}, technology: {family: ulp}}", "`ulp` is not a family of devices"),
        ("component: {store: {width: 8 b}, technology: {nod: 45 nm}}", "did you mean `node`?"),
    ],
)
def test_mistakes_in_a_component_are_told_where_they_stand(text: str, message: str) -> None:
    assert message in mistakes(text)


def test_the_public_verb_reads_attributes_and_refuses_unknown_classes() -> None:
    import polymap as pm

    with pytest.raises(pm.SpecError, match="no model prices `sarm`"):
        pm.component("sarm", capacity="8 KiB")


def test_a_class_without_a_name_is_none() -> None:
    with pytest.raises(SpecError, match="names no class of components"):
        called("", {}, REGISTRY)


@dataclass(frozen=True)
class Fragile(Bits):
    """Breaks where it is half active."""

    name: str = "fragile"
    actions: tuple[Action, ...] = (Action("read", (ACTIVITY,)),)

    def energy(self, action: str, given: Given) -> Estimate:
        return super().energy(action, Given({**given.values, "activity": 1 / (given["activity"] - 0.5)}))


def test_a_model_that_breaks_under_arguments_is_named_with_its_line() -> None:
    found = called("store", {"width": "8 b"}, Registry([Fragile()]))
    for ask in (found.action, found.explain):
        with pytest.raises(SpecError, match="`fragile` failed at the energy of `read`: ZeroDivisionError") as raised:
            ask("read", activity=0.5)
        assert "mend the model, or pin another one than `fragile`" in str(raised.value)


def test_a_machine_whose_model_breaks_under_arguments_is_told_where() -> None:
    level = "{compute: MAC, component: {store: {width: 8 b}}, arguments: {compute: {activity: 0.5}}}"
    machine = f"polymap: architecture/1\nname: x\nclock: 1 GHz\nhierarchy:\n  - {level}\n"
    fragile = Fragile(actions=(Action("compute", (ACTIVITY,)),))
    with pytest.raises(SpecError, match=r"component\): .*the model `fragile` failed at the energy of `compute`"):
        architecture(machine, Registry([fragile]))


def test_the_width_of_an_access_is_known_whoever_prices_it() -> None:
    assert called("store", {"width": "8 B"}, REGISTRY).width_bits == 64
    rows = "component, width [B], action, energy [pJ], source\nshelf, 8, read, 1, x\n"
    assert called("shelf", {"width": "64 b"}, Registry(tables(rows, "x.csv"))).width_bits == 64
    assert called("add", {}, REGISTRY).width_bits is None
