"""Tests search afresh: no answer comes from a cache unless a test names one. A busy machine is no failure.

So the time for one count has no say, only its steps have: they are the same on every machine.

Random tests draw the same examples in every run, or, with POLYMAP_FUZZ=long, new ones. Hypothesis also draws constants
of the modules that are imported: all of polymap's are, before the first test, so that the order of tests has no say.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal

import pytest
from hypothesis import HealthCheck, settings

import polymap
from polymap.workload import counting

RANDOM = os.environ.get("POLYMAP_FUZZ") == "long"

for module in pkgutil.walk_packages(polymap.__path__, "polymap."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)

signal.signal(signal.SIGINT, signal.default_int_handler)  # processes in the background of a shell begin without

settings.register_profile(
    "polymap",
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
    derandomize=not RANDOM,
    database=settings.default.database if RANDOM else None,  # failures of other runs are no examples of this one
)
settings.load_profile("polymap")


@pytest.fixture(autouse=True, scope="session")
def _no_cache() -> None:
    os.environ["POLYMAP_CACHE"] = "off"


@pytest.fixture(autouse=True, scope="session")
def _only_steps_limit_counts() -> None:
    counting.SECONDS = 600.0
