"""Tables of components: rows answer as they were measured, and a wrong file is told with its line and column."""

from __future__ import annotations

import pytest

from polymap.components.component import Component
from polymap.components.read import called
from polymap.components.registry import Registry
from polymap.components.scaling import scaled
from polymap.components.table_read import tables
from polymap.components.technology import Technology
from polymap.errors import SpecError

TABLE = """\
# measured on a chip
component, width [b], kind, action, energy [pJ], delay, area [um2], leakage [uW], node [nm], scales_as, error, source
store, 16, fast, read, 0.8, 2 ns, 120, 3, 28, , 10 %, "chip, page 3"
store, 16, fast, write, 1.1, , , , 28, , 10 %, "chip, page 3"
store, 32, fast, read, 1.5, , 230, , 28, sram_macro, , chip
store, 32, fast, read, 4.5, , 900, , 65, sram_macro, , old chip
link, , , send, 2.5, , , , , , 0.3, data sheet
"""
AT_28 = {"node": "28 nm"}


def store(width: str, technology: dict[str, object] | None = None, text: str = TABLE) -> Component:
    return called("store", {"width": width, "kind": "fast"}, Registry(tables(text, "parts.csv")), technology or AT_28)


def test_a_row_answers_as_it_was_measured() -> None:
    found = store("16 b")
    assert found.actions == ("read", "write")
    assert found.action("read").energy_pj == 0.8
    assert found.action("read").delay_ns == 2.0
    assert found.action("write").energy_pj == 1.1
    assert (found.area_um2, found.leakage_uw) == (120.0, 3.0)
    assert found.action("read").energy.sigma == 0.1
    assert "parts.csv, line 3: 0.8 pJ" in found.explain("read")
    assert "source chip, page 3" in found.explain("read")


def test_attributes_are_amounts_in_whatever_unit_they_are_written() -> None:
    assert store("2 B") == store("16 b")


def test_classes_of_one_file_are_models_of_their_own() -> None:
    link = called("link", {}, Registry(tables(TABLE, "parts.csv")))
    assert link.action("send").energy_pj == 2.5
    assert link.action("send").energy.sigma == 0.3


@pytest.mark.parametrize(
    ("width", "technology", "message"),
    [
        ("24 b", AT_28, "no row has width 24 b, kind fast; it has `width`: 16 b, 32 b"),
        ("16 b", {"node": "45 nm"}, "its rows are of 28 nm HP, 300 K, not of 45 nm HP, 300 K"),
        ("16 b", {"node": "28 nm", "family": "lp"}, "not of 28 nm LP"),
        ("16", AT_28, "no row has width 16"),
        ("-16 b", AT_28, "`-16 b` is negative"),
    ],
)
def test_what_no_row_is_of_is_refused(width: str, technology: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError) as raised:
        store(width, technology)
    assert message in str(raised.value).replace("\n    mend: ", "; ")


def test_a_row_that_scales_answers_by_its_law_from_the_nearest_node() -> None:
    there = store("32 b", {"node": "22 nm"}).action("read").energy
    made, asked = Technology(28.0), Technology(22.0)
    assert there.value == scaled(store("32 b").action("read").energy, "sram_macro", made, asked).value
    assert there.value < 1.5
    assert store("32 b", {"node": "65 nm"}).action("read").energy_pj == 4.5
    assert "from 28 nm HP, 300 K to 22 nm HP, 300 K" in store("32 b", {"node": "22 nm"}).explain("read")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("energy [pJ]", "enrgy [pJ]", "parts.csv:2: the column `energy` is missing"),
        ("leakage [uW]", "leakge [uW]", "parts.csv:2: `leakge` is not a column after `action`"),
        (
            "leakage [uW]",
            "leakge [uW]",
            "did you mean `leakage`? the header is: component, ATTRIBUTE",
        ),
        ("energy [pJ]", "energy [uW]", "`uW` in `energy` is not a unit of energy"),
        ("width [b]", "width [bq]", "`bq` in `width` is not a unit"),
        (", source", "", "the column `source` is missing"),
        ("component, width", "width, component", "the first column is `width`"),
        ("delay, area", "area, area", "two columns are called `area`"),
        ("store, 16, fast, read", "store, 16, read", "parts.csv:3: the row has 11 cells, and the header 12"),
        ("0.8", "-0.8", "parts.csv:3 (energy): `-0.8 pJ` is negative"),
        ("2 ns", "2", "parts.csv:3 (delay): `2` has no unit (time)"),
        ("store, 16, fast, write", "store, x, fast, write", "parts.csv:4 (width): `x` is not a number"),
        ("10 %", "ten", "parts.csv:3 (error): `ten` is not a number"),
        ("65, sram_macro", ", sram_macro", "parts.csv:6 (node): the node is missing"),
        ("65, sram_macro", "65, sarm_macro", "did you mean `sram_macro`?"),
        (
            "65, sram_macro",
            "28, sram_macro",
            "parts.csv:6: component, attributes, action and technology are",
        ),
        ("old chip", "", "parts.csv:6 (source): the source is missing"),
        ("link,", "3,", "parts.csv:7 (component): `3` is not a name"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_where_it_stands(old: str, new: str, message: str) -> None:
    assert old in TABLE
    with pytest.raises(SpecError) as raised:
        tables(TABLE.replace(old, new, 1), "parts.csv")
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ["", "# nothing\n", TABLE.splitlines()[1], "a\0b,c\n", '"open\n', "\ufeff,,\n"])
def test_a_file_that_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        tables(text, "parts.csv")


def test_a_cell_longer_than_is_read_is_told_with_its_line() -> None:
    with pytest.raises(SpecError) as raised:
        tables(TABLE + "link, , , send, " + "1" * 140_000 + "\n", "parts.csv")
    assert "parts.csv:8: the line cannot be read: field larger than field limit" in str(raised.value)
