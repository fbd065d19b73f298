"""Whatever is asked of analog components, the answer is an amount or a SpecError: no model breaks."""

from __future__ import annotations

from math import isfinite

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import polymap as pm
from polymap.components import adc, cells, dac, photonics, published, sampling
from polymap.components.model import Action, Model

MODELS = [model for module in (adc, cells, dac, photonics, published, sampling) for model in module.MODELS]
ODD = [0, -1, 1, 2, 3, 8, 64, 10**6, 0.5, 1e-30, 1e30, "", "x", "8 b", "1 GHz", "1 THz", "0 Hz", "1 ns", "0.2 V", "0 V"]
ODD += ["5 kohm", "0 ohm", "1 aF", "2 fF", "1 F", "10 uW", "3 dB", True, None, [], [1, 2], [0, 0], [1, -1], {"a": 1}]
NAMES = ["rram_isaac", "sram_jia", "pcm_isca2009", "level", "pulse", "isaac", "albireo", "albireo_moderate"]
TECHNOLOGIES = [None, *({"node": node, "extrapolate": free} for node in ("7 nm", "32 nm", "500 nm") for free in (0, 1))]
SENSIBLE = {
    "resolution": 8,
    "sample_rate": "100 MHz",
    "rows": 8,
    "columns": 8,
    "cell": "rram_isaac",
    "unit_resistance": "5 kohm",
    "unit_capacitance": "1 fF",
    "capacitance": "20 fF",
    "drive_voltage": "1 V",
    "receiver_power": "10 uW",
    "loss": 10,
    "wall_plug_efficiency": 0.1,
}


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_amount_or_a_mistake(data: st.DataObject) -> None:
    model = data.draw(st.sampled_from(MODELS))
    values = st.sampled_from([*ODD, *NAMES])
    asked = {
        each.name: data.draw(st.just(SENSIBLE[each.name]) | values if each.name in SENSIBLE else values)
        for each in model.attributes
        if each.is_required or data.draw(st.booleans())
    }
    technology = data.draw(st.sampled_from(TECHNOLOGIES))
    stated = technology and {**technology, "extrapolate": bool(technology["extrapolate"])}
    arguments = {name: data.draw(values) for name in ("input", "weight")}
    refusal = refused(model, asked, stated, arguments)
    assert "failed at" not in refusal, refusal


def refused(model: Model, asked: dict[str, object], technology: object, arguments: dict[str, object]) -> str:
    """The mistake that is told; nothing if every action has a finite energy."""
    try:
        found = pm.component(model.prices, **asked, technology=technology, model=model.name)
        energies = [found.action(action.name, **taken(action, arguments)).energy_pj for action in model.actions]
    except pm.SpecError as error:
        return str(error)
    assert all(map(isfinite, energies))
    return ""


def taken(action: Action, arguments: dict[str, object]) -> dict[str, object]:
    return {each.name: arguments[each.name] for each in action.arguments}
