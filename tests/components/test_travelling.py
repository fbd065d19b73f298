"""Components go to other processes and come back as what they were."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import polymap as pm
from polymap.components.model import REQUIRED
from polymap.components.plugins import registry

NODE = {"node": "45 nm"}
ASKED: dict[str, dict[str, object]] = {
    "adc": {"resolution": 8, "sample_rate": "100 MHz"},
    "cim_array": {"rows": 8, "columns": 8, "cell": "rram_isaac"},
    "dac": {"resolution": 8, "unit_resistance": "5 kohm", "sample_rate": "100 MHz"},
    "fp_mac": {"exponent": 8, "mantissa": 7},
    "hbm2": {"width": "64 b"},
    "int_mac": {"bits": 8},
    "laser": {"receiver_power": "10 uW", "loss": "3 dB", "wall_plug_efficiency": 0.1},
    "mrr": {"capacitance": "20 fF", "drive_voltage": "1 V"},
    "mux": {"inputs": 4, "bits": 8},
    "register_file": {"words": 16, "width": "16 b"},
    "router": {"bits": "64 b"},
    "shift_add": {"resolution": 16, "design": "isaac"},
    "smart_buffer": {"capacity": "8 KiB", "width": "64 b"},
    "sram": {"capacity": "8 KiB", "width": "64 b"},
    "wire": {"length": "1 mm", "bits": 8},
}


def travelled(component: pm.Component) -> pm.Component:
    found = pickle.loads(pickle.dumps(component))
    assert isinstance(found, pm.Component)
    return found


@pytest.mark.parametrize("name", ASKED)
def test_a_component_comes_back_as_it_was(name: str) -> None:
    sent = pm.component(name, **ASKED[name], technology=NODE)
    back = travelled(sent)
    assert back == sent
    assert hash(back) == hash(sent)
    assert back.explain() == sent.explain()


THERE = """
import pickle, sys
found = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(pickle.dumps((found, found.action("read").energy_pj, found.explain())))
"""


@pytest.mark.parametrize("name", ["smart_buffer", "sram", "hbm2"])
def test_in_another_process_it_answers_as_here(name: str) -> None:
    sent = pm.component(name, **ASKED[name], technology=NODE)
    run = subprocess.run([sys.executable, "-c", THERE], input=pickle.dumps(sent), capture_output=True, check=True)
    assert pickle.loads(run.stdout) == (sent, sent.action("read").energy_pj, sent.explain())


def test_what_comes_back_still_answers_and_knows_what_it_needs() -> None:
    back = travelled(pm.component("wire", **ASKED["wire"], technology=NODE))
    assert back.action("transfer", activity=1).energy_pj == 2 * back.action("transfer").energy_pj
    assert next(each for each in back.model.attributes if each.name == "length").default is REQUIRED
    whole = travelled(pm.component("register_mac", technology=NODE))
    assert whole.action("compute", loads=0).energy_pj < whole.action("compute").energy_pj


def test_a_calibrated_component_comes_back_with_its_factors() -> None:
    factor = {"factor": 2, "reason": "measured", "source": "a paper"}
    sent = pm.component("sram", **ASKED["sram"], technology=NODE, calibrate={"energy": factor})
    assert travelled(sent) == sent != pm.component("sram", **ASKED["sram"], technology=NODE)


def test_compounds_and_tables_of_a_folder_travel_with_the_models_of_their_parts(tmp_path: Path) -> None:
    (tmp_path / "parts.csv").write_text("component, action, energy [pJ], source\nwidget, go, 3, x\n", encoding="utf-8")
    pair = "polymap: component/1\ncomponent: pair\nparts: {a: {component: widget, count: ceil(1.5)}}\n"
    (tmp_path / "pair.yaml").write_text(f"{pair}actions: {{go: {{does: [a.go]}}}}\n", encoding="utf-8")
    sent = pm.component("pair", folders=[str(tmp_path)])
    assert travelled(sent) == sent
    assert travelled(sent).action("go").energy_pj == 3


def test_models_of_one_name_that_say_something_else_are_not_the_same(tmp_path: Path) -> None:
    found = []
    for energy in (3, 4):
        folder = tmp_path / str(energy)
        folder.mkdir()
        rows = f"component, action, energy [pJ], source\nwidget, go, {energy}, x\n"
        (folder / "parts.csv").write_text(rows, encoding="utf-8")
        found.append(registry(str(folder)).models("widget"))
    assert found[0] != found[1]
