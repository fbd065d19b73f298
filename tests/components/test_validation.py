"""Published chips: the page of the documentation is what models say, and the errors they state are measured there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from polymap.components import crossbar, dac

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "design" / "components_validation.md"
CHIP_PAGE = ROOT / "docs" / "design" / "eyeriss_validation.md"


@pytest.fixture(scope="module")
def compare() -> Iterator[ModuleType]:
    """The benchmark's module; its folder is on the path for as long as the tests run."""
    folder = str(ROOT / "benchmarks" / "validation")
    sys.path.insert(0, folder)
    yield import_module("compare")
    sys.path.remove(folder)
    for name in ("compare", "read", "chips"):
        sys.modules.pop(name, None)


def test_the_page_is_what_the_command_prints(compare: ModuleType) -> None:
    is_current = PAGE.read_text(encoding="utf-8") == compare.document()
    assert is_current, "models have changed: run `python benchmarks/validation --write` and look at the difference"


def test_stated_errors_are_those_that_were_measured(compare: ModuleType) -> None:
    measured = {kind: compare.spread(rows) for kind, rows in compare.counted(compare.macros()).items()}
    assert pytest.approx(measured["array, energy"], abs=0.01) == crossbar.SIGMA_ENERGY
    assert pytest.approx(measured["array, area"], abs=0.01) == crossbar.SIGMA_AREA
    assert pytest.approx(measured["capacitor dac, energy"], abs=0.01) == dac.SIGMA_LEAST
    assert measured["ladder dac, energy"] < dac.SIGMA


def test_figures_from_memory_count_nowhere(compare: ModuleType) -> None:
    found = compare.macros()
    assert any(row.from_memory for macro in found for row in macro.rows)
    assert not any(row.from_memory for rows in compare.counted(found).values() for row in rows)


# How far the rows of a group are off that is fitted to one of them: of data values, and of adders of few bits, by more.
OFF = {"values": 0.30, "bits": 0.36}


def test_the_shape_of_the_models_holds_where_they_are_fitted_once(compare: ModuleType) -> None:
    """Over supplies and precisions within 15 %."""
    for macro in compare.macros():
        fitted = compare.factors(macro.rows)
        for row in macro.rows:
            if row.group:
                assert row.raw * fitted[row.group] == pytest.approx(row.published, rel=OFF.get(row.group, 0.15)), (
                    row.what
                )


def test_albireos_powers_follow_from_its_structure(compare: ModuleType) -> None:
    """Published powers have two digits; the laser's and the TIA's smallest ones have one."""
    (albireo,) = [macro for macro in compare.macros() if macro.name == "Albireo 2021"]
    devices = [row for row in albireo.rows if row.kind == "photonic"]
    assert all(row.raw == pytest.approx(row.published, rel=0.2) for row in devices)
    assert sum(row.raw == pytest.approx(row.published, rel=0.04) for row in devices) >= len(devices) - 2


def test_a_layer_of_the_chip_is_what_its_page_says(compare: ModuleType) -> None:
    chips = import_module("chips")
    (conv4,) = [layer for layer in chips.ALEXNET if layer.name == "conv4"]
    assert chips.line(chips.priced(conv4)) in CHIP_PAGE.read_text(encoding="utf-8").splitlines()
