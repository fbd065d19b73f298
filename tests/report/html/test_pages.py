"""Reports as HTML: every figure is the document's, nothing in a name is ever markup, and a browser is content."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import polymap as pm
from polymap.cli import main
from polymap.report.html.page import page
from tests.properties.exact_engines import LONG
from tests.report.html.pages import CHROMIUM, at, read, rendered

GEMM = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=16, n=16, k=16)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")


def plain(document: object) -> Any:
    return json.loads(json.dumps(document))


@pytest.fixture(scope="module")
def result() -> Any:
    return plain(pm.optimize(GEMM, "eyeriss_65nm", objective="edp").to_dict())


@pytest.fixture(scope="module")
def network() -> Any:
    return plain(pm.optimize("bert_large", "teaching").to_dict())


@pytest.fixture(scope="module")
def front() -> Any:
    return plain(pm.pareto(GEMM, "teaching").to_dict())


@pytest.mark.parametrize("kind", ["result", "network", "front"])
def test_every_figure_is_the_one_of_the_document(kind: str, request: pytest.FixtureRequest) -> None:
    document = request.getfixturevalue(kind)
    found = read(page([(document, "x.json")]))
    assert len(found.figures) > 20
    assert [(key, value) for key, value in found.figures if at(document, key) != value] == []


def test_the_page_carries_the_figures_as_data(result: Any) -> None:
    found = read(page([(result, "x.json")]))
    assert found.data["totals"] == result["totals"]
    assert found.data["levels"] == result["levels"]


def test_nothing_comes_from_a_network(result: Any) -> None:
    text = page([(result, "x.json")])
    assert "http:" not in text.replace("http://www.w3.org", "")
    assert 'src="' not in text
    assert "url(" not in text


def test_names_are_never_markup() -> None:
    bad = "</script><script>alert(1)</script><b>"
    work = pm.einsum("C[m] += A[m]", m=4, name=bad)
    document = plain(pm.optimize(work, "teaching").to_dict())
    text = page([(document, "x.json")])
    assert bad not in text
    found = read(text)
    assert found.scripts == 2
    assert found.data["totals"] == document["totals"]


def test_results_side_by_side_mark_what_differs(result: Any) -> None:
    other = plain(pm.optimize(GEMM, "eyeriss_like", objective="edp").to_dict())
    text = page([(result, "a.json"), (other, "b.json")])
    found = read(text)
    documents = [result, other]
    assert [(key, value) for key, value in found.figures if at(documents, key) != value] == []
    assert "eyeriss_65nm" in text
    assert '<th scope="col">a</th><th scope="col">b</th>' in text


def test_the_certificate_is_told_in_words(result: Any) -> None:
    text = page([(result, "x.json")])
    assert "that is proven" in text
    assert "cannot be better than the answer" in text


def test_a_front_has_a_point_for_every_mapping(front: Any) -> None:
    text = page([(front, "x.json")])
    assert text.count('class="point"') == len(front["points"])
    assert all(f'id="point-{n}"' in text for n in range(len(front["points"])))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d | {"schema": "polymap.result/0"}, "schema 'polymap.result/0' is no polymap.result/1"),
        (lambda d: {k: v for k, v in d.items() if k != "levels"}, "there is no `levels`"),
        (lambda d: d | {"inputs": {}}, "inputs.architecture"),
        (lambda d: d | {"mapping": 3}, "the document has no mapping"),
        (lambda d: [d], "is no polymap.result/1 document"),
    ],
)
def test_documents_that_are_none_are_refused(result: Any, change: Any, message: str) -> None:
    with pytest.raises(pm.SpecError) as raised:
        page([(change(result), "x.json")])
    assert message in str(raised.value)
    assert "x.json" in str(raised.value)


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a document."""
    found = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in found:
        yield (*above, key)
        yield from places(inner, (*above, key))


def damaged(document: Any, place: tuple[Any, ...], value: object) -> Any:
    """The document with another value at a place."""
    key, *below = place
    inner = damaged(document[key], tuple(below), value) if below else value
    if isinstance(document, list):
        return [*document[:key], inner, *document[key + 1 :]]
    return {**document, key: inner}


ODD = (None, True, -1, 10**400, 1.5, "", "x", [], [None], {}, {"level": 1})


@pytest.mark.parametrize("kind", ["result", "network", "front"])
@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_document_is_drawn_or_refused_with_its_place(
    kind: str, seed: int, request: pytest.FixtureRequest
) -> None:
    document, chance = request.getfixturevalue(kind), random.Random(seed)
    outside = [place for place in places(document) if "inputs" not in place]
    told: list[set[str]] = []
    for place in chance.sample(outside, 60):
        broken = damaged(document, place, chance.choice(ODD))
        try:
            page([(broken, "x.json")])
        except pm.SpecError as error:
            told.append({mistake.place.file for mistake in error.mistakes})
    assert len(told) > 5
    assert [files for files in told if files != {"x.json"}] == []


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (("inputs", "architecture", "value"), "layers.1.inputs.architecture.value"),
        (("inputs", "workload", "value"), "layers.1.inputs.workload.value"),
        (("mapping",), "layers.1.mapping"),
        (("mapping", 1), "layers.1.mapping[1]"),
    ],
)
def test_what_a_layer_does_not_carry_is_told_with_its_layer(network: Any, place: tuple[Any, ...], told: str) -> None:
    with pytest.raises(pm.SpecError) as raised:
        page([(damaged(network, ("layers", 1, *place), 3), "x.json")])
    assert [(mistake.place.file, mistake.place.path) for mistake in raised.value.mistakes] == [("x.json", told)]


def test_all_that_is_wrong_is_told_at_once(result: Any) -> None:
    broken = damaged(damaged(result, ("totals", "cycles"), "many"), ("levels", 1, "reads"), None)
    broken = damaged(broken, ("search", "certificate", "groups"), {})
    broken = damaged(broken, ("objective", "name"), "speed")
    with pytest.raises(pm.SpecError) as raised:
        page([(broken, "x.json")])
    assert [mistake.place.path for mistake in raised.value.mistakes] == [
        "objective.name",
        "totals.cycles",
        "levels.1.reads",
        "search.certificate.groups",
    ]


def test_inputs_that_were_changed_to_nonsense_are_told_as_that(result: Any) -> None:
    level = next(
        at for at, one in enumerate(result["inputs"]["architecture"]["value"]["hierarchy"]) if one["estimates"]
    )
    place = ("inputs", "architecture", "value", "hierarchy", level, "estimates", 0, 1, "told", "value")
    with pytest.raises(
        pm.SpecError, match="no page can be drawn of the inputs and the mapping: OverflowError"
    ) as raised:
        page([(damaged(result, place, 10**400), "x.json")])
    assert [(mistake.place.file, mistake.place.path) for mistake in raised.value.mistakes] == [("x.json", "inputs")]


def test_a_mistake_of_a_file_beside_others_has_its_place_in_that_file(result: Any) -> None:
    broken = damaged(result, ("totals", "cycles"), "many")
    with pytest.raises(pm.SpecError) as raised:
        page([(result, "a.json"), (broken, "b.json")])
    assert [(mistake.place.file, mistake.place.path) for mistake in raised.value.mistakes] == [
        ("b.json", "totals.cycles")
    ]


def test_names_that_the_machine_does_not_have_are_told(result: Any) -> None:
    broken = damaged(damaged(result, ("levels", 0, "level"), "L7"), ("compute", "level"), "GPU")
    broken = damaged(broken, ("components",), result["components"][1:])
    with pytest.raises(pm.SpecError) as raised:
        page([(broken, "x.json")])
    told = {mistake.place.path: mistake.message for mistake in raised.value.mistakes}
    assert list(told) == ["levels.0.level", "compute.level", "components"]
    assert told["levels.0.level"] == "there is no level `L7`"


def test_an_area_that_no_number_holds_is_left_out(result: Any) -> None:
    unknown = damaged(result, ("totals", "area_um2"), None)
    text = page([(unknown, "a.json"), (result, "b.json")])
    assert "<tr><td>area</td><td>-</td><td " in text


def test_the_most_used_machine_and_stated_areas_are_marked(result: Any) -> None:
    other = plain(pm.optimize(GEMM, "teaching", objective="edp").to_dict())
    assert other["totals"]["utilization"] > result["totals"]["utilization"]
    assert (other["totals"]["area_um2"], result["totals"]["area_um2"] > 0) == (0, True)
    text = page([(result, "a.json"), (other, "b.json")])
    bold = f'data-key="1.totals.utilization" data-value="{other["totals"]["utilization"]}"><b>'
    assert bold in text
    assert 'data-key="0.totals.utilization"' in text.partition(bold)[0]
    area = text.partition("<td>area</td>")[2].partition("</tr>")[0]
    assert area.endswith("<td>-</td>")
    assert "<b>" not in area


def test_the_command_writes_all_or_nothing(tmp_path: Path, result: Any, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.json").write_text(json.dumps(result))
    (tmp_path / "cut.json").write_text(json.dumps(result)[:-50])
    target = tmp_path / "out.html"
    assert main(["report", str(tmp_path / "cut.json"), "-o", str(target)]) == 1
    assert "this is no JSON" in capsys.readouterr().err
    assert not target.exists()
    assert main(["report", str(tmp_path / "r.json"), "-o", str(tmp_path)]) == 1
    assert "a file is to be written here, but this is a folder" in capsys.readouterr().err
    assert main(["report", str(tmp_path / "r.json"), "-o", str(tmp_path / "no" / "out.html")]) == 1
    assert "there is no such folder" in capsys.readouterr().err
    assert main(["report", str(tmp_path / "r.json"), "-o", str(target)]) == 0
    assert target.read_text().startswith("<!doctype html>")


def many(network: Any, layers: int) -> Any:
    """The document of a network with many layers, each of its own name."""
    named = [dict(network["layers"][n % len(network["layers"])], name=f"layer{n}") for n in range(layers)]
    return {**network, "layers": named}


def test_a_layer_takes_less_than_ten_kilobytes(network: Any) -> None:
    sizes = [len(page([(many(network, layers), "x.json")]).encode()) for layers in (10, 60)]
    assert sizes[1] - sizes[0] < 50 * 10_000


@needs_browser
@pytest.mark.parametrize("kind", ["result", "network", "front"])
def test_a_browser_opens_it_without_complaint(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    document = request.getfixturevalue(kind)
    file = tmp_path / "page.html"
    file.write_text(page([(document, "x.json")]))
    dom, console = rendered(file, tmp_path / "profile")
    assert console == []
    figures = read(dom).figures
    assert len(figures) > 5
    assert [(key, value) for key, value in figures if at(document, key) != value] == []


@needs_browser
def test_a_point_of_a_front_opens_by_its_link(front: Any, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(page([(front, "x.json")]).replace("</body>", "<script>location.hash = 'point-0'</script></body>"))
    dom, console = rendered(file, tmp_path / "profile")
    assert console == []
    assert '<details class="lazy" id="point-0" open="">' in dom
    opened = dom[dom.index('id="point-0"') :]
    assert 'class="nest"' in opened.partition("</details>")[0]


@needs_browser
@pytest.mark.skipif(not LONG, reason="a page of many megabytes: POLYMAP_FUZZ=long runs it")
def test_two_thousand_layers_open(network: Any, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    text = page([(many(network, 2000), "x.json")])
    assert len(text.encode()) < 20e6
    file.write_text(text)
    dom, console = rendered(file, tmp_path / "profile")
    assert console == []
    assert dom.count('class="lazy"') == 2000
