"""Architecture files: what they mean, and every rule with the message that a one-line slip gets."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from polymap.architecture import (
    Architecture,
    Array,
    Bandwidth,
    Compute,
    DimensionRule,
    Memory,
    Rate,
    Wiring,
    architecture,
)
from polymap.errors import SpecError
from polymap.workload import Tensor

WIRE = "{energy: 1 pJ/b/mm, pitch: 1 mm}"
GOOD = """\
polymap: architecture/1
name: tiny
source: invented
technology: {node: 65 nm, voltage: 1.0 V, temperature: 300 K}
clock: 200 MHz
hierarchy:
  - memory: DRAM
    width: 64 b
    energy: {read: 100 pJ, write: 200 pJ}
    bandwidth: 3.2 GB/s
  - memory: buffer
    capacity: 64 words
    width: 2 words
    word: 16 b
    energy: {read: 1 pJ, write: 2 pJ, update: 2.5 pJ}
    bandwidth: {read: 4 words/cycle, write: 32 b/cycle, scale: {output: 2}}
    keeps: [input, O]
    may_keep: [weight]
    buffering: 2
    leakage: 1 mW
    area: 0.1 mm2
    reads_first: []
    source: a table
  - array: PE
    shape: {X: 3, Y: 2}
    network: {multicast: false}
  - compute: MAC
    energy: 0.5 pJ
    leakage: 1 uW
    area: 10 um2
"""


def test_a_file_means_what_it_says() -> None:
    assert architecture(GOOD) == Architecture(
        name="tiny",
        hierarchy=(
            Memory(
                name="DRAM",
                width_bits=64,
                read_pj=Fraction(100),
                write_pj=Fraction(200),
                update_pj=Fraction(200),
                bandwidth=Bandwidth(shared=Rate(Fraction(128))),
            ),
            Memory(
                name="buffer",
                width_bits=32,
                read_pj=Fraction(1),
                write_pj=Fraction(2),
                update_pj=Fraction(5, 2),
                capacity_bits=1024,
                word_bits=16,
                keeps=("input", "O"),
                may_keep=("weight",),
                buffering=2,
                bandwidth=Bandwidth(
                    read=Rate(Fraction(4), in_words=True),
                    write=Rate(Fraction(32)),
                    scale=(("output", Fraction(2)),),
                ),
                leakage_w=Fraction(1, 1000),
                area_um2=100_000.0,
                source="a table",
            ),
            Array("PE", (("X", 3), ("Y", 2)), multicast=False),
            Compute("MAC", Fraction(1, 2), Fraction(1, 10**6), 10.0),
        ),
        clock_hz=Fraction(200_000_000),
        source="invented",
        technology=(("node", "65 nm"), ("voltage", "1.0 V"), ("temperature", "300 K")),
    )


EXTRAS = """\
polymap: architecture/1
name: extras
clock: 1 GHz
hierarchy:
  - memory: DRAM
    width: 64 b
    energy: {read: 1 pJ, write: 1 pJ}
  - array: PE
    shape: {X: 4}
    network:
      multicast: [input]
      reduction: false
      links: [weight, I]
      share_halo: true
      wire: {energy: 0.08 fJ/b/um, pitch: 200 um}
      router: 0.3 pJ
      reduce: 0.1 pJ
      fill_latency: 3
      drain_latency: 0
  - memory: RF
    capacity: 64 B
    width: 64 b
    word: {I: 8 b, output: 24 b}
    energy: {read: 1 pJ, write: 1 pJ}
    address: 0.1 pJ
    reduce: 0.05 pJ
    cluster: 2
    power_gated_at: DRAM
    min_utilization: 0.25
  - compute: MAC
    energy: 1 pJ
"""


def test_networks_and_what_surrounds_accesses_mean_what_they_say() -> None:
    arch = architecture(EXTRAS)
    assert arch.arrays == (
        Array(
            "PE",
            (("X", 4),),
            multicast=("input",),
            reduction=False,
            links=("weight", "I"),
            share_halo=True,
            wiring=Wiring(
                wire_pj=Fraction(8, 100), pitch_mm=Fraction(1, 5), router_pj=Fraction(3, 10), reduce_pj=Fraction(1, 10)
            ),
            fill_latency=3,
        ),
    )
    registers = arch.memory("RF")
    assert registers.words == (("I", 8), ("output", 24))
    assert (registers.address_pj, registers.reduce_pj) == (Fraction(1, 10), Fraction(1, 20))
    assert (registers.cluster, registers.power_gated_at, registers.min_utilization) == (2, "DRAM", Fraction(1, 4))


@pytest.mark.parametrize(("name", "role", "bits"), [("I", "input", 8), ("O", "output", 24), ("W", "weight", 12)])
def test_an_element_takes_the_word_of_its_name_then_of_its_role_then_its_own_bits(
    name: str, role: str, bits: int
) -> None:
    assert architecture(EXTRAS).memory("RF").element_bits(Tensor(name, (), 12, role)) == bits


def test_a_network_property_may_be_for_some_tensors_only() -> None:
    array, weight = architecture(EXTRAS).arrays[0], Tensor("W", (), 16, "weight")
    assert (array.multicasts(weight), array.links_of(weight), array.shares_halo(weight)) == (False, True, True)


def test_a_hop_costs_energy_per_bit_and_length() -> None:
    wiring = architecture(EXTRAS).arrays[0].wiring
    assert wiring is not None
    assert wiring.hop_of(10) == 10 * Fraction(8, 100) * Fraction(1, 5)


def test_a_network_without_energies_has_no_wiring() -> None:
    assert architecture(GOOD).arrays[0].wiring is None


def test_a_network_may_cost_nothing_if_the_file_says_so() -> None:
    assert architecture(GOOD.replace("{multicast: false}", "{hop: 0 pJ}")).arrays[0].wiring == Wiring(Fraction(0))


def test_levels_remember_their_places(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(GOOD)
    arch = architecture(str(file))
    assert str(arch.memory("buffer").place) == f"{file}:11:5 (hierarchy[1])"
    assert str(arch.arrays[0].place) == f"{file}:24:5 (hierarchy[2])"


def test_dimensions_have_rules() -> None:
    ruled = (
        "{X: {size: 3, may_unroll: [m, k], reuses: [input], min_usage: 1 or most}, Y: {size: 2, min_usage: 0.5}, Z: 4}"
    )
    array = architecture(
        GOOD.replace("{X: 3, Y: 2}", ruled).replace("network: {multicast: false}", "network: {}")
    ).arrays[0]
    assert array.shape == (("X", 3), ("Y", 2), ("Z", 4))
    assert array.rule("X") == DimensionRule(("m", "k"), ("input",), Fraction(1), or_most=True)
    assert array.rule("Y") == DimensionRule(min_usage=Fraction(1, 2))
    assert array.rule("Z") == DimensionRule()


def test_an_architecture_is_its_own_source() -> None:
    arch = architecture(GOOD)
    assert architecture(arch) is arch


def test_an_architecture_can_be_hashed() -> None:
    assert len({architecture(GOOD), architecture(GOOD)}) == 1


def data(**changes: Any) -> Mapping[str, object]:
    levels: list[Mapping[str, object]] = [
        {"memory": "DRAM", "width": "64 b", "energy": {"read": "1 pJ", "write": "1 pJ"}},
        {"compute": "MAC", "energy": "1 pJ"},
    ]
    return {"name": "tiny", "clock": "1 GHz", "hierarchy": levels, **changes}


def test_plain_python_data_is_a_source() -> None:
    assert [level.name for level in architecture(data()).hierarchy] == ["DRAM", "MAC"]


def test_mistakes_in_python_data_are_placed_by_key_path() -> None:
    with pytest.raises(SpecError) as caught:
        architecture(data(clock=5, hierarchy=[{"memory": "M"}]))
    assert [str(mistake.place) for mistake in caught.value.mistakes] == ["clock", *["hierarchy[0]"] * 3]


def keeping(lines: str) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    kept = "    keeps: [input, O]\n    may_keep: [weight]\n"
    buffer = architecture(GOOD.replace(kept, lines)).memory("buffer")
    return buffer.keeps, buffer.may_keep


def test_a_memory_that_names_nothing_keeps_everything() -> None:
    assert keeping("") == (None, ())


def test_a_memory_that_only_may_keep_keeps_nothing_for_sure() -> None:
    assert keeping("    may_keep: [weight]\n") == ((), ("weight",))


def test_a_memory_may_keep_nothing() -> None:
    assert keeping("    keeps: []\n") == ((), ())


def test_update_costs_a_write_unless_given() -> None:
    assert architecture(GOOD).memory("DRAM").update_pj == 200


def test_networks_multicast_and_reduce_without_links_unless_told() -> None:
    array = architecture(GOOD.replace("    network: {multicast: false}\n", "")).arrays[0]
    assert (array.multicast, array.reduction, array.links) == (True, True, False)


def messages(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        architecture(text)
    return [str(mistake).replace("<text>:", "").replace("\n    mend", "") for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("line", "slip", "message"),
    [
        ("name: tiny", "# name", "1:1: `name` is missing: add `name: ...`"),
        ("clock: 200 MHz", "# clock", "1:1: `clock` is missing: add `clock: ...`"),
        ("clock: 200 MHz", "clock: 200", "5:8 (clock): `200` has no unit (frequency): write `200 MHz` or `200 GHz`"),
        ("clock: 200 MHz", "clock: 0 Hz", "5:8 (clock): `0 Hz` is not more than 0: give a positive amount"),
        ("source: invented", "sorce: invented", "3:1 (sorce): `sorce` is not a key here: did you mean `source`?"),
        ("voltage: 1.0 V", "voltage: 1.0", "4:36 (technology.voltage): `1.0` has no unit (voltage): write `1.0 V`"),
        ("voltage: 1.0 V", "corner: TT", "4:27 (technology.corner): `corner` is not a key here"),
        ("memory: DRAM", "memoy: DRAM", "7:5 (hierarchy[0]): this level has no kind: did you mean `memory`?"),
        ("memory: DRAM", "memory: [DRAM]", "7:13 (hierarchy[0].memory): a list stands where one value belongs"),
        ("memory: DRAM", "memory: off chip", "7:13 (hierarchy[0].memory): `off chip` is not a name"),
        ("memory: DRAM", "memory: ''", "7:13 (hierarchy[0].memory): the name is empty"),
        ("memory: DRAM", "memory: for", "7:13 (hierarchy[0].memory): a memory cannot be called `for`"),
        ("memory: DRAM", "memory: buffer", "11:5 (hierarchy[1]): two levels are called `buffer`, the first on"),
        ("compute: MAC", "compute: PE", "27:5 (hierarchy[3]): two levels are called `PE`, the first on line 24"),
        ("    width: 64 b\n", "", "7:5 (hierarchy[0]): `width` of a memory is missing"),
        ("width: 64 b", "width: 64", "8:12 (hierarchy[0].width): `64` has no unit (width): write `64 b` or `64 B`"),
        ("width: 64 b", "width: 4 words", "8:12 (hierarchy[0].width): `4 words` does not say how wide a word is"),
        ("    capacity: 64 words\n", "", "11:5 (hierarchy[1]): `capacity` of a memory is missing: add e.g."),
        ("capacity: 64 words", "capacity: 0 B", "12:15 (hierarchy[1].capacity): `0 B` is not more than 0"),
        ("capacity: 64 words", "capacity: 64", "12:15 (hierarchy[1].capacity): `64` has no unit (capacity)"),
        ("capacity: 64 words", "capacity:", "12:5 (hierarchy[1].capacity): `capacity` has no value"),
        ("    energy: {read: 100 pJ, write: 200 pJ}\n", "", "7:5 (hierarchy[0]): `energy` of a memory is"),
        ("{read: 100 pJ, write: 200 pJ}", "{read: 100 pJ}", "9:13 (hierarchy[0].energy): `write` of `energy` is"),
        ("{read: 100 pJ, write: 200 pJ}", "6 pJ", "9:13 (hierarchy[0].energy): a memory's energies are"),
        ("write: 200 pJ", "write: 200 mW", "9:35 (hierarchy[0].energy.write): `mW` is not a unit of energy"),
        ("write: 200 pJ", "write: -2 pJ", "9:35 (hierarchy[0].energy.write): `-2 pJ` is negative"),
        ("update: 2.5 pJ", "erase: 2.5 pJ", "15:39 (hierarchy[1].energy.erase): `erase` is not a key here"),
        ("bandwidth: 3.2 GB/s", "bandwidth: 3.2 GB", "10:16 (hierarchy[0].bandwidth): `GB` is not a unit of rate"),
        ("write: 32 b/cycle", "write: 0 b/cycle", "16:45 (hierarchy[1].bandwidth.write): `0 b/cycle` is not"),
        ("output: 2", "output: -2", "16:73 (hierarchy[1].bandwidth.scale.output): `-2` is negative"),
        ("keeps: [input, O]", "keeps: input", "17:12 (hierarchy[1].keeps): `input` stands where a list belongs"),
        ("keeps: [input, O]", "keeps: [input, input]", "17:20 (hierarchy[1].keeps[1]): `input` is listed twice"),
        ("may_keep: [weight]", "may_keep: [O]", "18:15 (hierarchy[1].may_keep): `O` is in `keeps` and in `may_keep`"),
        ("buffering: 2", "buffering: 0", "19:16 (hierarchy[1].buffering): `0` is out of range"),
        ("buffering: 2", "buffering: 1.5", "19:16 (hierarchy[1].buffering): `1.5` is not a whole number"),
        ("leakage: 1 mW", "leakage: 1 pJ", "20:14 (hierarchy[1].leakage): `pJ` is not a unit of power: write `1 mW`"),
        ("area: 0.1 mm2", "area: 0.1", "21:11 (hierarchy[1].area): `0.1` has no unit (area): write `0.1 um2`"),
        ("array: PE", "array: PE.a", "24:12 (hierarchy[2].array): `PE.a` is not a name"),
        ("    shape: {X: 3, Y: 2}\n", "", "24:5 (hierarchy[2]): `shape` of an array is missing"),
        ("{X: 3, Y: 2}", "{}", "25:12 (hierarchy[2].shape): the array has no dimension: write e.g."),
        ("{X: 3, Y: 2}", "{X: {may_unroll: [m]}}", "25:16 (hierarchy[2].shape.X): `size` of `X` is missing"),
        ("{X: 3, Y: 2}", "{X: {size: 3, reuse: [I]}}", "25:26 (hierarchy[2].shape.X.reuse): `reuse` is not a key here"),
        (
            "{X: 3, Y: 2}",
            "{X: {size: 3, min_usage: 3}}",
            "25:37 (hierarchy[2].shape.X.min_usage): `3` is no share of the instances: give a number",
        ),
        (
            "{X: 3, Y: 2}",
            "{X: {size: 3, min_usage: most}}",
            "25:37 (hierarchy[2].shape.X.min_usage): `most` is not a number",
        ),
        (
            "{X: 3, Y: 2}\n    network: {multicast: false}",
            "{X: {size: 3, reuses: [I]}}\n    network: {multicast: false, reduction: false}",
            "26:14 (hierarchy[2].network): the network of the array shares nothing, so nothing is reused along `shape`",
        ),
        ("{X: 3, Y: 2}", "[3, 2]", "25:12 (hierarchy[2].shape): a list stands where a mapping belongs"),
        ("{X: 3, Y: 2}", "{X: 3, X: 2}", "25:19 (hierarchy[2].shape.X): `X` is given twice, first on line 25"),
        ("{X: 3, Y: 2}", "{X: 3, Y: 0}", "25:22 (hierarchy[2].shape.Y): `0` is out of range"),
        ("{X: 3, Y: 2}", "{X: 3, Y: 1099511627776}", "25:22 (hierarchy[2].shape.Y): `1099511627776` is"),
        ("{X: 3, Y: 2}", "{X: 1048576, Y: 1048576}", "7:3 (hierarchy): the arrays make 1099511627776 instances"),
        ("{multicast: false}", "{multicast: no}", "26:26 (hierarchy[2].network.multicast): `no` is neither true"),
        ("{multicast: false}", "{links: [A, A]}", "26:26 (hierarchy[2].network.links[1]): `A` is listed twice"),
        ("{multicast: false}", "{router: 1 pJ}", "26:14 (hierarchy[2].network): `router` is given, but not what a hop"),
        ("{multicast: false}", "{hop: 1}", "26:20 (hierarchy[2].network.hop): `1` has no unit (energy): write `1 pJ`"),
        ("{multicast: false}", f"{{hop: 1 pJ, wire: {WIRE}}}", "26:32 (hierarchy[2].network.wire): `hop` and"),
        ("{multicast: false}", "{wire: {energy: 1 pJ/b/mm}}", "26:21 (hierarchy[2].network.wire): `pitch` of `wire`"),
        ("{multicast: false}", "{wire: {energy: 0 pJ/b/mm, pitch: 1 V}}", "26:48 (hierarchy[2].network.wire.pitch):"),
        ("{multicast: false}", "{wire: {energy: 1 pJ/b, pitch: 1 mm}}", "26:30 (hierarchy[2].network.wire.energy): `1"),
        ("{multicast: false}", "{fill_latency: -1}", "26:29 (hierarchy[2].network.fill_latency): `-1` is out of range"),
        ("buffering: 2", "cluster: 2", "19:14 (hierarchy[1].cluster): clusters of 2 do not divide the 1 instances"),
        ("buffering: 2", "power_gated_at: PE", "19:21 (hierarchy[1].power_gated_at): no memory above is called `PE`"),
        ("buffering: 2", "min_utilization: 2", "19:22 (hierarchy[1].min_utilization): `2` is no share: give a number"),
        ("buffering: 2", "address: 1", "19:14 (hierarchy[1].address): `1` has no unit (energy): write `1 pJ`"),
        ("    energy: 0.5 pJ\n", "", "27:5 (hierarchy[3]): `energy` of a compute level is missing: add `energy: 1 pJ`"),
        ("energy: 0.5 pJ", "energy: {read: 1 pJ}", "28:13 (hierarchy[3].energy): a mapping stands"),
        ("compute: MAC", "compute: MAC\n    memory: M", "27:5 (hierarchy[3]): one level cannot be memory and compute"),
        ("  - array: PE", "  - PE\n  - array: PE", "24:5 (hierarchy[2]): `PE` stands where a mapping belongs"),
    ],
)  # fmt: skip
def test_a_slip_in_one_line_gets_one_located_message(line: str, slip: str, message: str) -> None:
    assert line in GOOD
    found = messages(GOOD.replace(line, slip, 1))
    assert len(found) == 1
    assert found[0].startswith(message)


def test_a_word_per_tensor_needs_a_unit() -> None:
    assert messages(EXTRAS.replace("{I: 8 b,", "{I: 8,")) == [
        "23:15 (hierarchy[2].word.I): `8` has no unit (width): write `8 b` or `8 B`"
    ]


TOP = "polymap: architecture/1\nname: x\nclock: 1 GHz\n"
DRAM = "  - {memory: DRAM, width: 8 b, energy: {read: 1 pJ, write: 1 pJ}}\n"
BUFFER = "  - {memory: GLB, capacity: 8 B, width: 8 b, energy: {read: 1 pJ, write: 1 pJ}}\n"
PE = "  - {array: PE, shape: {X: 2}}\n"
MAC = "  - {compute: MAC, energy: 1 pJ}\n"


@pytest.mark.parametrize(
    ("hierarchy", "message"),
    [
        ("# none\n", "1:1: `hierarchy` is missing"),
        ("hierarchy:\n", "4:1 (hierarchy): `hierarchy` has no value"),
        ("hierarchy: []\n", "4:12 (hierarchy): the hierarchy is empty"),
        ("hierarchy: {}\n", "4:12 (hierarchy): a mapping stands where a list belongs"),
        ("hierarchy:\n" + PE + BUFFER + MAC, "5:5 (hierarchy[0]): the hierarchy does not"),
        ("hierarchy:\n" + MAC, "5:5 (hierarchy[0]): the hierarchy does not"),
        ("hierarchy:\n" + DRAM + PE, "6:5 (hierarchy[1]): the hierarchy does not end with a compute level"),
        ("hierarchy:\n" + DRAM + MAC + MAC.replace("MAC", "ALU"), "6:5 (hierarchy[1]): a compute level stands"),
    ],
)  # fmt: skip
def test_a_hierarchy_is_memories_and_arrays_after_a_memory_and_before_one_compute(hierarchy: str, message: str) -> None:
    found = messages(TOP + hierarchy)
    assert len(found) == 1
    assert found[0].startswith(message)


def test_all_mistakes_of_a_file_come_at_once() -> None:
    text = GOOD.replace("clock: 200 MHz", "clock: 200").replace("width: 64 b", "widht: 64 b").replace("X: 3", "X: -3")
    assert [found.split(": ")[0] for found in messages(text)] == [
        "5:8 (clock)",
        "7:5 (hierarchy[0])",
        "8:5 (hierarchy[0].widht)",
        "25:16 (hierarchy[2].shape.X)",
    ]


def test_a_workload_is_not_an_architecture() -> None:
    found = messages("polymap: workload/1\nname: x\n")
    assert found == ["1:10 (polymap): `workload/1` is not the format expected here: write `polymap: architecture/1`"]


@pytest.mark.parametrize("network", ["multicast: false, share_halo: true", "multicast: [], share_halo: [input]"])
def test_halos_are_not_shared_where_nothing_is_multicast(network: str) -> None:
    with pytest.raises(SpecError) as caught:
        architecture(GOOD.replace("{multicast: false}", f"{{{network}}}"))
    (mistake,) = caught.value.mistakes
    assert (mistake.place.line, mistake.place.path) == (26, "hierarchy[2].network")
    assert mistake.message.startswith("`share_halo` without `multicast` has no meaning")
    assert mistake.mend


@pytest.mark.parametrize("network", ["share_halo: true", "multicast: false, share_halo: []", "multicast: false"])
def test_halos_may_be_shared_where_something_is_multicast_and_need_not_be(network: str) -> None:
    assert architecture(GOOD.replace("{multicast: false}", f"{{{network}}}")).arrays
