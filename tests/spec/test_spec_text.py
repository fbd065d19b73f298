"""From text to the located tree: places, YAML 1.2 values, and everything that is refused."""

from __future__ import annotations

import builtins
import subprocess
import sys
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap import spec
from polymap.errors import SpecError


def scalar(text: str) -> spec.Scalar:
    tree = spec.parse(f"a: {text}\n")
    assert isinstance(tree, spec.Fields)
    value = tree.fields[0].value
    assert isinstance(value, spec.Scalar)
    return value


def mistake(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        spec.parse(text, "f.yaml")
    return str(caught.value)


def test_names_of_tags_are_a_key_where_they_are_asked_for() -> None:
    tree = spec.parse("a: !Memory {b: 1}\n", tagged=True)
    assert spec.written(tree) == "{a: {!: Memory, b: 1}}"


def test_every_value_remembers_file_line_column_and_key_path() -> None:
    tree = spec.parse("a: 1\nb:\n  - c: {d: x}\n", "f.yaml")
    assert isinstance(tree, spec.Fields)
    items = tree.fields[1].value
    assert isinstance(items, spec.Items)
    inner = items.items[0]
    assert isinstance(inner, spec.Fields)
    assert str(tree.fields[1].place) == "f.yaml:2:1 (b)"
    assert str(inner.place) == "f.yaml:3:5 (b[0])"
    assert isinstance(inner.fields[0].value, spec.Fields)
    assert str(inner.fields[0].value.fields[0].value.place) == "f.yaml:3:12 (b[0].c.d)"


def test_python_data_is_placed_by_its_key_path() -> None:
    tree = spec.read({"a": [{"b": 1}]}, "architectures")
    assert isinstance(tree, spec.Fields)
    assert isinstance(tree.fields[0].value, spec.Items)
    assert str(tree.fields[0].value.items[0].place) == "a[0]"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("010", 10),
        ("0.10", Decimal("0.10")),
        ("1e3", Decimal("1e3")),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("no", "no"),
        ("on", "on"),
        ("Y", "Y"),
        ("1:30", "1:30"),
        ("0x10", "0x10"),
        ("2020-01-01", "2020-01-01"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("64 KiB", "64 KiB"),
        ("1" * 41, "1" * 41),
    ],
)
def test_plain_scalars_follow_the_rules_of_yaml_1_2(text: str, value: object) -> None:
    found = scalar(text).value
    assert (found, type(found)) == (value, type(value))


def test_an_alias_is_the_anchored_value() -> None:
    tree = spec.parse("a: &x [1, 2]\nb: *x\n")
    assert isinstance(tree, spec.Fields)
    assert tree.fields[0].value == tree.fields[1].value


def test_a_byte_order_mark_and_carriage_returns_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    tree = spec.read(tmp_path / "f.yaml", "architectures")
    assert isinstance(tree, spec.Fields)
    assert [field.key for field in tree.fields] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: [1\n", "f.yaml:2:", "not YAML"),
        ("a: b: c\n", "f.yaml:1:5: ", "not YAML"),
        ("a: 'x\n", "f.yaml:2:", "not YAML"),
        ("a:\n\t- b\n", "f.yaml:2:1: ", "mend: indent with spaces, not tabs"),
        ("a: \x07\n", "f.yaml: ", "not YAML"),
        ("", "f.yaml:1:1: ", "the document is empty"),
        ("# only a comment\n", "f.yaml:", "the document is empty"),
        ("a: 1\n---\nb: 1\n", "f.yaml:2:1: ", "a second document begins here"),
        ("a: 1\na: 2\n", "f.yaml:2:1 (a): ", "`a` is given twice, first on line 1"),
        ("a: !foo 1\n", "f.yaml:1:4 (a): ", "the tag `!foo` is not read"),
        ("a: !!python/object/apply:os.system [ls]\n", "f.yaml:1:4 (a): ", "python/object/apply:os.system` is not read"),
        ("!foo a: 1\n", "f.yaml:1:1: ", "the tag `!foo` is not read"),
        ("a: &x [*x]\n", "f.yaml:1:8 (a[0]): ", "the alias `*x` stands inside its own anchor"),
        ("a: *x\n", "f.yaml:1:4 (a): ", "the alias `*x` has no anchor before it"),
        ("? [a]\n: b\n", "f.yaml:1:3: ", "a key must be plain text"),
        ("a: {<<: {b: 1}}\n", "f.yaml:1:5 (a): ", "merge keys (`<<`) are not read"),
        ("a: " + "[" * 100, "f.yaml:1:68 (a[0]", "nested more than 64 deep"),
    ],
)
def test_what_is_refused_is_located(text: str, place: str, message: str) -> None:
    found = mistake(text)
    assert found.startswith(place)
    assert message in found


def merged(text: str) -> dict[str, object]:
    """The keys of the last mapping of a file that merges, with their values."""
    tree = spec.parse(text, "f.yaml", merges=True, tagged=True)
    assert isinstance(tree, spec.Fields)
    last = tree.fields[-1].value
    assert isinstance(last, spec.Fields)
    assert len({field.key for field in last.fields}) == len(last.fields)
    return {field.key: field.value.value for field in last.fields if isinstance(field.value, spec.Scalar)}


@pytest.mark.parametrize(
    ("last", "keys"),
    [
        ("{<<: *a, z: 3}", {"x": 1, "z": 3}),
        ("{<<: *a, x: 3}", {"x": 3}),
        ("{<<: [*a, *b], z: 3}", {"x": 1, "y": 2, "z": 3}),
        ("{<<: [*b, *a], z: 3}", {"x": 7, "y": 2, "z": 3}),
        ("!Other {<<: *a, z: 3}", {"!": "Other", "x": 1, "z": 3}),
    ],
)
def test_mappings_are_merged_and_what_is_nearer_counts(last: str, keys: dict[str, object]) -> None:
    """As https://yaml.org/type/merge.html has it: own keys first, then those earlier in a list; tags are no keys."""
    assert merged(f"a: &a !Kind {{x: 1}}\nb: &b {{x: 7, y: 2}}\nlast: {last}\n") == keys


@pytest.mark.parametrize("value", ["3", "[3]", "[[3]]"])
def test_what_is_no_mapping_is_not_merged_in_silence(value: str) -> None:
    with pytest.raises(SpecError) as caught:
        merged(f"last: {{<<: {value}}}\n")
    assert "`3` stands where a mapping to merge belongs" in str(caught.value)


def test_all_duplicate_keys_are_reported_at_once() -> None:
    assert mistake("a: 1\na: 2\nb: {c: 1, c: 2}\n").count("is given twice") == 2


def _laughs() -> str:
    levels = [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    return "\n".join(["a: &a [x, x, x]", *levels])


@pytest.mark.parametrize(
    ("bomb", "message"),
    [
        (_laughs(), "the document has more than 200000 values, aliases written out"),
        ("[" * 1_000_000, "nested more than 64 deep"),
        ("{a: " * 1_000, "nested more than 64 deep"),
        ("a: &a [b]\n" + "# laugh\n" * 400_000, "the text is longer than 2097152 characters"),
    ],
    ids=["aliases of aliases", "depth of lists", "depth of mappings", "size"],
)
def test_a_bomb_is_refused(bomb: str, message: str) -> None:
    assert message in mistake(bomb)


def test_the_pure_python_parser_gives_the_same_tree_and_places() -> None:
    program = (
        "import yaml, sys\n"
        "if sys.argv[1] == 'pure': vars(yaml).pop('CSafeLoader', None)\n"
        "from polymap import spec\n"
        "print(spec.parse('a: [1, \"2\", {b: no}]\\nc: &x |\\n  text\\nd: *x\\n'))\n"
    )
    pure, fast = (
        subprocess.run([sys.executable, "-c", program, which], capture_output=True, text=True, check=True).stdout
        for which in ("pure", "fast")
    )
    assert pure == fast != ""


def file_mistake(path: Path | str) -> str:
    with pytest.raises(SpecError) as caught:
        spec.read(path, "architectures")
    return str(caught.value)


def test_a_missing_file_is_named_as_it_was_written() -> None:
    assert file_mistake("./no/such.yaml").startswith("./no/such.yaml: there is no such file")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert "this is a folder, not a file" in file_mistake(tmp_path)


def test_bytes_that_are_not_utf_8_are_located(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"a: 1\nb: \xff\n")
    assert file_mistake(tmp_path / "f.yaml").startswith(f"{tmp_path}/f.yaml:2:4: the file is not UTF-8 text")


def test_a_file_that_is_too_large_is_not_read_through(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"a" * 3 * 1024**2)
    assert "the file is larger than 2097152 bytes" in file_mistake(tmp_path / "f.yaml")


def test_an_unreadable_file_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(builtins, "open", refuse)
    assert "the file cannot be read: Permission denied" in file_mistake(tmp_path / "f.yaml")


def test_a_name_that_is_neither_shipped_nor_a_file_suggests_a_near_one() -> None:
    found = file_mistake("eyeris_like")
    assert "there is no file and no shipped name `eyeris_like`" in found
    assert "did you mean `eyeriss_like`?" in found
    assert found.startswith("eyeris_like: ")


def test_a_shipped_name_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Path(spec.find("architectures", "eyeriss_like")).is_file()
    assert {"eyeriss_like", "teaching"} <= set(spec.shipped("architectures"))


def test_a_shipped_name_wins_over_a_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "teaching").write_text("a: 1\n")
    assert spec.find("architectures", "./teaching") == "./teaching"
    assert spec.find("architectures", "teaching").endswith("teaching.yaml")


@pytest.mark.parametrize("source", [3, None, ["a"]])
def test_what_is_no_source_is_refused(source: Any) -> None:
    assert "is no source of architectures" in file_mistake(source)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, b"x"])
def test_python_values_that_yaml_cannot_say_are_refused(value: object) -> None:
    with pytest.raises(SpecError, match=r"a\[0\]: a value of type"):
        spec.read({"a": [value]}, "architectures")


def test_python_data_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(SpecError, match="nested more than 64 deep"):
        spec.read({"a": loop}, "architectures")


def test_dumped_data_is_read_back() -> None:
    data = {"name": "x", "items": [{"a": 1, "b": "64 KiB"}], "flag": True, "word": "true"}
    assert spec.parse(spec.dump(data)) is not None
    assert "word: 'true'" in spec.dump(data)


def test_reading_python_data_does_not_import_yaml() -> None:
    program = "import sys; from polymap import spec; spec.read({'a': 1}, 'x'); print('yaml' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_spec_error(text: str) -> None:
    with suppress(SpecError):
        spec.parse(text)


@given(st.text(alphabet="ab:-[]{}&*x,#'\"|> \n\t!", max_size=40))
def test_any_text_of_yaml_signs_is_read_or_refused_with_a_spec_error(text: str) -> None:
    with suppress(SpecError):
        spec.parse(text)
