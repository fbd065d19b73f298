"""Machines and einsums in AccelForge's format: those of `tests/golden/accelforge_mapper`, all numbers written out."""

from __future__ import annotations

import re
from collections.abc import Mapping

NVDLA = """\
arch:
  nodes:
  - !Memory
    name: MainMemory
    size: inf
    leak_power: 0
    tensors: {keep: ~Intermediates, may_keep: All}
    actions:
    - {name: read, energy: 7.03e-12, throughput: 8 * 38.4e9}
    - {name: write, energy: 7.03e-12, throughput: 8 * 38.4e9}
  - !Memory
    name: GlobalBuffer
    size: 64 * 1024 * 8
    leak_power: 0
    total_latency: max(a.n_calls / a.throughput for a in actions)
    tensors: {keep: All}
    actions:
    - {name: read, energy: 0.249e-12, throughput: 512e9 * 8}
    - {name: write, energy: 0.293e-12, throughput: 128e9 * 8}
  - !Container
    name: ProcessingElement
    spatial:
    - {name: reuse_input, fanout: 2 ** 5, reuse: input, min_usage: 1}
    - {name: reuse_output, fanout: 192, reuse: output, min_usage: 1}
  - !Memory
    name: Register
    component_class: Dummy
    size: weight.bits_per_value if weight else 1
    tensors: {keep: weight}
  - !Compute
    name: MAC
    leak_power: 0
    actions: [{name: compute, energy: 0.084e-12, throughput: 1e9}]
"""
SIMPLE = """\
{% set size = size | default(8192) %}
variables: {pico: 1e-12, dram: 100 * pico}
arch:
  nodes:
  - !Memory
    name: MainMemory
    size: inf
    leak_power: 0
    tensors: {keep: ~Intermediates, may_keep: All}
    actions:
    {% for action in ["read", "write"] %}
    - {name: {{action}}, energy: dram, throughput: inf}
    {% endfor %}
  - !Memory
    name: GlobalBuffer
    size: {{size}}
    leak_power: 0
    tensors: {keep: ~MainMemory, may_keep: All}
    actions: [{name: read, energy: pico, throughput: inf}, {name: write, energy: pico, throughput: inf}]
  - !Compute
    name: MAC
    leak_power: 0
    actions: [{name: compute, energy: pico, throughput: 1e9}]
"""
FANOUT_AT_MAC = """\
arch:
  nodes:
  - !Memory
    name: MainMemory
    size: inf
    leak_power: 0
    tensors: {keep: All}
    actions: [{name: read, energy: 1e-12, throughput: inf}, {name: write, energy: 1e-12, throughput: inf}]
  - !Memory {name: GlobalBuffer, component_class: Dummy, size: inf, tensors: {keep: All}}
  - !Compute
    name: MAC
    leak_power: 0
    spatial: [{name: X, fanout: 4}]
    actions: [{name: compute, energy: 0, throughput: 1e9}]
"""
SNOWCAT = """\
arch:
  nodes:
  - !Memory
    name: MainMemory
    component_class: Dummy
    size: inf
    tensors: {keep: ~Intermediates, may_keep: All}
    actions: [{name: read, energy: 1e-12}, {name: write, energy: 1e-12}]
  - !Memory {name: GlobalBuffer, component_class: Dummy, size: 1e15, tensors: {keep: All}}
  - !Compute {name: MAC, component_class: Dummy}
"""
EYERISS = """\
arch:
  nodes:
  - !Memory
    name: MainMemory
    size: inf
    leak_power: 0
    tensors: {keep: ~Intermediates, may_keep: All}
    actions:
    - {name: read, energy: 8e-12, throughput: 3355443200}
    - {name: write, energy: 8e-12, throughput: 3355443200}
  - !Memory
    name: GlobalBuffer
    size: 1024 * 1024
    leak_power: 0.00025508039081958506
    total_latency: sum(a.n_calls for a in actions) / 32 / 200e6
    tensors: {keep: ~MainMemory, may_keep: All}
    actions:
    - {name: read, energy: 9.056430298994264e-11, throughput: 1, bits_per_action: 64}
    - {name: write, energy: 9.122346940403464e-11, throughput: 1, bits_per_action: 64}
  - !Container
    name: ProcessingElement
    spatial:
    - {name: reuse_weight, fanout: 14, reuse: weight, min_usage: 1}
    - {name: reuse_output, fanout: 12, reuse: output, min_usage: 1}
  - !Memory
    name: InputScratchpad
    size: 12 * 16
    leak_power: 4.3815839033400895e-07
    tensors: {keep: input}
    actions:
    - {name: read, energy: 2.2733893884485344e-14, throughput: 9846153846.153845}
    - {name: write, energy: 3.1554801000964905e-14, throughput: 9846153846.153845}
  - !Memory
    name: WeightScratchpad
    size: 192 * 16
    leak_power: 7.663684917510134e-07
    tensors: {keep: weight}
    actions:
    - {name: read, energy: 4.0152965248454046e-14, throughput: 34461538461.53846}
    - {name: write, energy: 6.235570339922515e-14, throughput: 34461538461.53846}
  - !Memory
    name: OutputScratchpad
    size: 16 * 16
    leak_power: 4.4143907783400897e-07
    tensors: {keep: output}
    actions:
    - {name: read, energy: 2.6247402328781873e-14, throughput: 9846153846.153845}
    - {name: write, energy: 3.728731056542402e-14, throughput: 9846153846.153845}
  - !Compute
    name: MAC
    total_latency: sum(a.n_calls for a in actions) / 200e6
    leak_power: 8.851870775236185e-06
    actions: [{name: compute, energy: 1.2813796807700769e-12, throughput: 1}]
"""
SIMBA = """\
arch:
  nodes:
  - !Memory
    name: MainMemory
    size: inf
    leak_power: 0
    tensors: {keep: ~Intermediates, may_keep: All}
    actions:
    - {name: read, energy: 8e-12, throughput: 3355443200}
    - {name: write, energy: 8e-12, throughput: 3355443200}
  - !Memory
    name: GlobalBuffer
    size: 524288
    leak_power: 9.50865964351506e-06
    tensors: {keep: input | output}
    actions:
    - {name: read, energy: 8.294876234356374e-14, throughput: 725 * 2.5e9}
    - {name: write, energy: 9.034393027274906e-14, throughput: 725 * 2.5e9}
  - !Container
    name: ProcessingElement
    spatial: [{name: reuse_all, fanout: 16, min_usage: 1}]
  - !Memory
    name: InputBuffer
    size: 65536
    leak_power: 1.2069544874830208e-06
    tensors: {keep: input}
    actions:
    - {name: read, energy: 9.645592307867024e-15, throughput: 256 * 2.5e9}
    - {name: write, energy: 2.0688423341649345e-14, throughput: 256 * 2.5e9}
  - !Memory
    name: WeightBuffer
    size: 262144
    leak_power: 1.2611510646849734e-05
    tensors: {keep: weight}
    actions:
    - {name: read, energy: 6.681971929354662e-14, throughput: 512 * 2.5e9}
    - {name: write, energy: 6.873086384000309e-14, throughput: 512 * 2.5e9}
  - !Memory
    name: AccumulationBuffer
    size: 24576
    leak_power: 6.034779422382222e-07
    bits_per_value: {output: 3 * output.bits_per_value}
    tensors: {keep: output}
    actions:
    - {name: read, energy: 7.074774077633321e-15, throughput: 157 * 2.5e9}
    - {name: write, energy: 1.3827004365611064e-14, throughput: 157 * 2.5e9}
  - !Container
    name: VectorMAC
    spatial:
    - {name: reuse_output, fanout: 8, reuse: output, min_usage: 1}
    - {name: reuse_input, fanout: 8, reuse: input, min_usage: 1}
  - !Memory
    name: Register
    component_class: Dummy
    size: weight.bits_per_value if weight else 0
    tensors: {keep: weight}
  - !Compute
    name: MAC
    leak_power: 1.2382323818087997e-06
    actions: [{name: compute, energy: 1.7924412301183831e-13, throughput: 2.5e9}]
"""
TPU_V4I = """\
arch:
  nodes:
  - !Memory
    name: MainMemory
    size: inf
    leak_power: 0
    tensors: {keep: ~Intermediates, may_keep: All}
    actions:
    - {name: read, energy: 7.03e-12, throughput: 8 * 614e9}
    - {name: write, energy: 7.03e-12, throughput: 8 * 614e9}
  - !Memory
    name: GlobalBuffer
    size: 1024*1024*128*8
    leak_power: 0
    total_latency: max(a.n_calls / a.throughput for a in actions)
    tensors: {keep: ~MainMemory.tensors, may_keep: All}
    actions:
    - {name: read, energy: 1.88e-12, throughput: 8 * 2048e9}
    - {name: write, energy: 2.36e-12, throughput: 8 * 1024e9}
  - !Memory
    name: LocalBuffer
    spatial: [{name: Z, fanout: 4, may_reuse: Nothing, min_usage: 1}]
    size: 1024*1024*4*8
    leak_power: 0
    tensors: {keep: input | output}
    actions:
    - {name: read, energy: 0.249e-12, throughput: inf}
    - {name: write, energy: 0.293e-12, throughput: inf}
  - !Compute
    name: ScalarUnit
    enabled: len(All) == 2
    actions: [{name: compute, energy: 0, throughput: 1.05e9 * 128}]
  - !Container
    name: ProcessingElement
    spatial:
    - {name: reuse_input, fanout: 128, reuse: input, min_usage: 1}
    - {name: reuse_output, fanout: 128, reuse: output, min_usage: 1}
  - !Memory
    name: Register
    component_class: Dummy
    size: weight.bits_per_value if weight else 0
    tensors: {keep: weight}
  - !Compute
    name: MAC
    leak_power: 0
    enabled: len(All) == 3
    actions: [{name: compute, energy: 0.084e-12, throughput: 1.05e9}]
"""
MACHINES = {
    "nvdla": NVDLA,
    "simple": SIMPLE,
    "fanout_at_mac": FANOUT_AT_MAC,
    "snowcat": SNOWCAT,
    "eyeriss": EYERISS,
    "simba": SIMBA,
    "tpu_v4i": TPU_V4I,
}
MATMUL = """\
workload:
  iteration_space_shape: {m: 0 <= m < 64, k: 0 <= k < 64, n: 0 <= n <= 63}
  bits_per_value: {All: 8}
  einsums:
  - name: Matmul
    tensor_accesses:
    - {name: A, projection: [m, k]}
    - {name: B, projection: [k, n]}
    - {name: Z, projection: [m, n], output: True}
    renames: {input: A, weight: B, output: Z}
"""


def workload(einsum: str, ranks: Mapping[str, int]) -> str:
    """An einsum with two inputs in that tool's words; every coordinate has a name of its own."""
    bounds = ", ".join(f"{rank}: 0 <= {rank} < {size}" for rank, size in ranks.items())
    output, first, second = re.findall(r"(\w+)\[([^]]*)\]", einsum)
    lines = [f"    - {{name: {name}, projection: {_projection(index)}}}" for name, index in (first, second)]
    lines.append(f"    - {{name: {output[0]}, projection: {_projection(output[1])}, output: True}}")
    roles = f"    renames: {{input: {first[0]}, weight: {second[0]}, output: {output[0]}}}"
    head = f"workload:\n  iteration_space_shape: {{{bounds}}}\n  bits_per_value: {{All: 8}}\n  einsums:\n  - name: E\n"
    return "\n".join([f"{head}    tensor_accesses:", *lines, roles, ""])


def _projection(index: str) -> str:
    return "{" + ", ".join(f"D{at}: {each}" for at, each in enumerate(index.split(","))) + "}"
