"""What the front ends tell to install can be installed, and the tests of those that need no torch are not skipped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def packages(extra: str) -> list[str]:
    listed = re.search(rf"^{extra} = \[(.*?)\]", PROJECT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return re.findall(r'"([A-Za-z-]+)', listed[1]) if listed else []


@pytest.mark.parametrize(("extra", "package"), [("onnx", "onnx"), ("mlir", "xdsl"), ("torch", "torch"), ("jax", "jax")])
def test_every_extra_brings_its_package(extra: str, package: str) -> None:
    assert packages(extra) == [package]


@pytest.mark.parametrize("package", ["onnx", "xdsl"])
def test_small_packages_are_there_where_the_project_is_developed(package: str) -> None:
    assert package in packages("dev")
