"""Results as text."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from polymap.model.cost import Transport
from polymap.report import text
from tests.report.examples import COST, evaluated, gemm, network, stopped

LAYER = """\
gemm on tiny: optimal
  objective    edp 1.050e-15 J*s (lower bound 1.050e-15 J*s, gap 0 %)
  energy       6.563 nJ
  cycles       32 (160 ns at 200 MHz)
  EDP          1.050e-15 J*s
  utilization  50 % of 4 MAC
  computes     64
  area         100 um2
  conventions  polymap
  search       even mapspace, 12 classes: 11 closed by bounds, 1 by the solver; 0.25 CPU-s, seed 0

mapping
  DRAM holds A B C        # A 32, B 16, C 8
  for k in 8
    parallel m in 4 on X
      RF holds A C        # A 1, C 2 [=         ] 9.38 % of 64 B
      for n in 2
        compute

level  tensor   tile  instances  reads  fills  updates    energy     share
--------------------------------------------------------------------------
DRAM   A          32          1     32      0        0    6.4 nJ    97.5 %
RF     A           1          4     64     32        0     96 pJ    1.46 %
MAC    compute                4                            64 pJ   0.975 %
RF     leakage                                            2.5 pJ  0.0381 %
--------------------------------------------------------------------------
total                                                   6.563 nJ     100 %"""

NETWORK = """\
layer   repeat    energy  cycles  utilization            EDP  gap
-----------------------------------------------------------------
first       x3  6.563 nJ      32         50 %  1.050e-15 J*s  0 %
second      x1  6.563 nJ      32         50 %  1.050e-15 J*s  0 %
-----------------------------------------------------------------
total       x4  26.25 nJ     128         50 %  4.200e-15 J*s  0 %

pair: optimal; 2 of 2 distinct layers proven optimal; edp 4.200e-15 J*s, lower bound 4.200e-15 J*s, gap 0 %"""


def test_a_layer_is_summary_nest_and_energy_table() -> None:
    assert text(gemm()) == LAYER


def test_a_network_is_one_row_per_distinct_layer_and_weighted_totals() -> None:
    assert text(network()) == NETWORK


def test_an_array_whose_network_is_not_modelled_says_so() -> None:
    unknown, known = (
        Transport("PE", "A", "DRAM", "RF", 8, 32, hops, 0, energy)
        for hops, energy in ((None, None), (8, Fraction(1_000)))
    )
    lines = [text(replace(gemm(), cost=replace(COST, networks=(row,)))).splitlines() for row in (unknown, known)]
    rows = [[line.split() for line in page if line.startswith("PE ")] for page in lines]
    assert rows == [[["PE", "network", "not", "modelled"]], [["PE", "network", "1", "nJ", "13.2", "%"]]]


def test_an_evaluated_mapping_claims_no_objective_and_no_search() -> None:
    lines = text(evaluated()).splitlines()
    assert lines[0] == "gemm on tiny: evaluated"
    assert not any(line.strip().startswith(("objective", "search")) for line in lines)


def test_a_stopped_search_shows_its_gap() -> None:
    assert "gap 25 %" in text(stopped())


def test_a_network_with_a_stopped_layer_is_not_called_optimal() -> None:
    last = text(network((1, gemm("first")), (3, stopped("second")))).splitlines()[-1]
    assert last.startswith("pair: feasible; 1 of 2 distinct layers proven optimal")
    assert last.endswith("gap 18.8 %")


def test_every_line_of_a_table_is_as_wide_as_its_rule() -> None:
    table = text(gemm()).split("\n\n")[2].splitlines()
    assert max(map(len, table)) == len(table[1])


def test_a_network_without_layers_is_still_a_table() -> None:
    empty = replace(network(), layers=())
    assert text(empty).splitlines()[-1] == "pair: optimal; 0 of 0 distinct layers proven optimal"


def test_values_that_are_not_finite_are_shown_as_they_are() -> None:
    endless = replace(gemm(), value=float("inf"), lower_bound=float("nan"))
    assert "edp inf J*s (lower bound nan J*s, gap nan %)" in text(endless)
