"""Models of one's own: folders of compounds, tables and Python, and packages with entry points."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from polymap.cli import main
from polymap.components.plugins import installed, registry
from polymap.components.read import called
from polymap.errors import SpecError

PYTHON = """\
from polymap.components.estimate import Estimate
from polymap.components.model import Action, Model


class Mine(Model):
    name, prices, source = "mine", "gadget", "a test"
    actions = (Action("go"),)

    def energy(self, action, given):
        return Estimate.given(2.0, "pJ", "mine", self.source)

    def area(self, given):
        return Estimate.given(1.0, "um2", "mine")

    def leakage(self, given):
        return Estimate.given(0.0, "uW", "mine")


MODELS = (Mine(),)
"""
TABLE = "component, action, energy [pJ], source\nwidget, go, 3, a test\n"
COMPOUND = """\
polymap: component/1
component: pair
parts: {first: {component: gadget}, second: {component: widget}}
actions: {go: {does: [first.go, second.go]}}
"""

MACHINE = """\
polymap: architecture/1
name: one
clock: 1 GHz
hierarchy:
  - {memory: DRAM, width: 64 b, energy: {read: 512 pJ, write: 512 pJ}}
  - {compute: MAC, energy: 1 pJ, component: gadget}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("mine.py", PYTHON), ("widgets.csv", TABLE), ("pair.yaml", COMPOUND)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "_helper.py").write_text("raise ValueError", encoding="utf-8")
    (tmp_path / "machine.yaml").write_text("polymap: architecture/1\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("notes", encoding="utf-8")
    return tmp_path


def mistakes(folder: Path) -> str:
    with pytest.raises(SpecError) as raised:
        registry(str(folder))
    return str(raised.value)


def test_a_folder_holds_compounds_tables_and_python_that_use_each_other(folder: Path) -> None:
    found = called("pair", {}, registry(str(folder)))
    assert found.action("go").energy_pj == 5.0
    assert {"gadget", "widget", "pair", "adc"} <= set(registry(str(folder)).classes)


def test_without_a_folder_its_models_are_not_there(folder: Path) -> None:
    registry(str(folder))
    with pytest.raises(SpecError, match="no model prices `gadget`"):
        called("gadget", {}, registry())


def test_a_folder_that_is_none_is_told() -> None:
    with pytest.raises(SpecError, match="no folder of components: No such file or directory"):
        registry("nowhere")


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("import nothing_like_it\n", "mine.py:1: the plug-in"),
        (
            "import nothing_like_it\n",
            "loaded: ModuleNotFoundError: No module named 'nothing_like_it'",
        ),
        ("\nraise ValueError('no')\n", "mine.py:2: the plug-in"),
        ("x = 1\n\ny = (\n", "mine.py:3: the plug-in"),
        ("import sys\nsys.exit(3)\n", "mine.py:2: the plug-in"),
        ("x = 1\n", "the plug-in has no `MODELS`"),
        (PYTHON.replace('Action("go"),', 'Action("go"), Action("go"),'), "`go` is twice in `actions` of Mine"),
        ("MODEL = ()\n", "not `MODEL`"),
        ("MODELS = 3\n", "the plug-in gives int, not a tuple of models"),
        ("MODELS = (3,)\n", "`3` is no model"),
        (PYTHON.replace("Mine(),", "Mine,"), "write `Mine()`"),
        (PYTHON.replace('"mine", "gadget"', '"", "gadget"'), "Mine has no `name`"),
        (PYTHON.replace('Action("go"),', '"go",'), "`actions` of Mine are not all Actions"),
        (PYTHON.replace("def energy", "def enrgy"), "TypeError: Can't instantiate abstract class Mine"),
    ],
)
def test_a_plug_in_that_breaks_while_it_is_loaded_is_named(folder: Path, python: str, message: str) -> None:
    (folder / "mine.py").write_text(python, encoding="utf-8")
    assert message in mistakes(folder)


def test_a_plug_in_that_raises_is_named_with_its_line_and_not_replaced(folder: Path) -> None:
    text = PYTHON.replace('return Estimate.given(2.0, "pJ", "mine", self.source)', 'raise KeyError("row 7")')
    (folder / "mine.py").write_text(text, encoding="utf-8")
    (folder / "other.csv").write_text(TABLE.replace("widget", "gadget"), encoding="utf-8")
    with pytest.raises(SpecError) as raised:
        called("gadget", {}, registry(str(folder)))
    said = str(raised.value)
    assert "the model `mine` failed at the energy of `go`: KeyError: 'row 7'" in said
    assert "mine.py:10)" in said
    assert called("gadget", {}, registry(str(folder)), model="other").action("go").energy_pj == 3.0


def test_a_plug_in_that_exits_is_named(folder: Path) -> None:
    text = PYTHON.replace('return Estimate.given(2.0, "pJ", "mine", self.source)', "raise SystemExit(0)")
    (folder / "mine.py").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match="the model `mine` failed at the energy of `go`: SystemExit: 0"):
        called("gadget", {}, registry(str(folder)))


def test_what_a_plug_in_prints_is_no_part_of_an_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.py").write_text(PYTHON + "print('loading')\n", encoding="utf-8")
    registry(str(folder))
    assert capsys.readouterr() == ("", "loading\n")


def test_what_a_model_prints_is_no_part_of_a_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = PYTHON.replace("return Estimate", "print('pricing'); return Estimate")
    (folder / "mine.py").write_text(text, encoding="utf-8")
    machine = folder / "machine.yaml"
    machine.write_text(MACHINE, encoding="utf-8")
    assert main(["components", str(machine), "--folder", str(folder), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["architecture"] == "one"
    assert "pricing" in said.err


def test_the_mistakes_of_all_files_are_told_at_once(folder: Path) -> None:
    (folder / "mine.py").write_text("raise ValueError('no')", encoding="utf-8")
    (folder / "widgets.csv").write_text("a, b\n", encoding="utf-8")
    (folder / "pair.yaml").write_text("polymap: component/1\ncomponent: pair\n", encoding="utf-8")
    (folder / "broken.yaml").write_text("a: [", encoding="utf-8")
    said = mistakes(folder)
    assert "mine.py:1" in said
    assert "widgets.csv:1" in said
    assert "`parts` is missing" in said
    assert "broken.yaml:" in said


def test_two_compounds_of_one_name_are_refused(folder: Path) -> None:
    (folder / "pair2.yaml").write_text(COMPOUND, encoding="utf-8")
    assert "the compound `pair` is in" in mistakes(folder)


def package(root: Path, python: str) -> None:
    """An installed package whose entry point gives `MODELS`."""
    (root / "gadgets.py").write_text(python, encoding="utf-8")
    info = root / "gadgets-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gadgets\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[polymap.components]\nall = gadgets:MODELS\n", encoding="utf-8")


@pytest.mark.parametrize("breaks", [False, True])
def test_entry_points_of_installed_packages_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: bool
) -> None:
    package(tmp_path, "raise OSError('gone')" if breaks else PYTHON)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "gadgets", raising=False)
    if breaks:
        with pytest.raises(
            SpecError, match=r"the plug-in `all` \(gadgets:MODELS\) failed while it was loaded: OSError: gone"
        ):
            installed()
    else:
        assert [model.name for model in installed()] == ["mine"]
    sys.modules.pop("gadgets", None)


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("Estimate(2.0, 'pJ', Origin('mine', 'x', 2.0, 'pJ'), (('chip', -0.1),))", "the error `chip`"),
        ("Estimate(2.0, 'pJ', Origin('mine', 'x', 2.0, 'pJ'), (('chip', float('nan')),))", "the error `chip`"),
        ("Estimate(2.0, 'pJ', Origin('mine', 'x', 3.0, 'pJ'))", "it returned 2 pJ that its origin says is 3 pJ"),
        ("Estimate(2.0, 'pJ', Origin('mine', 'x', 2.0, 'um2'))", "it returned 2 pJ that its origin says is 2 um2"),
    ],
)
def test_an_amount_whose_error_or_origin_is_not_its_own_is_refused(folder: Path, returned: str, said: str) -> None:
    text = PYTHON.replace("import Estimate", "import Estimate, Origin")
    text = text.replace('Estimate.given(2.0, "pJ", "mine", self.source)', returned)
    (folder / "mine.py").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=f"the model `mine` failed at the energy of `go`: {said}"):
        called("gadget", {}, registry(str(folder)))
