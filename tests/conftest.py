"""Tests search afresh: no answer comes from a cache unless a test names one."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def _no_cache() -> None:
    os.environ["POLYMAP_CACHE"] = "off"
