"""A small machine, problem and mapping in Timeloop's format, and ways to change them."""

from __future__ import annotations

from pathlib import Path

ARCHITECTURE = """\
architecture:
  version: '0.4'
  subtree:
  - name: system
    attributes: {technology: 45nm}
    local:
    - name: DRAM[1..1]
      class: DRAM
      attributes: {word_bits: 16, meshX: 1, meshY: 1, block_size: 4}
    - name: GLB[1..1]
      class: SRAM
      attributes: {word_bits: 16, meshX: 1, meshY: 1, entries: 1024, power_gated_at: null}
    - name: RF[1..4]
      class: regfile
      attributes: {word_bits: 16, meshX: 4, meshY: 1, entries: 16}
    - name: MAC[1..4]
      class: intmac
      attributes: {datawidth: 16, meshX: 4, meshY: 1}
"""
PROBLEM = """\
problem:
  version: '0.4'
  shape:
    name: conv1d
    dimensions: [R, P, K]
    coefficients: [{name: stride, default: 1}]
    data_spaces:
    - name: Weights
      projection: [[[K]], [[R]]]
    - name: Inputs
      projection: [[[R], [P, stride]]]
    - name: Outputs
      projection: [[[K]], [[P]]]
      read_write: true
  instance: {R: 3, P: 8, K: 4}
"""
MAPPING = """\
mapping:
- {target: DRAM, type: temporal, factors: R=1 P=2 K=1, permutation: RPK}
- {target: GLB, type: temporal, factors: R=3 P=4 K=1, permutation: PRK}
- {target: GLB, type: spatial, factors: R=1 P=1 K=4, permutation: KRP, split: 1}
- {target: GLB, type: bypass, bypass: [Weights]}
- {target: RF, type: temporal, factors: R=1 P=1 K=1, permutation: RPK}
"""
ERT = """\
ERT:
  version: '0.4'
  tables:
  - name: system.DRAM[1..1]
    actions:
    - {name: read, arguments: {}, energy: 200.0}
    - {name: write, arguments: {}, energy: 210.0}
  - name: system.GLB[1..1]
    actions:
    - {name: read, arguments: {}, energy: 6.0}
    - {name: write, arguments: {data: 0}, energy: 6.5}
    - {name: write, arguments: {data: 1}, energy: 6.75}
    - {name: update, arguments: {}, energy: 7.0}
    - {name: leak, arguments: {}, energy: 0.125}
  - name: system.RF[1..4]
    actions:
    - {name: read, arguments: {}, energy: 0.5}
    - {name: write, arguments: {}, energy: 0.6}
  - name: system.MAC[1..4]
    actions:
    - {name: compute, arguments: {}, energy: 1.25}
"""
SECTIONS = {"architecture": ARCHITECTURE, "problem": PROBLEM, "mapping": MAPPING, "ert": ERT}


def written(folder: Path, changes: dict[str, tuple[str, str]] | None = None) -> list[str]:
    """The files, one per section; `changes` replaces a text of a section, which must be there, by another."""
    files = []
    for name, text in SECTIONS.items():
        old, new = (changes or {}).get(name, ("", ""))
        assert old in text
        path = folder / f"{name}.yaml"
        path.write_text(text.replace(old, new) if old else text, encoding="utf-8")
        files.append(str(path))
    return files
