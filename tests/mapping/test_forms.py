"""The forms of a mapping: text, YAML, plain lists; each is read back as it was written."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymap import spec
from polymap.errors import SpecError
from polymap.mapping import Mapping, Spatial, Storage, Temporal, mapping, parse_mapping, to_list, to_text

EXAMPLE = Mapping(
    (
        Storage("DRAM", ("I", "W", "O")),
        Temporal("p", 4),
        Storage("GLB", ("I", "O")),
        Spatial("k", 8, "X"),
        Spatial("c", 2, "PE.Y"),
        Storage("spad", ("W",)),
    )
)
TEXT = """\
DRAM holds I W O
for p in 4
GLB holds I O
parallel k in 8 on X
parallel c in 2 on PE.Y
spad holds W
compute"""
LIST = [
    {"storage": "DRAM", "tensors": ["I", "W", "O"]},
    {"for": "p", "in": 4},
    {"storage": "GLB", "tensors": ["I", "O"]},
    {"parallel": "k", "in": 8, "on": "X"},
    {"parallel": "c", "in": 2, "on": "PE.Y"},
    {"storage": "spad", "tensors": ["W"]},
    "compute",
]

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,6}", fullmatch=True)
odd_names = st.sampled_from(["for", "in", "on", "holds", "parallel", "compute", "true", "no", "null", "x1"])
trips = st.integers(1, 2**31 - 1)
nodes = st.one_of(
    st.builds(Storage, names | odd_names, st.lists(names | odd_names, min_size=1, max_size=4).map(tuple)),
    st.builds(Temporal, names | odd_names, trips),
    st.builds(Spatial, names | odd_names, trips, names | odd_names),
)
mappings = st.builds(Mapping, st.lists(nodes, max_size=8).map(tuple))


def complaints(source: object) -> list[str]:
    with pytest.raises(SpecError) as caught:
        mapping(source)  # type: ignore[arg-type]
    return [str(mistake).split("\n")[0] for mistake in caught.value.mistakes]


def test_a_mapping_is_printed_one_node_per_line_with_compute_last() -> None:
    assert str(EXAMPLE) == EXAMPLE.text() == TEXT


def test_a_mapping_is_plain_data() -> None:
    assert to_list(EXAMPLE) == LIST


@given(mappings)
def test_text_is_read_back_as_written(nest: Mapping) -> None:
    assert parse_mapping(str(nest)) == nest
    assert parse_mapping(to_text(nest, ["a comment: of", "two # lines"])) == nest


@given(mappings)
def test_plain_data_yaml_and_json_are_read_back_as_written(nest: Mapping) -> None:
    document = {"polymap": "mapping/1", "nodes": to_list(nest)}
    assert mapping(to_list(nest)) == mapping(document) == nest
    assert mapping(spec.dump(document)) == nest
    assert mapping(json.dumps(document, indent=1)) == nest


def test_a_mapping_is_its_own_source() -> None:
    assert mapping(EXAMPLE) is EXAMPLE


def test_comments_blank_lines_and_indentation_are_free() -> None:
    text = "# nest\n\nDRAM holds I W O # all\n  for p in 4\r\n\tGLB holds I O\n\n"
    assert mapping(text + "\n".join(TEXT.split("\n")[3:]) + "\n  # end\n") == EXAMPLE


def test_a_file_may_hold_either_form(tmp_path: Path) -> None:
    text, yaml = tmp_path / "nest.txt", tmp_path / "nest.yaml"
    text.write_text(to_text(EXAMPLE, ["energy: 3 pJ"]))
    yaml.write_text(spec.dump({"polymap": "mapping/1", "name": "x", "nodes": LIST}))
    assert mapping(text) == mapping(str(text)) == mapping(yaml) == mapping(str(yaml)) == EXAMPLE


def test_a_list_may_hold_lines_of_the_text_form() -> None:
    assert mapping(TEXT.split("\n")) == EXAMPLE


def test_comments_of_a_written_file_stand_above_the_nest() -> None:
    assert to_text(EXAMPLE, ["gemm on x", "", "two\nlines"]) == f"# gemm on x\n#\n# two\n# lines\n{TEXT}\n"


def test_all_wrong_lines_are_reported_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "nest.txt"
    path.write_text("DRAM holds\n  for p in 0\nfor q = 3\nparallel k in 4\nparallel k in x on X\ncompute\nfor p in 3\n")
    assert complaints(path) == [
        f"{path}:1:1: cannot read 'DRAM holds'",
        f"{path}:2:3: the loop over p makes 0 trips",
        f"{path}:3:1: cannot read 'for q = 3'",
        f"{path}:4:1: cannot read 'parallel k in 4'",
        f"{path}:5:1: cannot read 'parallel k in x on X'",
        f"{path}:7:1: nothing may follow 'compute'",
    ]


@pytest.mark.parametrize("trip", ["0", "-3", "2147483648", "99999999999999999999"])
def test_a_loop_makes_1_to_2_to_the_31_trips(trip: str) -> None:
    assert complaints(f"for p in {trip}\ncompute") == [f"<text>:1:1: the loop over p makes {int(trip)} trips"]
    assert complaints([{"for": "p", "in": int(trip)}, "compute"])


def test_a_mapping_ends_with_compute() -> None:
    assert complaints("for p in 4\n") == ["<text>:2:1: the mapping does not end with 'compute'"]
    assert complaints([{"for": "p", "in": 4}]) == ["nodes: the list does not end with `compute`"]
    assert complaints([]) == ["nodes: the list does not end with `compute`"]


def test_all_wrong_nodes_of_a_document_are_reported_with_their_places() -> None:
    text = """\
polymap: mapping/1
workload: 3
nodes:
  - {for: p, in: 4, on: X}
  - {storage: DRAM, tensors: []}
  - {storage: DRAM, tensors: I}
  - {for: p, in: many}
  - {for: [p], in: 4}
  - 7
  - compute
  - {parallel: k, in: 2, on: X Y}
  - compute
size: 3
"""
    assert complaints(text) == [
        "<text>:4:5 (nodes[0]): cannot read `{for: p, in: 4, on: X}`",
        "<text>:5:5 (nodes[1]): no tensors are listed",
        "<text>:6:5 (nodes[2]): no tensors are listed",
        "<text>:7:5 (nodes[3]): `many` is not a number",
        "<text>:8:5 (nodes[4]): a list is no name",
        "<text>:9:5 (nodes[5]): cannot read '7'",
        "<text>:10:5 (nodes[6]): nothing may follow 'compute'",
        "<text>:11:5 (nodes[7]): `X Y` is no name",
        "<text>:13:1 (size): `size` is not a key here",
    ]


def test_nodes_are_a_list() -> None:
    assert complaints({"nodes": 3}) == ["nodes: `3` stands where a list belongs"]
    assert complaints({"name": "x"}) == ["`nodes` is missing"]


def test_what_is_no_source_is_refused() -> None:
    assert complaints(3) == ["3 is no mapping"]


@given(st.text(alphabet="for in4pDhlsce\n#:{}[]-", max_size=40))
def test_any_text_is_read_or_refused_with_a_spec_error(text: str) -> None:
    with suppress(SpecError):
        mapping(text + "\n")
