"""The verbs of `import polymap`, on a small einsum and the teaching machine."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

import polymap as pm
from polymap.mapper.digest import canonical, digest
from polymap.mapper.restore import restored

WORK = {"polymap": "workload/1", "name": "g", "einsum": "C[m,n] += A[m,k] * B[k,n]", "ranks": {"m": 4, "n": 4, "k": 4}}


@pytest.fixture(scope="module")
def best() -> pm.Result:
    work = pm.einsum("C[m,n] += A[m,k] * B[k,n]", name="g", m=4, n=4, k=4)
    return pm.optimize(work, "teaching", objective="edp")


def test_a_mapping_that_was_found_is_priced_the_same_again(best: pm.Result) -> None:
    assert pm.evaluate(best.einsum, best.architecture, best.mapping) == best.cost


def test_names_mappings_and_values_are_all_understood(best: pm.Result) -> None:
    same = pm.optimize(WORK, pm.architecture("teaching"), objective="edp")
    assert isinstance(same, pm.Result)
    assert (same.mapping, same.cost) == (best.mapping, best.cost)


def test_the_text_of_a_mapping_is_as_good_as_the_mapping(best: pm.Result) -> None:
    assert pm.evaluate(WORK, "teaching", best.mapping.text()) == best.cost


def test_a_network_gives_a_network_result() -> None:
    layers = [{"name": "a", "repeat": 2, "ranks": {"m": 2, "n": 2, "k": 2}}, {"name": "b", "ranks": WORK["ranks"]}]
    work = {"polymap": "workload/1", "name": "two", "einsum": WORK["einsum"], "layers": layers}
    found = pm.optimize(work, "teaching", workers=2)
    assert isinstance(found, pm.NetworkResult)
    assert [repeat for repeat, _ in found.layers] == [2, 1]


def test_a_mapping_cannot_be_of_a_whole_network(best: pm.Result) -> None:
    with pytest.raises(pm.SpecError, match="a mapping is of one einsum"):
        pm.evaluate("resnet18", "teaching", best.mapping)


def test_conventions_change_the_price_of_a_mapping(best: pm.Result) -> None:
    assert pm.evaluate(WORK, "teaching", best.mapping, conventions="timeloop") != best.cost


SKELETON = """\
DRAM holds A B C
buffer holds A C
for m in 4
for n in 4
for k in 4
registers holds A B C
compute
"""


def test_formulas_of_a_nest_give_its_cost() -> None:
    formulas, cost = pm.symbolic(WORK, "teaching", SKELETON), pm.evaluate(WORK, "teaching", SKELETON)
    assert formulas.at(formulas.cycles, [4, 4, 4]) == cost.cycles
    assert formulas.compile()(4, 4, 4).energy_pj.tolist() == [pytest.approx(cost.energy_pj, rel=1e-12)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("buffer holds A C", "buffer holds A", "mapping: buffer keeps tensor C, but no node of buffer holds it"),
        ("buffer holds A C", "scratch holds A C", "has no memory scratch"),
        ("DRAM holds A B C", "DRAM holds A B C Z", "einsum g has no tensor Z"),
        ("for m in 4", "for z in 4", "einsum g has no rank z"),
        ("for m in 4\n", "", "mapping: rank m of size 4 has no loop"),
        ("for m in 4", "parallel m in 4 on Z", "architecture teaching has no dimension Z"),
        ("for k in 4\nreg", "for k in 4\nbuffer holds A\nreg", "buffer holds tensor A twice"),
        ("registers holds A B C", "registers holds A B C\nparallel k in 1 on X", "but registers is inside array PE"),
    ],
)
def test_a_nest_that_no_trips_make_legal_has_no_formulas(old: str, new: str, message: str) -> None:
    assert old in SKELETON
    with pytest.raises(pm.IllegalMapping) as caught:
        pm.symbolic(WORK, "teaching", SKELETON.replace(old, new))
    assert message in str(caught.value)


def test_formulas_and_prices_refuse_names_that_the_workload_does_not_have() -> None:
    level = {"memory": "DRAM", "width": "16 b", "energy": {"read": "1 pJ", "write": "1 pJ"}, "keeps": ["inptu"]}
    machine = {"name": "slip", "clock": "1 GHz", "hierarchy": [level, {"compute": "MAC", "energy": "1 pJ"}]}
    for verb in (pm.symbolic, pm.evaluate):
        with pytest.raises(pm.SpecError, match="`keeps` of DRAM names `inptu`, which no einsum of the workload has"):
            verb(WORK, machine, "DRAM holds A B C\nfor m in 4\ncompute")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda cost: cost.at(cost.cycles, [2, 2]), "2 trips stand where the nest has 3 loops\n    mend: give one for"),
        (lambda cost: cost.compile()(2, 2), "2 trips stand where the nest has 3 loops\n    mend: give one for"),
        (lambda cost: cost.compile()(2, 2, 1), "`1` stands where trips belong"),
        (lambda cost: cost.compile()(2, 2, -3, exact=True), "`-3` stands where trips belong"),
        (lambda cost: cost.compile()(2, 2, 2.5), "`2.5` stands where trips belong"),
        (lambda cost: cost.compile()(2, 2, "k"), "`k` stands where trips belong"),
        (lambda cost: cost.compile()(2, 2, []), r"`\[\]` stands where trips belong"),
        (lambda cost: cost.compile()(2, 2, [2, [3, 4]]), "stands where trips belong"),
        (lambda cost: cost.compile()(2, [2, 3], [2, 3, 4]), "the trips are arrays of different lengths: 1, 2, 3"),
        (lambda cost: cost.compile()(2, 2, 2**63), "a loop of 9223372036854775808 trips does not fit 64 bits"),
        (lambda cost: cost.compile()(2**20, 2**20, 2**20), "may not fit 64 bits\n    mend: pass exact=True"),
    ],
)
def test_what_are_no_trips_is_refused(ask: Callable[[pm.Cost], object], message: str) -> None:
    with pytest.raises(pm.PolymapError, match=message):
        ask(pm.symbolic(WORK, "teaching", SKELETON))  # type: ignore[arg-type]


def test_exact_formulas_have_no_limit() -> None:
    batch = pm.symbolic(WORK, "teaching", SKELETON).compile()(2**40, 2**40, 2**40, exact=True)
    assert batch.compute_cycles.tolist() == [2**120]


@pytest.mark.parametrize("domain", ["", "{ [i,j] : j <= i }", "{ [i,j] : i + j <= 63 }"])
def test_counts_near_and_beyond_2_to_the_63_are_exact(domain: str) -> None:
    def price(heads: int) -> pm.Cost:
        work = pm.einsum("S[h,i,j] += Q[h,i] * K[h,j]", bits=2**30, domain=domain, h=heads, i=64, j=64)
        nest = f"DRAM holds S Q K\nfor h in {heads}\nfor j in 4\nL1 holds S Q K\nfor i in 64\nfor j in 16\ncompute"
        return pm.evaluate(work, WIDE, nest)

    small, large, times = price(2), price(2**31 - 2), Fraction(2**30 - 1)
    assert large.computes > 2**41
    assert large.energy > 2**80
    assert (large.computes, large.cycles, large.energy) == tuple(
        times * value for value in (small.computes, small.cycles, small.energy)
    )
    for one, many in zip(small.traffic, large.traffic, strict=True):
        assert (many.reads, many.fills, many.updates) == (times * one.reads, times * one.fills, times * one.updates)


WIDE = {
    "name": "wide",
    "clock": "1 GHz",
    "hierarchy": [
        {"memory": name, "width": "8 b", "energy": {"read": "97 J", "write": "3 J"}, **capacity}
        for name, capacity in (("DRAM", {}), ("L1", {"capacity": "100 TiB"}))
    ]
    + [{"compute": "MAC", "energy": "1 pJ"}],
}


def test_shapes_are_part_of_a_workload_and_of_no_count() -> None:
    conv = {"p": 8, "r": 3, "domain": "{ [p,r] : 1 <= p + r <= 8 }"}
    plain, shaped = (pm.einsum("O[p] += I[p+r-1] * W[r]", shapes=shapes, **conv) for shapes in ({}, {"I": [8]}))
    assert restored(canonical(shaped), pm.Einsum) == shaped
    assert digest(plain) != digest(shaped)
    nest = "DRAM holds I W O\nbuffer holds I O\nfor p in 8\nfor r in 3\nregisters holds I W O\ncompute"
    assert pm.evaluate(shaped, "teaching", nest) == pm.evaluate(plain, "teaching", nest)


def test_a_result_with_shapes_is_verified() -> None:
    work = {**WORK, "shapes": {"A": [4, 4], "C": [4, 5]}}
    document = pm.optimize(work, "teaching", objective="edp").to_dict()
    assert document["inputs"]["workload"]["value"]["tensors"][0]["shape"] == [4, 4]  # type: ignore[index]
    assert pm.verify(document).status == "confirmed"
    assert pm.verify(document, work=work).status == "confirmed"
    assert pm.verify(document, work=WORK).status == "different"


def test_one_condition_is_as_good_as_a_list_of_one() -> None:
    condition = "size:buffer <= 4 KiB"
    alone = pm.optimize(pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=4, n=4, k=4), "teaching", subject_to=condition)
    assert (alone.search and alone.search.subject_to) == (condition,)
    assert pm.pareto(WORK, "teaching", subject_to=condition).subject_to == (condition,)


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), float("inf")])
def test_a_tolerance_that_is_none_is_refused(tolerance: float) -> None:
    with pytest.raises(pm.SpecError, match=r"a tolerance of .* makes no sense"):
        pm.pareto(WORK, "teaching", tolerance=tolerance)


@pytest.mark.parametrize(
    ("call", "kinds"),
    [
        (pm.verify, "Result or NetworkResult or Front or dict"),
        (pm.trace, "Result or NetworkResult or dict"),
        (pm.plot.breakdown, "Result"),
        (pm.plot.roofline, "Result"),
        (pm.plot.occupancy, "Result"),
        (pm.plot.pareto, "Front"),
    ],
)
def test_the_name_of_a_file_in_the_place_of_a_result_is_told(call: Callable[[object], object], kinds: str) -> None:
    with pytest.raises(pm.SpecError, match=rf"^`best/result\.json` \(str\) is no {kinds}\n") as caught:
        call("best/result.json")
    assert "returned" in caught.value.mistakes[0].mend
    assert ("json.load(open(FILE))" in caught.value.mistakes[0].mend) == ("dict" in kinds)
