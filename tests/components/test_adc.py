"""ADCs: the regression gives its authors' numbers; how far designs lie from it is measured on the survey that ships."""

from __future__ import annotations

from math import exp, log
from statistics import mean, median, pstdev

import pytest

import polymap as pm
from polymap.components.adc import MODELS, Converter, best_area_um2, best_energy_pj
from polymap.components.adc_regression import coefficients
from polymap.components.model import CannotPrice, Given, Model
from polymap.components.records import records
from polymap.components.technology import Technology

BEST, TYPICAL = MODELS
# Computed by the authors' code (Accelergy-Project/hwcomponents-adc@246af7e): (bits, nm, Hz) -> pJ, um2.
AUTHORS = {
    (8, 32, 1e9): (1.7137119697683674, 5971.633160744553),
    (4, 32, 1e9): (0.9237493330950061, 4963.785969612363),
    (10, 32, 1e9): (13.94547907635258, 11180.068071712623),
    (8, 7, 1e9): (0.09840469431284647, 561.4191175163401),
    (8, 65, 1e9): (6.494479409727865, 17983.052583404704),
}


def asked(bits: int, node_nm: float, rate_hz: float, enob: float | None = None, extrapolate: bool = False) -> Given:
    values = {"resolution": bits, "sample_rate": rate_hz, "enob": enob}
    return Given(values, Technology(node_nm, extrapolate=extrapolate))


@pytest.mark.parametrize("point", AUTHORS, ids=str)
def test_the_regression_gives_its_authors_numbers(point: tuple[int, float, float]) -> None:
    energy_pj, area_um2 = AUTHORS[point]
    assert best_energy_pj(Converter(*point)) == pytest.approx(energy_pj, rel=1e-12)
    assert best_area_um2(Converter(*point)) == pytest.approx(area_um2, rel=1e-12)
    given = asked(*point)
    assert BEST.area(given).value == pytest.approx(area_um2, rel=1e-12)


def surveyed(near: bool) -> list[tuple[float, float]]:
    """Logarithms of energy and area of each design over the regression."""
    found = []
    for row in records("adc_survey"):
        at = Converter(*(float(row[name]) for name in ("enob", "node_nm", "sample_rate_hz")))
        if at.enob >= 4 and (at.near_arrays or not near):
            energy, area = float(row["energy_pj"]), float(row["area_um2"])
            found.append((log(energy / best_energy_pj(at)), log(area / best_area_um2(at))))
    return found


@pytest.mark.parametrize(("region", "designs"), [("near", 75), ("all", 208)])
@pytest.mark.parametrize(("place", "quantity"), [(0, "energy"), (1, "area")])
def test_the_stated_spread_is_that_of_the_survey(region: str, designs: int, place: int, quantity: str) -> None:
    ratios = [row[place] for row in surveyed(region == "near")]
    assert len(ratios) == designs
    expected = {"median": exp(median(ratios)), "sigma": pstdev(ratios), "rms": mean(x * x for x in ratios) ** 0.5}
    stated = {key: coefficients()[f"{quantity}_ratio_{key}_{region}"] for key in expected}
    assert stated == pytest.approx(expected, rel=1e-8)


def test_a_typical_adc_takes_four_times_the_best_ones_energy() -> None:
    given = asked(8, 32, 1e9)
    typical, best = TYPICAL.energy("convert", given), BEST.energy("convert", given)
    assert typical.value / best.value == pytest.approx(4.309, rel=1e-3)
    assert typical.sigma == pytest.approx(1.26, abs=0.01)
    assert best.sigma > typical.sigma  # so that the typical one answers unless the best is asked for


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_at_full_rate_conversions_and_leakage_make_the_whole_energy(model: Model) -> None:
    given = asked(8, 32, 1e9)
    at_full_rate_uw = model.energy("convert", given).value * 1e9 * 1e-6 + model.leakage(given).value
    whole_pj = 1.7137119697683674 * (coefficients()["energy_ratio_median_near"] if model is TYPICAL else 1)
    assert at_full_rate_uw == pytest.approx(whole_pj * 1e3, rel=1e-12)
    assert model.delay("convert", given).value == 1.0


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_more_bits_cost_more(model: Model) -> None:
    energies = [model.energy("convert", asked(bits, 32, 1e9)).value for bits in range(4, 15)]
    assert energies == sorted(energies)


def test_effective_bits_go_before_the_resolution() -> None:
    assert BEST.energy("convert", asked(10, 32, 1e9, 8.0)).value == BEST.energy("convert", asked(8, 32, 1e9)).value


@pytest.mark.parametrize("enob", [0, -3, "few"])
def test_effective_bits_that_are_none_are_told_even_if_tables_may_be_left(enob: object) -> None:
    asked = {"resolution": 8, "sample_rate": "1 GHz", "technology": {"node": "32 nm", "extrapolate": True}}
    with pytest.raises(pm.SpecError, match=r"adc\.enob: `.*` is (no number of bits|not a number)"):
        pm.component("adc", **asked, enob=enob)


def test_fewer_than_four_bits_are_an_error_unless_extrapolated() -> None:
    with pytest.raises(CannotPrice, match="4 to 20 effective bits, not 3; state `extrapolate: true`"):
        BEST.check(asked(3, 32, 1e9))
    free = asked(3, 32, 1e9, extrapolate=True)
    BEST.check(free)
    assert BEST.energy("convert", free).origin.extrapolated
    assert BEST.energy("convert", free).value == BEST.energy("convert", asked(4, 32, 1e9)).value
    assert not BEST.energy("convert", asked(4, 32, 1e9)).origin.extrapolated


@pytest.mark.parametrize(("bits", "rate"), [(21, 1e9), (8, 2e10)])
def test_outside_of_the_survey_is_an_error(bits: int, rate: float) -> None:
    with pytest.raises(CannotPrice):
        TYPICAL.check(asked(bits, 32, rate))


def test_the_origin_names_the_survey_and_the_figure_of_merit() -> None:
    origin = TYPICAL.energy("convert", asked(8, 32, 1e9)).origin
    assert any("2404.06553" in citation for citation in origin.citations)
    assert "median of like designs" in str(origin)


def test_a_stated_supply_counts_in_squares() -> None:
    """The nominal supply at 65 nm is 1.1 V. Published: 1.79 pJ at 0.85 V and 3.56 pJ at 1.2 V."""
    values = asked(8, 65, 1e7).values
    low, nominal, high = (Given(values, Technology(65, voltage_v=volts)) for volts in (0.85, 1.1, 1.2))
    energies = [BEST.energy("convert", given).value for given in (low, nominal, high)]
    assert energies[1] == pytest.approx(BEST.energy("convert", asked(8, 65, 1e7)).value)
    assert energies[2] / energies[0] == pytest.approx(3.56 / 1.79, rel=0.01)
