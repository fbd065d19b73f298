"""What is left out of a conversion because no count, time or energy depends on it, each with the reason."""

from __future__ import annotations

from polymap import spec
from polymap.quantity import shown

SECTIONS = {
    "dumped_by_timeloop_front_end": "says which program wrote the file",
    "compound_components": "describes components to the energy estimator, whose answers are the ERT and the ART",
    "globals": "settings of the front end",
    "variables": "used by the front end, already put in place in processed files",
    "mapper": "steers the search, not the model",
    "ERT_summary": "repeats the ERT",
    "ART_summary": "repeats the ART",
}

_ESTIMATOR = "read by the energy estimator, whose answer is the ERT"
_SPARSE = "describes compressed tensors, and here none is"
DEFAULTS = "default for the components below, which repeat it"

ATTRIBUTES = {
    "technology": "beyond `DRAM`, " + _ESTIMATOR,
    "type": _ESTIMATOR,
    "n_banks": _ESTIMATOR,
    "nbanks": _ESTIMATOR,
    "num_banks": _ESTIMATOR,
    "nports": _ESTIMATOR,
    "num_ports": _ESTIMATOR,
    "n_rd_ports": _ESTIMATOR,
    "n_wr_ports": _ESTIMATOR,
    "n_rdwr_ports": _ESTIMATOR,
    "latency": _ESTIMATOR,
    "cycle_time": _ESTIMATOR,
    "update_fifo_depth": _ESTIMATOR,
    "multiplier_width": _ESTIMATOR,
    "adder_width": _ESTIMATOR,
    "action_latency_cycles": _ESTIMATOR,
    "has_power_gating": _ESTIMATOR,
    "allow_overbooking": "only allows what the rules of a mapping refuse",
    "cluster_area": "areas come from the ART",
    "area": "areas come from the ART",
    "n_ports": _ESTIMATOR,
    "n_rw_ports": _ESTIMATOR,
    "metadata_storage_width": _SPARSE,
    "metadata_storage_depth": _SPARSE,
    "metadata_counter_width": _SPARSE,
    "metadata_datawidth": _SPARSE,
    "metadata_word_bits": _SPARSE,
    "metadata_block_size": _SPARSE,
    "decompression_supported": _SPARSE,
    "compression_supported": _SPARSE,
}

COMPONENT = {
    "required_actions": _ESTIMATOR,
    "subclass": _ESTIMATOR,
    "area_scale": _ESTIMATOR,
    "energy_scale": "already in the ERT",
    "constraints": "limits the search, not the model",
    "enabled": "components that are not enabled have no actions in the ERT",
}

TREE = {
    "constraints": "limits the search, not the model",
    "required_actions": _ESTIMATOR,
    "enabled": DEFAULTS,
}

VERSIONS = ("0.2", "0.3", "0.4")

# What the model takes from a component; a container may give defaults of it to the components below.
# fmt: off
MODELLED = (
    "word_bits", "word_width", "datawidth", "block_size", "n_words", "cluster_size", "width", "memory_width",
    "data_storage_width", "entries", "depth", "memory_depth", "data_storage_depth", "sizeKB", "instances", "meshX",
    "meshY", "multiple_buffering", "min_utilization", "bandwidth", "read_bandwidth", "write_bandwidth",
    "shared_bandwidth", "per_dataspace_bandwidth_consumption_scale", "vector_access_energy", "addr_gen_energy",
    "power_gated_at", "network_type", "network_fill_latency", "network_drain_latency", "wire_energy", "tile_width",
    "energy_per_hop", "router_energy", "reduction_supported", "global_cycle_seconds", "network_word_bits",
)
# fmt: on


# Names that older files write with hyphens.
# fmt: off
ONCE_HYPHENATED = (
    "word_bits", "block_size", "cluster_size", "cluster_area", "num_ports", "num_banks", "multiple_buffering",
    "min_utilization", "vector_access_energy", "addr_gen_energy", "network_type", "network_word_bits", "router_energy",
    "wire_energy", "energy_per_hop", "tile_width", "read_write", "data_spaces", "metadata_word_bits",
)
# fmt: on


def container() -> dict[str, str]:
    """Attributes that a container may have."""
    return {**dict.fromkeys((*MODELLED, *ATTRIBUTES), DEFAULTS), "version": "repeats the version of the section"}


def check_version(section: spec.Reader) -> None:
    """A section may say its version; others than those read are a mistake."""
    version = section.text("version", VERSIONS[-1])
    if version not in VERSIONS:
        section.wrong(f"version {shown(version)} is not read", f"use one of: {', '.join(VERSIONS)}", key="version")
