"""Analog-to-digital converters: a regression over published designs, as the best of them and as the typical one.

The regression (arXiv:2404.06553) follows the lower edge of a survey: what the best designs need. How far designs lie
above it is measured on the same survey, so that the typical converter has a stated error. Coefficients and survey are
`specs/components/adc_regression.csv` and `adc_survey.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import ceil, exp, log, log10

from polymap.components.adc_regression import coefficients
from polymap.components.attributes import above_zero, bits, positive
from polymap.components.cmos import supply_share
from polymap.components.estimate import Estimate, Origin
from polymap.components.model import Action, Attribute, CannotPrice, Given, Model

SOURCE = "Andrulis et al., arXiv:2404.06553 (2024), fitted to Murmann, ADC Performance Survey 1997-2023"
SQUARE = "as the ADC of Jia et al., JSSC 55(9), 2020: 1.79 pJ at 0.85 V, 3.56 pJ at 1.2 V"
LEAST_ENOB, MOST_ENOB, FASTEST_HZ = 4.0, 20.0, 1e10


RESOLUTION = Attribute("resolution", bits, "b", what="bits of the converted value")
_EFFECTIVE = above_zero("number of bits", "give effective bits above 0")
ENOB = Attribute("enob", _EFFECTIVE, "b", None, "effective bits; else the resolution")
RATE = Attribute("sample_rate", positive("frequency"), "Hz", what="conversions per second of one converter")


@dataclass(frozen=True)
class Converter:
    """What the regression is a function of: effective bits, node in nm, samples per second."""

    enob: float
    node_nm: float
    rate_hz: float

    @property
    def near_arrays(self) -> bool:
        """Whether it is of the kind that stands below arrays of memory cells: the survey is told apart there."""
        return self.enob <= 10 and self.rate_hz >= 1e7 and self.node_nm <= 65


def figure_of_merit_db(converter: Converter) -> float:
    """Schreier figure of merit that the best designs reach: a ceiling by resolution that fast ones stay below."""
    c = coefficients()
    return min(c["foms_intercept"] + c["foms_ln_f"] * log(converter.rate_hz), c[f"foms_max {ceil(converter.enob)}"])


def best_energy_pj(converter: Converter) -> float:
    """pJ of one conversion by the regression: 10^((SNDR - FOM) / 10) / 2, corrected by node and effective bits."""
    c = coefficients()
    sndr_db = 20 * log10(2) * converter.enob + 10 * log10(1.5)
    correction = c["e_intercept"] + c["e_residual"] + c["e_ln_t"] * log(converter.node_nm)
    correction += c["e_ln_b"] * log(converter.enob)
    return 10 ** ((sndr_db - figure_of_merit_db(converter)) / 10) / 2 * exp(correction)


def best_area_um2(converter: Converter) -> float:
    """um2 of one converter by the regression, which goes through its energy."""
    c = coefficients()
    logarithm = c["a_intercept"] + c["a_ln_t"] * log(converter.node_nm) + c["a_ln_f"] * log(converter.rate_hz)
    return exp(logarithm + c["a_ln_E"] * log(best_energy_pj(converter)))


@dataclass(frozen=True)
class SurveyADC(Model):
    """Converters as the survey has them; `typical` multiplies by the median of the designs over the best."""

    name: str
    typical: bool
    prices: str = "adc"
    source: str = SOURCE
    attributes: tuple[Attribute, ...] = (
        RESOLUTION,
        ENOB,
        RATE,
    )
    actions: tuple[Action, ...] = (Action("convert", what="one conversion"),)

    def check(self, given: Given) -> None:
        asked, free = _asked(given), given.technology.extrapolate
        if asked.enob > MOST_ENOB or (asked.enob < LEAST_ENOB and not free):
            mend = "state `extrapolate: true` to price fewer bits as 4" if asked.enob < LEAST_ENOB else ""
            raise CannotPrice(
                f"the survey has {LEAST_ENOB:g} to {MOST_ENOB:g} effective bits, not {asked.enob:g}", mend
            )
        if asked.rate_hz > FASTEST_HZ and not free:
            raise CannotPrice(f"the regression covers up to 10 GHz, not {asked.rate_hz / 1e9:g} GHz")

    def energy(self, action: str, given: Given) -> Estimate:
        """The part of a conversion's energy that an idle converter does not spend."""
        share = 1 - coefficients()["static_share"]
        return self._whole(given).times(share, "spent by conversions, not by being there", SOURCE)

    def delay(self, action: str, given: Given) -> Estimate:
        return Estimate.given(1e9 / given["sample_rate"], "ns", "one period of the sample rate")

    def area(self, given: Given) -> Estimate:
        return self._of_survey(best_area_um2(_covered(given)), "um2", "area", given)

    def leakage(self, given: Given) -> Estimate:
        """The static part of the energy, at the full rate: pJ times Hz is 1e-6 uW."""
        factor = coefficients()["static_share"] * given["sample_rate"] * 1e-6
        whole = self._whole(given)
        power = Estimate(whole.value, "uW", whole.told, whole.errors)
        return power.times(factor, "static share times sample rate, pJ x Hz in uW", SOURCE)

    def _whole(self, given: Given) -> Estimate:
        return self._of_survey(best_energy_pj(_covered(given)), "pJ", "energy", given)

    def _of_survey(self, best: float, unit: str, quantity: str, given: Given) -> Estimate:
        """The regression's value; with the error of what it is taken for, or times the median of the designs."""
        region = "near" if _covered(given).near_arrays else "all"
        of = {key: coefficients()[f"{quantity}_ratio_{key}_{region}"] for key in ("median", "sigma", "rms")}
        told = partial(_origin, best, unit, _asked(given))
        if not self.typical:
            return _at_supply(Estimate(best, unit, told, (("adc_survey", of["rms"]),)), given)
        what = f"median of {'like' if region == 'near' else 'all'} designs of the survey over the best"
        typical = Estimate(best, unit, told).times(of["median"], what, SOURCE, adc_survey=of["sigma"])
        return _at_supply(typical, given)


def _asked(given: Given) -> Converter:
    enob = given["resolution"] if given["enob"] is None else given["enob"]
    return Converter(float(enob), given.technology.node_nm, given["sample_rate"])


def _covered(given: Given) -> Converter:
    """What is evaluated: fewer than 4 bits are priced as 4."""
    asked = _asked(given)
    return asked if asked.enob >= LEAST_ENOB else replace(asked, enob=LEAST_ENOB)


def _origin(value: float, unit: str, asked: Converter) -> Origin:
    outside = asked.enob < LEAST_ENOB or asked.rate_hz > FASTEST_HZ
    covered = replace(asked, enob=max(LEAST_ENOB, asked.enob))
    merit = Origin("Schreier figure of merit", SOURCE, figure_of_merit_db(covered), "dB")
    what = f"best ADC of {asked.enob:g} effective bits at {asked.rate_hz / 1e6:g} MHz in {asked.node_nm:g} nm"
    return Origin(what, SOURCE, value, unit, outside=outside, parts=(merit,))


def _at_supply(amount: Estimate, given: Given) -> Estimate:
    """Surveyed designs have supplies of their own, taken for the node's nominal one: energies go with its square."""
    if given.technology.voltage_v is None or amount.unit != "pJ":
        return amount
    return amount.times(supply_share(given.technology) ** 2, "supply over the nominal one, squared", SQUARE)


MODELS: tuple[Model, ...] = (SurveyADC("adc_survey_best", typical=False), SurveyADC("adc_survey_typical", typical=True))
