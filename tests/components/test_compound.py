"""Compounds: what they cost is the sum of their parts, and what is wrong with a file is told where it stands."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap import spec
from polymap.components.component import Component
from polymap.components.compound_read import compound
from polymap.components.read import called
from polymap.components.registry import Registry
from polymap.errors import SpecError
from polymap.report.candidates import classes_text
from polymap.spec import Located
from tests.components.models import Adder, Bits

NODE = {"node": "45 nm"}
BUFFER = """\
polymap: component/1
component: buffer
source: a test
attributes:
  width: must_specify
  words: {default: 64, what: words it holds}
  kind: plain
parts:
  storage:
    component: {store: {width: 2 * width, banks: "ceil(words / 32)"}}
  counter:
    component: {add: {bits: ceil(log2(words))}}
    count: 2
actions:
  read:
    arguments: {activity: 1}
    does:
      - {do: storage.read, with: {activity: activity / 2}}
      - {do: counter.add, times: 3}
  count:
    does: [counter.add]
"""


def registry(*texts: str) -> Registry:
    """The test models and the compounds of some files, which may extend each other."""
    trees = {str(tree_name(spec.parse(text))): spec.parse(text, "file.yaml") for text in texts}

    def compounds(asked: Registry) -> list[object]:
        return [Bits(), Adder(), *(compound(tree, trees.get, asked) for tree in trees.values())]

    return Registry(compounds)  # type: ignore[arg-type]


def tree_name(tree: Located) -> str:
    assert isinstance(tree, spec.Fields)
    return next(spec.written(field.value) for field in tree.fields if field.key == "component")


def buffer(text: str = BUFFER, **attributes: object) -> Component:
    return called("buffer", {"width": "8 b", **attributes}, registry(text), NODE)


def mistakes(*texts: str) -> str:
    with pytest.raises(SpecError) as raised:
        called(tree_name(spec.parse(texts[0])), {"width": "8 b"}, registry(*texts), NODE)
    return str(raised.value)


def test_energy_area_and_leakage_are_the_sums_of_the_parts() -> None:
    whole = buffer(words=128)
    storage = called("store", {"width": "16 b", "banks": 4}, registry(), NODE)
    counter = called("add", {"bits": 7}, registry(), NODE)
    energy = storage.action("read", activity=0.5).energy_pj + 3 * counter.action("add").energy_pj
    assert whole.action("read").energy_pj == energy
    assert whole.area_um2 == storage.area_um2 + 2 * counter.area_um2
    assert whole.action("count").energy_pj == counter.action("add").energy_pj


@given(st.integers(1, 512), st.integers(2, 4096), st.integers(1, 100))
def test_totals_are_the_sum_of_the_parts_whatever_the_attributes(width: int, words: int, percent: int) -> None:
    whole = buffer(width=f"{width} b", words=words).action("read", activity=percent / 100)
    parts = whole.energy.origin.parts
    assert whole.energy_pj == sum((part.weight or 0) * (part.value or 0) for part in parts)
    assert [part.what for part in parts] == ["storage.read", "counter.add"]


def test_errors_that_parts_share_add_up_and_others_do_not() -> None:
    energy = buffer().action("read").energy
    shares = {"bits": 0.2 * 0.8 / 0.89, "adders": 0.5 * 0.09 / 0.89}
    assert dict(energy.errors) == pytest.approx(shares)
    assert energy.sigma == pytest.approx((shares["bits"] ** 2 + shares["adders"] ** 2) ** 0.5)


def test_a_part_without_leakage_leaves_the_compound_without_one() -> None:
    with pytest.raises(SpecError, match="its part `counter` has no leakage: `adder` gives no leakage"):
        buffer().leakage_uw  # noqa: B018


def test_steps_take_their_times_one_after_the_other_or_as_long_as_the_longest() -> None:
    twice = BUFFER.replace("[counter.add]", "[{do: storage.read, times: 2}, storage.read]\n    delay: DELAY")
    assert buffer(twice.replace("DELAY", "serial")).action("count").delay_ns == 4.5
    assert buffer(twice.replace("DELAY", "parallel")).action("count").delay_ns == 1.5
    assert buffer().action("count").delay is None


def test_what_is_done_beside_the_rest_takes_energy_and_no_time() -> None:
    beside = BUFFER.replace("{do: counter.add, times: 3}", "{do: counter.add, times: 3, beside: true}")
    assert buffer().action("read").delay is None  # no delay is known of the counter
    assert buffer(beside).action("read").delay_ns == 1.5
    assert buffer(beside).action("read").energy_pj == buffer().action("read").energy_pj
    alone = BUFFER.replace("[counter.add]", "[{do: storage.read, beside: true}]")
    assert buffer(alone).action("count").delay is None


def test_a_scaled_part_counts_by_its_factor() -> None:
    scaled = BUFFER.replace("    count: 2", "    count: 2\n    scale: {energy: 0.5, area: words / 32}")
    assert buffer(scaled).action("count").energy_pj == 0.015
    assert buffer(scaled).area_um2 - buffer().area_um2 == pytest.approx(2 * 6 * 45.0)


def test_a_part_may_state_its_own_technology_and_model() -> None:
    counter = "component: {add: {bits: ceil(log2(words))}}"
    other = BUFFER.replace(counter, "component: {add: {}, technology: {node: 90 nm}}")
    assert buffer(other).area_um2 - 64.0 == 2 * 8 * 90.0
    pinned = BUFFER.replace(counter, "component: {add: {}, model: subber}")
    assert "file.yaml:12:33 (parts.counter.component.model): no model of `add` is called `subber`" in mistakes(pinned)


def test_what_must_be_specified_is_missed_by_name() -> None:
    with pytest.raises(SpecError, match="`buffer`: needs `width`"):
        called("buffer", {}, registry(BUFFER), NODE)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"words": "64 b"}, "component.buffer.words: `64 b` is no plain number"),
        ({"kind": 3}, "component.buffer.kind: `3` is no word"),
        ({"wrods": 3}, "`wrods` is not an attribute of `buffer`"),
        ({"words": 0}, "file.yaml:10:50 (parts.storage.component.store.banks): `0` is out of range"),
        ({"words": "1/0"}, "component.buffer.words: `1/0` is no plain number"),
        ({"width": "2000 b"}, "its part `storage`: no model can price `storage` (store): `bits`: covers up to 1024 b"),
    ],
)
def test_attributes_that_do_not_fit_are_told(attributes: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError) as raised:
        buffer(**attributes)
    assert message in str(raised.value)


def test_a_default_may_follow_from_the_attributes_before_it_and_be_given() -> None:
    derived = BUFFER.replace("kind: plain", "adders: words / 32").replace("count: 2", "count: adders")
    alone = called("add", {"bits": 7}, registry(), NODE).area_um2
    assert buffer(derived, words=128).area_um2 - 2.0 * 16 * 4 == 4 * alone
    assert buffer(derived, words=128, adders=1).area_um2 - 2.0 * 16 * 4 == alone
    assert "adders: default words / 32" in classes_text(registry(derived), ["buffer"])


def test_a_default_that_follows_from_what_is_missing_is_not_asked_for() -> None:
    derived = BUFFER.replace("kind: plain", "wide: width / 1 b")
    with pytest.raises(SpecError) as raised:
        called("buffer", {}, registry(derived), NODE)
    assert "no model can price `buffer`: `buffer`: needs `width`\n" in str(raised.value)


def test_a_default_follows_from_nothing_that_comes_after_it() -> None:
    with pytest.raises(SpecError, match="no attribute is called `later`"):
        buffer(BUFFER.replace("kind: plain", "kind: later + 1\n  later: 2"))


@pytest.mark.parametrize("activity", [float("nan"), float("inf"), Decimal("nan")], ids=str)
def test_what_is_no_number_is_told_in_arguments_too(activity: object) -> None:
    with pytest.raises(SpecError, match=r"`activity`: `.*` is not a number"):
        buffer().action("read", activity=activity)


def test_truth_values_are_no_numbers_whatever_was_asked_before() -> None:
    asked = registry(BUFFER.replace("kind: plain", "kind: 0.5"))
    for number, truth in ((1, True), ([1, 0], [True, False])):
        called("buffer", {"width": "8 b", "kind": number}, asked, NODE)
        with pytest.raises(SpecError, match="is no plain number"):
            called("buffer", {"width": "8 b", "kind": truth}, asked, NODE)


def test_an_argument_may_follow_from_attributes() -> None:
    derived = BUFFER.replace("arguments: {activity: 1}", "arguments: {activity: words / 64}")
    assert buffer(derived, words=32).action("read").energy_pj < buffer(derived).action("read").energy_pj


def test_a_compound_extends_another_and_changes_what_it_states() -> None:
    wide = """\
polymap: component/1
component: wide
extends: buffer
attributes: {words: 32}
parts:
  storage: {component: {store: {width: 4 * width}}}
  extra: {component: add}
actions:
  sum: {does: [extra.add, counter.add]}
"""
    found = called("wide", {"width": "8 b"}, registry(BUFFER, wide), NODE)
    assert found.actions == ("read", "count", "sum")
    assert found.action("read", activity=0.5).energy_pj == pytest.approx(0.1 * 32 * 0.25 + 0.09)
    assert found.area_um2 == 2.0 * 32 + 2 * 5 * 45.0 + 8 * 45.0
    replaced = wide.replace("{store: {width: 4 * width}}", "{add: {bits: 2}}")
    assert "`storage` has no action `read`" in mistakes(replaced, BUFFER)


def test_what_is_not_there_does_nothing() -> None:
    none = BUFFER.replace("count: 2", "count: 0")
    with pytest.raises(SpecError, match=r"`counter\.add` takes place, and there are 0 of `counter`"):
        buffer(none)
    assert [action.name for action in buffer(none.replace("times: 3", "times: 0")).priced] == ["read"]


def test_compounds_that_extend_each_other_in_a_circle_are_refused() -> None:
    text = "polymap: component/1\ncomponent: {0}\nextends: {1}\n"
    assert "file.yaml:3:10 (extends): compounds extend each other in a circle" in mistakes(
        text.format("a", "b"), text.format("b", "a")
    )
    assert "no compound is called `c`" in mistakes(text.format("a", "c"))


def containing(name: str, part: str) -> str:
    return f"""\
polymap: component/1
component: {name}
attributes: {{width: 8 b}}
parts:
  inner: {{component: {part}}}
actions:
  go: {{does: [inner.go]}}
"""


def test_a_compound_that_contains_itself_is_refused_where_it_does() -> None:
    message = "file.yaml:5:22 (parts.inner.component): `a` contains itself: a > a"
    assert message in mistakes(containing("a", "a"))


def test_compounds_that_contain_each_other_are_refused() -> None:
    said = mistakes(containing("a", "b"), containing("b", "c"), containing("c", "a"))
    assert "`a` contains itself: a > b > c > a" in said
    inside = mistakes(containing("a", "b"), containing("b", "c"), containing("c", "b"))
    assert "`b` contains itself: b > c > b" in inside


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: plain", "ceil: plain", "`ceil` is no name for arithmetic"),
        ("width: must_specify", "wi-dth: must_specify", "`wi-dth` is no name for arithmetic"),
        (
            "2 * width",
            "2 * widht",
            "file.yaml:10:32 (parts.storage.component.store.width): no attribute is called `widht`",
        ),
        ("2 * width", "2 *", "the end is not expected at character 4"),
        ("2 * width", "__import__('os')", "`'` is not part of arithmetic, at character 12"),
        ("count: 2", "count: 1 / 3", "`count` of its part `counter`: `0.3333333333333333` is not a whole number"),
        ("count: 2", "count: 0 - 1", "`count` of its part `counter`: `-1` is no number of times"),
        ("times: 3", "times: width", "`times` of `counter.add`: `8 b` is no number of times"),
        ("counter.add, times", "cuonter.add, times", "no part is called `cuonter`"),
        ("[counter.add]", "[counter]", "`counter` is no action of a part"),
        ("[counter.add]", "[]", "the action `count` does nothing"),
        ("[counter.add]", "[counter.sub]", "file.yaml:21:12 (actions.count.does[0]): `counter` has no action `sub`"),
        ("activity: activity / 2", "actvity: 1", "`storage.read` has no argument `actvity`"),
        ("banks:", "bnaks:", "file.yaml:10:50 (parts.storage.component.store.bnaks): `bnaks` is not an attribute"),
        ("{store:", "{stoer:", "(parts.storage.component.stoer): no model prices `stoer`"),
        ("does: [counter.add]", "dose: [counter.add]", "`dose` is not a key here"),
        ("    count: 2", "    delay: late", "`delay` is not a key here"),
        ("does: [counter.add]", "does: [counter.add]\n    delay: late", "`late` says not how steps follow"),
        ("source: a test", "source: [a, b]", "a list stands where one value belongs"),
        ("{default: 64, what", "{defualt: 64, what", "`defualt` is not a key here"),
        ("{default: 64, what", "{default: 64, unit: b, what", "the default is no amount in b"),
        ("{default: 64, what", "{default: 64, unit: bq, what", "`bq` is not a unit"),
    ],
)
def test_mistakes_in_a_compound_file_are_told_where_they_stand(old: str, new: str, message: str) -> None:
    assert old in BUFFER
    text = BUFFER.replace(old, new)
    with pytest.raises(SpecError) as raised:
        buffer(text).action("read")
    assert message in str(raised.value)


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    said = mistakes(BUFFER.replace("2 * width", "2 *").replace("counter.add, times", "c.add, times"))
    assert "the end is not expected" in said
    assert "no part is called `c`" in said


def test_a_compound_is_explained_part_by_part() -> None:
    text = buffer().explain("read")
    assert "buffer.read = 0.89 pJ" in text
    assert "1 of storage.read: 0.8 pJ" in text
    assert "3 of counter.add: 0.03 pJ" in text


def test_factors_on_a_part_count_in_the_whole() -> None:
    factor = "{factor: 3, reason: measured, source: a paper}"
    counter = "{add: {bits: ceil(log2(words))}}"
    calibrated = f"{{add: {{bits: ceil(log2(words))}}, calibrate: {{energy: {factor}}}}}"
    found = buffer(BUFFER.replace(counter, calibrated))
    assert found.action("count").energy_pj == pytest.approx(3 * buffer().action("count").energy_pj)
    assert "calibrated: measured" in found.explain("count")
    assert found.area_um2 == buffer().area_um2
