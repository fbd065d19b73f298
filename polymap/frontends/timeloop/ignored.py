"""What is left out of a conversion because no count, time or energy depends on it, each with the reason."""

SECTIONS = {
    "dumped_by_timeloop_front_end": "says which program wrote the file",
    "compound_components": "describes components to the energy estimator, whose answers are the ERT and the ART",
    "globals": "settings of the front end",
    "variables": "used by the front end, already put in place in processed files",
    "mapper": "steers the search, not the model",
    "mapspace": "steers the search, not the model",
    "architecture_constraints": "limits the search, not the model",
    "mapspace_constraints": "limits the search, not the model",
    "constraints": "limits the search, not the model",
    "ERT_summary": "repeats the ERT",
    "ART_summary": "repeats the ART",
}

_ESTIMATOR = "read by the energy estimator, whose answer is the ERT"
_DEFAULTS = "default for the components below, which repeat it"

ATTRIBUTES = {
    "technology": "the class says whether a memory is DRAM; otherwise " + _ESTIMATOR,
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
    "attributes": _DEFAULTS,
    "constraints": "limits the search, not the model",
    "required_actions": _ESTIMATOR,
    "enabled": _DEFAULTS,
}

ENERGY_TABLES = ("version",)
