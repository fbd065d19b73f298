"""Levels whose numbers come from component models: what the file says outright counts, the model gives the rest."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import polymap as pm
from polymap.architecture import Architecture, architecture
from polymap.components.estimate import Estimate, Origin
from polymap.components.model import Action, Attribute, Given, Model
from polymap.components.registry import Registry
from polymap.errors import SpecError
from polymap.quantity import capacity_bits, number, width_bits


def amount(value: float, unit: str, what: str = "a model of these tests") -> Estimate:
    return Estimate(value, unit, Origin(what, "invented", value, unit), (("invented", 0.2),))


class Store(Model):
    """Reads and writes that cost by width, capacity and node."""

    name, prices, source = "store_model", "store", "invented"
    attributes = (Attribute("capacity", capacity_bits, "b"), Attribute("width", width_bits, "b"))
    actions = (
        Action("read", (Attribute("density", lambda value: float(number(value)), default=0.5),)),
        Action("write"),
    )

    def energy(self, action: str, given: Given) -> Estimate:
        per_bit = 0.1 * given["density"] * 2 if action == "read" else 0.3
        return amount(given["width"] * per_bit, "pJ").times(given.technology.node_nm / 45, "the node")

    def area(self, given: Given) -> Estimate:
        return amount(given["capacity"] * 0.5, "um2")

    def leakage(self, given: Given) -> Estimate:
        return amount(given["capacity"] * 1e-3, "uW")


class Unit(Model):
    """A unit that computes; nobody knows what it leaks."""

    name, prices, source = "unit_model", "unit", "invented"
    actions = (Action("compute"),)

    def energy(self, action: str, given: Given) -> Estimate:
        return amount(1 / 3, "pJ")

    def area(self, given: Given) -> Estimate:
        return amount(100.0, "um2")


REGISTRY = Registry([Store(), Unit()])
FILE = """\
polymap: architecture/1
name: priced
technology: {node: 45 nm}
clock: 200 MHz
hierarchy:
  - memory: DRAM
    width: 64 b
    energy: {read: 100 pJ, write: 200 pJ}
  - memory: buffer
    capacity: 1024 b
    width: 16 b
    component: store
  - compute: MAC
    component: unit
    leakage: 0 W
"""


def read(*changes: tuple[str, str]) -> Architecture:
    text = FILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return architecture(text, REGISTRY)


def mistakes(*changes: tuple[str, str]) -> str:
    with pytest.raises(pm.SpecError) as raised:
        read(*changes)
    return str(raised.value)


def test_a_component_gives_what_the_file_leaves_out() -> None:
    buffer = read().memory("buffer")
    assert (buffer.read_pj, buffer.write_pj, buffer.update_pj) == (Fraction(8, 5), Fraction(24, 5), Fraction(24, 5))
    assert (buffer.area_um2, buffer.leakage_w) == (512.0, Fraction(1024, 10**9))
    assert [what for what, _ in buffer.estimates] == ["read", "write", "leakage", "area"]


def test_what_the_file_says_outright_counts_and_is_no_estimate() -> None:
    changed = read(("component: store", "component: store\n    energy: {read: 7 pJ}\n    area: 3 um2"))
    buffer = changed.memory("buffer")
    assert (buffer.read_pj, buffer.write_pj, buffer.area_um2) == (7, Fraction(24, 5), 3.0)
    assert [what for what, _ in buffer.estimates] == ["write", "leakage"]


def test_numbers_of_models_are_rounded_to_six_digits() -> None:
    assert read().compute.energy_pj == Fraction(333333, 10**6)


def test_a_component_may_say_the_width() -> None:
    wide = read(("    width: 16 b\n    component: store", "    component: {store: {width: 32 b}}"))
    assert (wide.memory("buffer").width_bits, wide.memory("buffer").read_pj) == (32, Fraction(16, 5))


def test_two_widths_must_be_one() -> None:
    assert "accesses are 32 b wide, the memory's 16 b" in mistakes(("store", "{store: {width: 32 b}}"))


def test_the_node_of_the_file_or_of_the_component_changes_the_energy() -> None:
    assert read(("45 nm", "90 nm")).memory("buffer").read_pj == Fraction(16, 5)
    own = read(("component: store", "component: {store: {}, technology: {node: 90 nm}}"))
    assert own.memory("buffer").read_pj == Fraction(16, 5)


def test_arguments_of_actions_change_their_energy() -> None:
    denser = read(("component: store", "component: store\n    arguments: {read: {density: 1}}"))
    assert denser.memory("buffer").read_pj == Fraction(16, 5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    leakage: 0 W\n", "", "14:16 (hierarchy[2].component): the component of a compute level has no leakage"),
        ("component: unit", "component: {store: {capacity: 8 b, width: 8 b}}", "has no action `compute`"),
        ("component: store", "component: stroe", "no model prices `stroe`\n    mend: did you mean `store`?"),
        ("component: store", "arguments: {read: {density: 1}}", "and there is none"),
        ("component: store", "component: store\n    arguments: {raed: {density: 1}}", "`raed` is not a key here"),
        ("component: store", "component: store\n    arguments: {read: {dnesity: 1}}", "has no argument `dnesity`"),
        ("component: store", "component: store\n    arguments: {read: {density: much}}", "`much` is not a number"),
        ("width: 16 b\n", "word: 8 b\n", "needs `width`"),
        ("node: 45 nm", "node: -45 nm", "`-45 nm` is negative"),
        ("{node: 45 nm}", "{node: 45 nm, family: cmos}", "`cmos` is not a family of devices"),
    ],
)
def test_mistakes_say_where_and_how_to_mend(old: str, new: str, message: str) -> None:
    found = mistakes((old, new))
    assert message in found
    assert "<text>:" in found


def test_all_mistakes_at_once() -> None:
    found = mistakes(("component: store", "component: stroe"), ("    leakage: 0 W\n", ""))
    assert "stroe" in found
    assert "no leakage" in found


def test_the_optimum_moves_with_the_node_and_tells_its_interval() -> None:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4)
    small, large = (pm.optimize(work, read(("45 nm", node))) for node in ("45 nm", "180 nm"))
    assert large.energy_pj > small.energy_pj
    assert 0 < small.energy_estimate.sigma < 0.2
    assert pm.verify(small.to_dict()).status == "confirmed"


FOLDER = """\
polymap: architecture/1
name: own
clock: 1 GHz
components: parts
hierarchy:
  - {memory: DRAM, width: 64 b, component: far}
  - {compute: MAC, component: {near: {}}}
"""
ROWS = "component, action, energy [pJ], area [um2], leakage [uW], source\n"


def test_a_file_names_the_folder_of_its_own_components_beside_it(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    rows = "far, read, 9, 1, 2, x\nfar, write, 8, , , x\nnear, compute, 2, 3, 4, x\n"
    (tmp_path / "parts" / "mine.csv").write_text(ROWS + rows, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(FOLDER, encoding="utf-8")
    found = architecture(tmp_path / "own.yaml")
    assert (found.memories[0].read_pj, found.memories[0].write_pj, found.memories[0].area_um2) == (9, 8, 1.0)
    assert (found.compute.energy_pj, found.compute.leakage_w) == (2, Fraction(4, 10**6))


def test_mistakes_in_the_folder_of_components_are_mistakes_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(FOLDER, encoding="utf-8")
    with pytest.raises(SpecError) as raised:
        architecture(tmp_path / "own.yaml")
    assert "no folder of components" in str(raised.value)


def test_a_memory_offers_the_words_that_its_capacity_and_width_make(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    rows = "component, words, action, energy [pJ], source\nfar, , read, 9, x\nfar, , write, 8, x\n"
    near = "near, 32, read, 1, x\nnear, 32, write, 2, x\n"
    (tmp_path / "parts" / "mine.csv").write_text(rows + near, encoding="utf-8")
    nothing = "area: 0 um2, leakage: 0 W"
    text = FOLDER.replace("component: far}", f"component: far, {nothing}}}")
    text = text.replace("  - {compute: MAC, component: {near: {}}}", "  - {compute: MAC, energy: 1 pJ}")
    memory = f"  - {{memory: near, capacity: 512 b, width: 16 b, component: near, {nothing}}}\n  - {{compute"
    (tmp_path / "own.yaml").write_text(text.replace("  - {compute", memory), encoding="utf-8")
    assert architecture(tmp_path / "own.yaml").memories[1].read_pj == 1
    (tmp_path / "own.yaml").write_text(text.replace("  - {compute", memory.replace("512 b", "256 b")), encoding="utf-8")
    with pytest.raises(SpecError, match="no row has words 16"):
        architecture(tmp_path / "own.yaml")
