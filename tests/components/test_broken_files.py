"""Files of components with anything cut out of them or put in: an answer or a `SpecError`, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polymap.components.plugins import registry
from polymap.components.read import called
from polymap.errors import SpecError
from polymap.frontends.other_tools import convert
from tests.components.test_compound import BUFFER
from tests.frontends.test_accelergy import BUFFER as SMART
from tests.frontends.test_accelergy import ERT, NETWORK

PIECES = (
    *("{", "}", "[", "]", ": ", "- ", "\n", "  ", "'", '"', ",", "#", "&a ", "*a ", "<<: *a", "~", "\t", "\0", "é"),
    *("0", "-1", "1e400", "9**9**9", "10**20", "null", "true", "must_specify", "width", "storage", "store", "if", ".."),
)
PARTS = """\
component, width [b], banks, bits, action, energy [pJ], area [um2], leakage [uW], error, source
store, 16, 2, , read, 1, 2, 3, 10 %, a test
add, , , 6, add, 0.1, 0.2, 0.3, , a test
"""
FILES = (("buffer.yaml", BUFFER.replace("with: {activity: activity / 2}", "times: activity / 2")), ("parts.csv", PARTS))
BREAKS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES)), min_size=1, max_size=4)
AS_MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def broken(text: str, breaks: list[tuple[float, int, str]]) -> str:
    for share, length, piece in breaks:
        at = int(share * len(text))
        text = text[:at] + piece + text[at + length :]
    return text


@AS_MANY
@given(BREAKS, st.sampled_from([name for name, _ in FILES]))
def test_a_broken_folder_answers_or_says_what_is_wrong(
    tmp_path: Path, breaks: list[tuple[float, int, str]], file: str
) -> None:
    for name, text in FILES:
        (tmp_path / name).write_text(broken(text, breaks) if name == file else text, encoding="utf-8")
    with suppress(SpecError):
        called("buffer", {"width": "8 b"}, registry(str(tmp_path)), {"node": "28 nm"}).explain()


def test_the_files_are_whole_before_they_are_broken(tmp_path: Path) -> None:
    for name, text in FILES:
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = called("buffer", {"width": "8 b"}, registry(str(tmp_path)))
    assert found.action("read").energy_pj == 0.5 + 3 * 0.1
    assert found.area_um2 == 2 + 2 * 0.2


@pytest.mark.parametrize("text", [SMART, NETWORK, ERT])
@AS_MANY
@given(breaks=BREAKS)
def test_a_broken_file_of_another_tool_is_converted_or_refused(
    tmp_path: Path, text: str, breaks: list[tuple[float, int, str]]
) -> None:
    (tmp_path / "in.yaml").write_text(broken(text, breaks), encoding="utf-8")
    with suppress(SpecError):
        assert isinstance(dict(convert([str(tmp_path / "in.yaml")]).files()), dict)
