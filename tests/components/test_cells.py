"""Arrays of memory cells: the closed forms are the sums over every cell, input and stored value."""

from __future__ import annotations

import re
from itertools import product

import pytest

import polymap as pm
from polymap.components.cells import ATTRIBUTES, MODELS
from polymap.components.crossbar import LEVEL, PULSE, Crossbar
from polymap.components.memory_cells import cells
from polymap.components.model import REQUIRED, CannotPrice, Given
from polymap.components.technology import Technology
from polymap.components.values import Values
from polymap.errors import SpecError

(CIM,) = MODELS
UNIFORM = Values(0.5)
INPUTS, STORED = Values(histogram=(0.4, 0.1, 0.2, 0.3)), Values(histogram=(0.1, 0.2, 0.3, 0.4))


def asked(cell: str, node_nm: float = 32, voltage_v: float | None = None, **written: object) -> Given:
    defaults = {attribute.name: attribute.default for attribute in ATTRIBUTES if attribute.default is not REQUIRED}
    own = {"rows": 3, "columns": 2, "cell": cells()[cell]}
    values = {**defaults, "input": UNIFORM, "weight": UNIFORM, **own, **written}
    return Given(values, Technology(node_nm, voltage_v=voltage_v))


def pj(action: str, given: Given) -> float:
    return CIM.energy(action, given).value


def of_every_cell(given: Given) -> float:
    """pJ of all cells of a step: every combination of inputs and stored values, cell by cell, by Ohm's law or C V^2."""
    array, cell, inputs, stored = Crossbar.of(given), given["cell"], given["input"], given["weight"]
    rows, columns = given["rows"], given["columns"]
    levels = len(inputs.histogram) - 1
    energy = 0.0
    for xs in product(range(levels + 1), repeat=rows):
        for ws in product(range(levels + 1), repeat=rows * columns):
            probability, joules = 1.0, 0.0
            for row, x in enumerate(xs):
                probability *= inputs.histogram[x]
                for column in range(columns):
                    w = ws[row * columns + column]
                    probability *= stored.histogram[w]
                    joules += joules_of_cell(given, array, cell, x / levels, w / levels)
            energy += probability * joules
    return energy * 1e12


def joules_of_cell(given: Given, array: Crossbar, cell: object, x: float, w: float) -> float:
    volts = array.read_v * x if given["encoding"] == LEVEL else array.read_v
    share_of_time = 1.0 if given["encoding"] == LEVEL else x
    if cell.kind == "charge":
        return cell.compute_ff * 1e-15 * volts * volts * w * share_of_time
    on, off = 1 / (cell.on_ohm + cell.access_ohm), 1 / (cell.off_ohm + cell.access_ohm)
    amperes = volts * (off + (on - off) * w)
    return amperes * volts * share_of_time * cell.read_ns * 1e-9


@pytest.mark.parametrize("cell", ["rram_isaac", "rram_neurosim", "sram_wang"])
@pytest.mark.parametrize("encoding", [PULSE, LEVEL])
def test_cells_take_what_every_one_takes_on_average(cell: str, encoding: str) -> None:
    small = {"rows": 2, "columns": 2, "input": INPUTS, "weight": STORED, "input_bits": 2, "encoding": encoding}
    given = asked(cell, **small)
    assert 4 * pj("cell", given) == pytest.approx(of_every_cell(given), rel=1e-12)


def test_a_cell_follows_ohms_law() -> None:
    given = asked("rram_isaac", input=Values(1.0), weight=Values(1.0))
    assert pj("cell", given) == pytest.approx(0.2**2 / 1333 * 1e-9 * 1e12, rel=1e-12)
    off = asked("rram_isaac", input=Values(1.0), weight=Values(0.0))
    assert pj("cell", off) == pytest.approx(0.2**2 / 20000 * 1e-9 * 1e12, rel=1e-12)
    slow = asked("rram_isaac", input=Values(1.0), weight=Values(1.0), read_time=10.0)
    assert pj("cell", slow) == pytest.approx(10 * pj("cell", given), rel=1e-12)


@pytest.mark.parametrize("cell", ["rram_isaac", "rram_neurosim", "sram_jia"])
def test_a_step_is_the_sum_of_its_rows_columns_and_cells(cell: str) -> None:
    given = asked(cell, rows=7, columns=5)
    parts = 7 * pj("row", given) + 5 * pj("column", given) + 35 * pj("cell", given)
    assert pj("step", given) == pytest.approx(parts, rel=1e-12)


def test_a_row_charges_its_wire_gates_and_drivers() -> None:
    """At 45 nm, 1 V: 0.9636 fF/um of gate; cells of 48 F^2 with gates of 10 F; drivers take two thirds more."""
    given = asked("rram_neurosim", 45, 1.0, columns=100, input=Values(1.0))
    load_ff = 100 * (48**0.5 * 0.045 * 0.2 + 10 * 0.045 * 0.9636)
    assert pj("row", given) == pytest.approx(load_ff * 5 / 3 * 1e-3, rel=1e-3)


def test_the_supply_counts_in_squares_where_it_charges() -> None:
    low, high = (asked("sram_jia", 65, voltage_v=volts) for volts in (0.85, 1.2))
    assert pj("step", high) / pj("step", low) == pytest.approx((1.2 / 0.85) ** 2, rel=1e-12)


@pytest.mark.parametrize("cell", ["rram_isaac", "sram_jia"])
@pytest.mark.parametrize("attribute", ["rows", "columns"])
def test_larger_arrays_take_more_energy_area_and_leakage(cell: str, attribute: str) -> None:
    small, large = asked(cell, 45), asked(cell, 45, **{attribute: 64})
    assert pj("step", large) > pj("step", small)
    assert CIM.area(large).value > CIM.area(small).value
    assert CIM.leakage(large).value > CIM.leakage(small).value


def test_more_ones_cost_more_and_no_input_costs_no_cell() -> None:
    energies = [pj("step", asked("rram_isaac", input=Values(d), weight=Values(d))) for d in (0.0, 0.25, 0.5, 1.0)]
    assert energies == sorted(energies)
    assert pj("cell", asked("rram_isaac", input=Values(0.0))) == 0
    assert pj("row", asked("rram_isaac", input=Values(0.0))) == 0


def test_cells_have_their_area_in_squares_of_the_node() -> None:
    given = asked("rram_isaac", rows=128, columns=128)
    cells_um2 = 128 * 128 * 16 * 0.032**2
    assert CIM.area(given).origin.parts[0].value == pytest.approx(cells_um2)
    assert CIM.area(given).value > cells_um2


def test_programming_takes_the_stated_pulse_or_what_follows_from_it() -> None:
    assert pj("program", asked("rram_nvmexplorer")) == pytest.approx(0.6)
    assert pj("program", asked("rram_isaac")) == pytest.approx(2**2 / 1333 * 40e-9 * 1e12)
    assert CIM.delay("program", asked("rram_isaac")).value == 40


def test_a_cell_of_ones_own_changes_what_it_states() -> None:
    """Each attribute changes what it is for, and nothing else."""
    own, changed = asked("rram_isaac"), asked("rram_isaac", cell_area=32.0, program_energy=5.0)
    assert CIM.area(changed).origin.parts[0].value == pytest.approx(2 * CIM.area(own).origin.parts[0].value)
    assert pj("program", changed) == 5.0
    assert pj("cell", changed) == pj("cell", own)
    halved = asked("rram_isaac", on_resistance=2 * 1333.0, off_resistance=2 * 20000.0)
    assert pj("cell", halved) == pytest.approx(pj("cell", own) / 2)
    assert pj("program", asked("sram_jia", 65, program_energy=0.1)) == pytest.approx(0.1)


def test_what_a_cell_leaves_open_is_asked_for() -> None:
    with pytest.raises(CannotPrice, match=r"no `read_voltage` is known for `pcm_isca2009`; add `read_voltage: 0\.2 V`"):
        pj("cell", asked("pcm_isca2009"))
    assert pj("cell", asked("pcm_isca2009", read_voltage=0.04, read_time=50.0)) > 0


def test_a_node_beyond_the_transistors_is_an_error_unless_extrapolated() -> None:
    with pytest.raises(CannotPrice, match="transistors are known from 22 to 180 nm"):
        pj("step", asked("sram_jia", 7))
    free = Given(asked("sram_jia").values, Technology(7, extrapolate=True))
    assert CIM.energy("step", free).origin.extrapolated


def test_every_cell_that_ships_can_be_priced() -> None:
    for name in cells():
        given = asked(name, 45, read_voltage=0.2, read_time=10.0)
        assert pj("step", given) > 0
        assert pj("program", given) > 0
        assert CIM.area(given).value > 0


def test_origins_tell_the_values_the_cell_and_the_voltages() -> None:
    origin = CIM.energy("cell", asked("rram_isaac", input=INPUTS, weight=Values(0.3))).origin
    assert origin.what == (
        "conduction of a cell, inputs: a histogram of 4 values, mean 0.467, weights: random bits, 0.3 of them 1"
    )
    assert [part.what for part in origin.parts][::2] == ["rram_isaac", "0.2 V across cells, supply 0.97 V"]


@pytest.mark.parametrize(
    ("cell", "stated", "said"),
    [
        (
            "rram_isaac",
            {"on_resistance": "30 kohm"},
            "a cell that is off (20000 ohm) conducts more than one that is on",
        ),
        ("rram_isaac", {"cell_capacitance": "1 fF"}, "is a resistive cell, and has no `cell_capacitance`"),
        ("sram_jia", {"off_resistance": "1 Mohm"}, "is a charge cell, and has no `off_resistance`"),
    ],
)
def test_what_means_nothing_to_a_cell_is_refused(cell: str, stated: dict[str, str], said: str) -> None:
    with pytest.raises(SpecError, match=re.escape(said)):
        pm.component("cim_array", rows=8, columns=8, cell=cell, technology={"node": "65 nm"}, **stated)
