"""Decoding a mapping: stand-ins, all mistakes at once, each located."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from polymap import quantity, spec
from polymap.errors import Mistake, Place, SpecError

HEAD = "polymap: thing/1\n"


def decode(source: spec.Source, body: Callable[[spec.Reader], object]) -> object:
    with spec.reading(source, "things", "thing/1") as top:
        return body(top)


def mistakes(source: spec.Source, body: Callable[[spec.Reader], object]) -> list[str]:
    with pytest.raises(SpecError) as caught:
        decode(source, body)
    return [str(mistake).replace("\n    mend", "") for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("text", "body", "value"),
    [
        ("a: some text", lambda top: top.text("a"), "some text"),
        ("a: 12", lambda top: top.text("a"), "12"),
        ("a: true", lambda top: top.name("a"), "true"),
        ("a: 12", lambda top: top.integer("a"), 12),
        ("a: 0.1", lambda top: top.number("a"), Fraction(1, 10)),
        ("a: true", lambda top: top.flag("a"), True),
        ("a: 3 pJ", lambda top: top.value("a", quantity.energy_pj, otherwise=None), Fraction(3)),
        ("a: [x, no, y]", lambda top: top.names("a"), ("x", "no", "y")),
        ("a: []", lambda top: top.names("a"), ()),
        ("a: [1, 2]", lambda top: top.values("a", quantity.count), (1, 2)),
        ("a: {n: 1, true: 64}", lambda top: top.table("a", quantity.count), (("n", 1), ("true", 64))),
        ("a: {b: 7}", lambda top: top.child("a").integer("b"), 7),
        ("a: [{b: 7}, {b: 8}]", lambda top: [c.integer("b") for c in top.children("a")], [7, 8]),
        ("a: {x: {b: 7}}", lambda top: [(n, c.integer("b")) for n, c in top.named_children("a")], [("x", 7)]),
        (
            "a: {sram: {width: 64 b, banks: [1, 2]}}",
            lambda top: top.description("a"),
            "{sram: {width: 64 b, banks: [1, 2]}}",
        ),
        (
            "a: 1",
            lambda top: (top.has("a"), top.has("b"), top.is_list("a"), top.is_mapping("a")),
            (True, False, False, False),
        ),
        ("a: 1", lambda top: str(top.place_of("a")) and top.integer("a"), 1),
    ],
)
def test_a_getter_gives_the_typed_value(text: str, body: Callable[[spec.Reader], object], value: object) -> None:
    assert decode(f"{HEAD}{text}\n", body) == value


def test_what_is_absent_and_optional_gives_its_default() -> None:
    def body(top: spec.Reader) -> object:
        child = top.child("c")
        return (
            top.text("a"),
            top.integer("b", otherwise=3),
            top.names("n"),
            top.table("t", quantity.count),
            child.is_there,
            child.integer("x", otherwise=9, required=True),
        )

    assert decode({}, body) == ("", 3, (), (), False, 9)


@pytest.mark.parametrize(
    ("text", "body", "message"),
    [
        ("# no name", lambda top: top.text("name", required=True), "f:1:1: `name` is missing: add `name: ...`"),
        ("a:", lambda top: top.text("a"), "f:2:1 (a): `a` has no value: give a value or remove `a`"),
        ("a: ''", lambda top: top.text("a"), "f:2:4 (a): the text is empty: write some text"),
        ("a: ''", lambda top: top.name("a"), "f:2:4 (a): the name is empty: begin with a letter"),
        ("a: x y", lambda top: top.name("a"), "f:2:4 (a): `x y` is not a name: begin with a letter"),
        ("a: [b]", lambda top: top.text("a"), "f:2:4 (a): a list stands where one value belongs"),
        ("a: {b: 1}", lambda top: top.integer("a"), "f:2:4 (a): a mapping stands where one value belongs"),
        ("a: 1.5", lambda top: top.integer("a"), "f:2:4 (a): `1.5` is not a whole number"),
        ("a: 0", lambda top: top.integer("a"), "f:2:4 (a): `0` is out of range: give a whole number from 1"),
        ("a: yes", lambda top: top.flag("a"), "f:2:4 (a): `yes` is neither true nor false: write `true` or `false`"),
        ("a: 5", lambda top: top.value("a", quantity.energy_pj, 0), "f:2:4 (a): `5` has no unit (energy)"),
        ("a: b", lambda top: top.names("a"), "f:2:4 (a): `b` stands where a list belongs: write `a: [b]`"),
        ("a: [b, c, b]", lambda top: top.names("a"), "f:2:11 (a[2]): `b` is listed twice: keep one"),
        ("a: [b, ~]", lambda top: top.names("a"), "f:2:8 (a[1]): the name is empty"),
        ("a: [b]", lambda top: top.table("a", quantity.count), "f:2:4 (a): a list stands where a mapping belongs"),
        ("a: {n: x}", lambda top: top.table("a", quantity.count), "f:2:8 (a.n): `x` is not a number"),
        ("a: {3: 4}", lambda top: top.table("a", quantity.count), "f:2:5 (a.3): `3` is not a name"),
        ("a: b", lambda top: top.child("a"), "f:2:4 (a): `b` stands where `a` belongs: write `key: value` lines"),
        ("a: {}", lambda top: top.child("a").text("b", required=True), "f:2:4 (a): `b` of `a` is missing"),
        ("a: [b]", lambda top: top.children("a"), "f:2:5 (a[0]): `b` stands where a mapping belongs"),
        ("nmae: x", lambda top: top.text("name"), "f:2:1 (nmae): `nmae` is not a key here: did you mean `name`?"),
        ("zz: x", lambda top: top.text("name"), "f:2:1 (zz): `zz` is not a key here: remove it; known keys:"),
        ("a: {b: 1}", lambda top: top.child("a"), "f:2:5 (a.b): `b` is not a key here"),
        ("a: 1", lambda top: top.wrong("too few", "more", key="a") or top.integer("a"), "f:2:4 (a): too few: more"),
    ],
)  # fmt: skip
def test_a_mistake_is_located_and_says_how_to_mend_it(
    text: str, body: Callable[[spec.Reader], object], message: str
) -> None:
    found = mistakes(f"{HEAD}{text}\n", body)
    assert len(found) == 1
    assert found[0].replace("<text>", "f").startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\n", "<text>:1:1: `polymap` is missing: begin with `polymap: thing/1`"),
        ("polymap: other/1\nx: 1\n", "<text>:1:10 (polymap): `other/1` is not the format expected here: write"),
        ("- polymap\n", "<text>:1:1: a list stands where a mapping belongs"),
    ],
)
def test_a_document_of_another_format_is_one_mistake(text: str, message: str) -> None:
    found = mistakes(text, lambda top: top.text("name"))
    assert len(found) == 1
    assert found[0].startswith(message)


def test_python_data_need_not_repeat_the_format_but_may_not_contradict_it() -> None:
    assert decode({"a": 1}, lambda top: top.integer("a")) == 1
    assert mistakes({"polymap": "other/1"}, lambda top: None)[0].startswith("polymap: `other/1` is not the format")


def test_one_of_several_formats_may_be_given() -> None:
    with spec.reading("polymap: b/2\n", "things", "a/1", "b/2") as top:
        found = top.text("polymap")
    assert found == "b/2"


def test_all_mistakes_come_at_once_in_the_order_of_the_file() -> None:
    def body(top: spec.Reader) -> None:
        top.names("z", required=True)
        top.child("c").integer("d")
        top.integer("b")
        top.text("a")

    text = f"{HEAD}a: ''\nb: x\nb: 2\nc: {{d: y, e: 1}}\n"
    places = [found.split(": ")[0] for found in mistakes(text, body)]
    assert places == [
        "<text>:1:1",
        "<text>:2:4 (a)",
        "<text>:3:4 (b)",
        "<text>:4:1 (b)",
        "<text>:5:8 (c.d)",
        "<text>:5:11 (c.e)",
    ]


def test_a_spec_error_inside_the_block_joins_the_others() -> None:
    def body(top: spec.Reader) -> None:
        top.text("name", required=True)
        raise SpecError([Mistake(Place(), "no place"), Mistake(Place("g", 7, 1), "elsewhere")])

    found = mistakes(HEAD, body)
    assert [text.split(": ", 1)[0] for text in found] == ["<text>:1:1", "<text>:1:1", "g:7:1"]


def test_a_spec_error_inside_a_parser_is_placed_at_the_value() -> None:
    def parse(value: object) -> int:
        raise SpecError(f"cannot read {value}")

    assert mistakes(f"{HEAD}a: q\n", lambda top: top.value("a", parse, 0)) == ["<text>:2:4 (a): cannot read q"]


def test_unknown_keys_are_not_reported_where_the_kind_is_unknown() -> None:
    assert decode(f"{HEAD}a: {{b: 1}}\n", lambda top: top.child("a").ignore_rest()) is None


def test_beyond_a_hundred_mistakes_are_only_counted() -> None:
    text = HEAD + "".join(f"k{i}: 1\n" for i in range(250))
    found = mistakes(text, lambda top: None)
    assert len(found) == 101
    assert found[-1] == "and 150 more mistakes"


def test_beyond_a_hundred_mistakes_no_near_names_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def near(word: str, known: object) -> str:
        asked.append(word)
        return ""

    monkeypatch.setattr("polymap.spec.reader.near", near)
    mistakes(HEAD + "".join(f"k{i}: 1\n" for i in range(250)), lambda top: None)
    assert len(asked) == 100


def test_text_is_at_most_ten_thousand_characters_long() -> None:
    assert decode(f"{HEAD}a: {'x' * 10_000}\n", lambda top: top.text("a")) == "x" * 10_000
    (found,) = mistakes(f"{HEAD}a: {'x' * 10_001}\n", lambda top: top.text("a"))
    assert found.startswith("<text>:2:4 (a): `xxx")
    assert found.endswith("...` has 10001 characters: write at most 10000")


def test_a_long_einsum_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    from polymap.workload import read, workload

    parsed: list[str] = []
    monkeypatch.setattr(read, "parse", lambda text, *_: parsed.append(text))
    data = {"name": "long", "einsum": "C[m] += A[" + "+".join(["m"] * 100_000) + "]", "ranks": {"m": 2}}
    with pytest.raises(SpecError, match="characters"):
        workload(data)
    assert parsed == []


def test_the_place_of_a_long_key_is_cut() -> None:
    (found,) = mistakes(f"{HEAD}{'k' * 1000}: 1\n", lambda top: None)
    assert f"({'k' * 57}...)" in found
    assert len(found) < 250
