"""`polymap verify` on fronts: each point, that none is missing between them, and that none is beyond the last."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polymap import verbs
from polymap.cli import main
from polymap.errors import PolymapError
from polymap.mapper.document import seal
from tests.cli.test_verify import ARCH, GEMM, Document, changed, differences


@pytest.fixture(scope="module")
def front() -> Document:
    """Four points over the size of the register file."""
    return dict(json.loads(verbs.pareto(GEMM, ARCH, axes="energy,size:RF").to_json()))


def test_a_front_is_confirmed_point_by_point_and_as_a_whole(front: Document, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "front.json"
    path.write_text(json.dumps(front))
    assert len(front["points"]) == 4
    assert main(["verify", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    checks = {(check["layer"], check["name"]): check for check in said["checks"]}
    assert said["status"] == "confirmed"
    assert checks["", "complete"]["proof"] == "proven again independently"
    assert all(checks[f"point {n}", "status"]["proof"] == "proven again independently" for n in (1, 2, 3, 4))


def test_a_point_that_was_taken_out_leaves_a_gap(front: Document) -> None:
    points = front["points"]
    for n in (1, 2):
        missing = {**front, "points": points[:n] + points[n + 1 :]}
        assert f"points[{n + 1}]" in differences({**missing, "sha256": seal(missing)})


def test_a_front_without_its_first_point_was_searched_under_conditions_that_it_does_not_state(front: Document) -> None:
    later = {**front, "points": front["points"][1:]}
    assert differences({**later, "sha256": seal(later)}) == ["subject_to"]
    condition = later["points"][0]["search"]["subject_to"][-1]
    honest = {**later, "subject_to": [condition]}
    assert condition.startswith("size:RF <= ")
    assert differences({**honest, "sha256": seal(honest)}) == []


def test_a_front_without_its_last_point_is_refuted(front: Document) -> None:
    shorter = {**front, "points": front["points"][:-1]}
    assert differences({**shorter, "sha256": seal(shorter)}) == ["complete"]
    honest = {**shorter, "complete": False}
    assert differences({**honest, "sha256": seal(honest)}) == []


def test_a_point_twice_is_no_front(front: Document) -> None:
    doubled = {**front, "points": [front["points"][0], *front["points"]]}
    assert "points[2]" in differences({**doubled, "sha256": seal(doubled)})


def test_a_front_that_was_changed_does_not_match_its_hash(front: Document) -> None:
    assert differences({**front, "complete": False}) == ["sha256"]
    assert "sha256" in differences({**front, "points": front["points"][::-1]})


def test_points_of_other_inputs_are_found(front: Document) -> None:
    other = json.loads(verbs.pareto(GEMM, ARCH.replace("200 pJ", "300 pJ"), axes="energy,size:RF").to_json())
    mixed = {**front, "points": [*front["points"][:3], other["points"][3]]}
    assert "points[4].inputs" in differences({**mixed, "sha256": seal(mixed)})


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (("points",), lambda _: []),
        (("axes",), lambda _: ["energy"]),
        (("axes",), lambda _: 3),
        (("tolerance",), lambda _: -1),
        (("points", 0, "schema"), lambda _: "polymap.pareto/1"),
    ],
)
def test_a_front_that_cannot_be_read_is_refused(
    front: Document, path: tuple[str | int, ...], change: Callable[[Any], Any]
) -> None:
    with pytest.raises(PolymapError):
        verbs.verify(changed(front, path, change))
