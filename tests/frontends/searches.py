"""Three searches of timeloop 4cf6d4c in its own format: machines, what may be mapped on them, and what was recorded.

The machines are like Eyeriss, Simba and an output-stationary array; sizes that no search space depends on are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROBLEM = """\
problem:
  shape:
    name: conv2d
    dimensions: [C, M, R, S, N, P, Q]
    data_spaces:
    - {name: Weights, projection: [[[C]], [[M]], [[R]], [[S]]]}
    - {name: Inputs, projection: [[[N]], [[C]], [[R], [P]], [[S], [Q]]]}
    - {name: Outputs, projection: [[[N]], [[M]], [[Q]], [[P]]], read_write: true}
  instance: {N: 1, C: 64, M: 64, P: 56, Q: 56, R: 3, S: 3}
"""
EYERISS = """\
architecture:
  subtree:
  - name: chip
    local:
    - {name: DRAM, class: DRAM, attributes: {word_bits: 8, block_size: 8, meshX: 1, meshY: 1}}
    - {name: GLB, class: SRAM, attributes: {word_bits: 8, block_size: 8, meshX: 1, meshY: 1, entries: 131072}}
    - {name: column, class: storage, attributes: {word_bits: 1, meshX: 1, meshY: 1, entries: 1}}
    - {name: row, class: storage, attributes: {word_bits: 1, meshX: 14, meshY: 1, entries: 1}}
    - {name: ifmap_spad, class: regfile, attributes: {word_bits: 8, meshX: 14, meshY: 12, entries: 24}}
    - {name: weights_spad, class: regfile, attributes: {word_bits: 8, meshX: 14, meshY: 12, entries: 384}}
    - {name: psum_spad, class: regfile, attributes: {word_bits: 16, meshX: 14, meshY: 12, entries: 16}}
    - {name: MAC, class: intmac, attributes: {datawidth: 8, meshX: 14, meshY: 12}}
"""
EYERISS_LIMITS = """\
architecture_constraints:
  targets:
  - {target: DRAM, type: temporal, permutation: N}
  - {target: GLB, type: bypass, keep: [Inputs, Outputs], bypass: [Weights]}
  - {target: GLB, type: temporal, permutation: N}
  - {target: column, type: spatial, factors: 'N=1,C=1,P=1,R=1,S=1', permutation: NCPRSQM, split: 999}
  - {target: column, type: temporal, factors: 'C=1,M=1,R=1,S=1,N=1,P=1,Q=1', permutation: CMRSNPQ}
  - {target: column, type: bypass, bypass: [Weights, Inputs, Outputs]}
  - {target: row, type: spatial, factors: 'N=1,P=1,Q=1,R=1', permutation: NPQRSCM, split: 0}
  - {target: row, type: temporal, factors: 'C=1,M=1,R=1,S=1,N=1,P=1,Q=1', permutation: CMRSNPQ}
  - {target: row, type: bypass, bypass: [Weights, Inputs, Outputs]}
  - {target: ifmap_spad, type: bypass, keep: [Inputs], bypass: [Weights, Outputs]}
  - {target: ifmap_spad, type: temporal, factors: 'N=1,M=1,C=1,P=1,Q=1,R=1,S=1', permutation: NMCPQRS}
  - {target: weights_spad, type: bypass, keep: [Weights], bypass: [Outputs, Inputs]}
  - {target: weights_spad, type: temporal, factors: 'N=1,M=1,P=1,Q=1,S=1', permutation: NMPQSCR}
  - {target: psum_spad, type: bypass, keep: [Outputs], bypass: [Weights, Inputs]}
  - {target: psum_spad, type: temporal, factors: 'N=1,C=1,R=1,S=1,P=1,Q=1', permutation: NCPQRSM}
"""
OUTPUT_STATIONARY = """\
architecture:
  subtree:
  - name: chip
    local:
    - {name: DRAM, class: DRAM, attributes: {word_bits: 8, block_size: 8, meshX: 1, meshY: 1}}
    - {name: GLB, class: SRAM, attributes: {word_bits: 8, block_size: 8, meshX: 1, meshY: 1, entries: 131072}}
    - {name: PE, class: storage, attributes: {word_bits: 1, meshX: 1, meshY: 1, entries: 1}}
    - {name: spad, class: regfile, attributes: {word_bits: 8, meshX: 16, meshY: 16, entries: 192}}
    - {name: weight_reg, class: regfile, attributes: {word_bits: 8, meshX: 16, meshY: 16, entries: 1}}
    - {name: input_reg, class: regfile, attributes: {word_bits: 8, meshX: 16, meshY: 16, entries: 1}}
    - {name: output_reg, class: regfile, attributes: {word_bits: 8, meshX: 16, meshY: 16, entries: 1}}
    - {name: MAC, class: intmac, attributes: {datawidth: 8, meshX: 16, meshY: 16}}
"""
OUTPUT_STATIONARY_LIMITS = """\
architecture_constraints:
  targets:
  - {target: DRAM, type: temporal, permutation: N}
  - {target: GLB, type: temporal, permutation: N}
  - {target: PE, type: spatial, factors: 'R=1,S=1,P=1,Q=1', permutation: NQPSRCM, split: 1}
  - {target: PE, type: temporal, factors: 'C=1,M=1,R=1,S=1,N=1,P=1,Q=1', permutation: CMRSNPQ}
  - {target: PE, type: bypass, bypass: [Weights, Inputs, Outputs]}
  - {target: spad, type: bypass, keep: [Outputs], bypass: [Inputs, Weights]}
  - {target: spad, type: temporal, permutation: NRSPQ}
  - {target: weight_reg, type: bypass, keep: [Weights], bypass: [Outputs, Inputs]}
  - {target: weight_reg, type: temporal, factors: 'R=1,S=1,M=1,C=1', permutation: NCMSR}
  - {target: input_reg, type: bypass, keep: [Inputs], bypass: [Outputs, Weights]}
  - {target: input_reg, type: temporal, factors: 'P=1,Q=1,C=1,N=1', permutation: NCQP}
  - {target: output_reg, type: bypass, keep: [Outputs], bypass: [Inputs, Weights]}
  - {target: output_reg, type: temporal, factors: 'P=1,Q=1,M=1,N=1', permutation: NMQP}
"""
SIMBA = """\
architecture:
  subtree:
  - name: chip
    local:
    - {name: DRAM, class: DRAM, attributes: {word_bits: 8, block_size: 8, meshX: 1, meshY: 1}}
    - {name: GLB, class: SRAM, attributes: {word_bits: 8, block_size: 32, meshX: 1, meshY: 1, entries: 65536}}
    - {name: PE, class: storage, attributes: {word_bits: 1, meshX: 1, meshY: 1, entries: 1}}
    - {name: input_buffer, class: regfile, attributes: {word_bits: 8, meshX: 16, meshY: 1, entries: 65536}}
    - {name: distributed, class: storage, attributes: {word_bits: 1, meshX: 16, meshY: 1, entries: 1}}
    - {name: weight_buffer, class: regfile, attributes: {word_bits: 8, meshX: 16, meshY: 4, entries: 32768}}
    - {name: accumulator, class: regfile, attributes: {word_bits: 24, meshX: 16, meshY: 4, entries: 128}}
    - {name: lane, class: storage, attributes: {word_bits: 1, meshX: 16, meshY: 4, entries: 1}}
    - {name: weight_reg, class: regfile, attributes: {word_bits: 8, meshX: 16, meshY: 16, entries: 64}}
    - {name: MAC, class: intmac, attributes: {datawidth: 8, meshX: 16, meshY: 16}}
"""
SIMBA_LIMITS = """\
architecture_constraints:
  targets:
  - {target: DRAM, type: temporal, permutation: N}
  - {target: GLB, type: bypass, keep: [Inputs, Outputs], bypass: [Weights]}
  - {target: GLB, type: temporal, permutation: N}
  - {target: PE, type: spatial, factors: 'R=1,S=1,P=1,Q=1,N=1', permutation: MCRSPQN}
  - {target: PE, type: temporal, factors: 'C=1,M=1,R=1,S=1,N=1,P=1,Q=1', permutation: CMRSNPQ}
  - {target: PE, type: bypass, bypass: [Weights, Inputs, Outputs]}
  - {target: input_buffer, type: bypass, keep: [Inputs], bypass: [Weights, Outputs]}
  - {target: input_buffer, type: temporal, permutation: N}
  - {target: distributed, type: spatial, factors: 'P=1,Q=1,R=1,S=1,C=1,N=1', permutation: MCQRSPN}
  - {target: distributed, type: temporal, factors: 'C=1,M=1,R=1,S=1,N=1,P=1,Q=1', permutation: CMRSNPQ}
  - {target: distributed, type: bypass, bypass: [Weights, Inputs, Outputs]}
  - {target: weight_buffer, type: bypass, keep: [Weights], bypass: [Inputs, Outputs]}
  - {target: weight_buffer, type: temporal, permutation: N}
  - {target: accumulator, type: bypass, keep: [Outputs], bypass: [Inputs, Weights]}
  - {target: accumulator, type: temporal, permutation: N}
  - {target: lane, type: spatial, factors: 'P=1,Q=1,R=1,S=1,M=1,N=1', permutation: CMQRSPN}
  - {target: lane, type: temporal, factors: 'C=1,M=1,R=1,S=1,N=1,P=1,Q=1', permutation: CMRSNPQ}
  - {target: lane, type: bypass, bypass: [Weights, Inputs, Outputs]}
  - {target: weight_reg, type: bypass, keep: [Weights], bypass: [Inputs, Outputs]}
  - {target: weight_reg, type: temporal, permutation: N}
"""
EYERISS_FOUND = """\
mapping:
- {target: psum_spad, type: datatype, bypass: [Weights, Inputs]}
- {target: weights_spad, type: datatype, bypass: [Inputs, Outputs]}
- {target: ifmap_spad, type: datatype, bypass: [Weights, Outputs]}
- {target: row, type: datatype, bypass: [Weights, Inputs, Outputs]}
- {target: column, type: datatype, bypass: [Weights, Inputs, Outputs]}
- {target: GLB, type: datatype, bypass: [Weights]}
- {target: psum_spad, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: weights_spad, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: ifmap_spad, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: row, type: spatial, factors: C2 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ, split: 0}
- {target: row, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: column, type: spatial, factors: C1 M1 R1 S1 N1 P1 Q8, permutation: QCMRSNP, split: 1}
- {target: column, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: GLB, type: temporal, factors: C2 M8 R3 S1 N1 P14 Q7, permutation: PQCMRSN}
- {target: DRAM, type: temporal, factors: C16 M8 R1 S3 N1 P4 Q1, permutation: CSMPRNQ}
"""
SIMBA_FOUND = """\
mapping:
- {target: weight_reg, type: datatype, bypass: [Inputs, Outputs]}
- {target: lane, type: datatype, bypass: [Weights, Inputs, Outputs]}
- {target: accumulator, type: datatype, bypass: [Weights, Inputs]}
- {target: weight_buffer, type: datatype, bypass: [Inputs, Outputs]}
- {target: distributed, type: datatype, bypass: [Weights, Inputs, Outputs]}
- {target: input_buffer, type: datatype, bypass: [Weights, Outputs]}
- {target: PE, type: datatype, bypass: [Weights, Inputs, Outputs]}
- {target: GLB, type: datatype, bypass: [Weights]}
- {target: weight_reg, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q14, permutation: QCMRSNP}
- {target: lane, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: accumulator, type: temporal, factors: C4 M2 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: weight_buffer, type: temporal, factors: C1 M1 R1 S1 N1 P8 Q4, permutation: PQCMRSN}
- {target: distributed, type: spatial, factors: C1 M2 R1 S1 N1 P1 Q1, permutation: MCRSNPQ, split: 0}
- {target: distributed, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: input_buffer, type: temporal, factors: C2 M1 R3 S1 N1 P1 Q1, permutation: CRMSNPQ}
- {target: PE, type: spatial, factors: C8 M2 R1 S1 N1 P1 Q1, permutation: MCRSNPQ, split: 2}
- {target: PE, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: GLB, type: temporal, factors: C1 M1 R1 S3 N1 P1 Q1, permutation: SCMRNPQ}
- {target: DRAM, type: temporal, factors: C1 M8 R1 S1 N1 P7 Q1, permutation: MPCRSNQ}
"""
OUTPUT_STATIONARY_FOUND = """\
mapping:
- {target: output_reg, type: datatype, bypass: [Weights, Inputs]}
- {target: input_reg, type: datatype, bypass: [Weights, Outputs]}
- {target: weight_reg, type: datatype, bypass: [Inputs, Outputs]}
- {target: spad, type: datatype, bypass: [Weights, Inputs]}
- {target: PE, type: datatype, bypass: [Weights, Inputs, Outputs]}
- {target: GLB, type: datatype, bypass: [Outputs]}
- {target: output_reg, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: input_reg, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: weight_reg, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q4, permutation: QCMRSNP}
- {target: spad, type: temporal, factors: C1 M2 R1 S3 N1 P4 Q2, permutation: SPQMCRN}
- {target: PE, type: spatial, factors: C2 M8 R1 S1 N1 P1 Q1, permutation: CMRSNPQ, split: 0}
- {target: PE, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
- {target: GLB, type: temporal, factors: C16 M4 R3 S1 N1 P1 Q7, permutation: CRMQSNP}
- {target: DRAM, type: temporal, factors: C2 M1 R1 S1 N1 P14 Q1, permutation: PCMRSNQ}
"""


@dataclass(frozen=True)
class Search:
    """Sections, and what was recorded: the sizes of the search space, and the best mapping that was found.

    `factorisations`: ways to split all dimensions among all loops. `orders`: of the temporal loops of all memories but
    the innermost. `keeps`: ways to keep or bypass.
    """

    name: str
    architecture: str
    limits: str
    found: str
    factorisations: int
    orders: int
    keeps: int

    def files(self, folder: Path, mapped: bool = False) -> list[str]:
        """One file for each section; with the mapping that was found, if asked for."""
        sections = {"arch": self.architecture, "problem": PROBLEM, "limits": self.limits}
        paths = []
        for name, text in {**sections, **({"mapping": self.found} if mapped else {})}.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
            paths.append(str(folder / f"{name}.yaml"))
        return paths


SEARCHES = (
    Search("eyeriss", EYERISS, EYERISS_LIMITS, EYERISS_FOUND, 38102400, 518400, 1),
    Search("simba", SIMBA, SIMBA_LIMITS, SIMBA_FOUND, 11967835815936, 193491763200000, 1),
    Search(
        "output stationary",
        OUTPUT_STATIONARY,
        OUTPUT_STATIONARY_LIMITS,
        OUTPUT_STATIONARY_FOUND,
        7056000000,
        12441600,
        8,
    ),
)
