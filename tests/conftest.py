"""Tests search afresh: no answer comes from a cache unless a test names one. A busy machine is no failure."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("polymap", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("polymap")


@pytest.fixture(autouse=True, scope="session")
def _no_cache() -> None:
    os.environ["POLYMAP_CACHE"] = "off"
