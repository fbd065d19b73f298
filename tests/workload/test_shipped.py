"""The workloads that ship with polymap."""

from __future__ import annotations

import pytest

from polymap import spec
from polymap.workload import Einsum, Network, workload


@pytest.mark.parametrize("name", spec.shipped("workloads"))
def test_a_shipped_workload_can_be_read_and_names_its_source(name: str) -> None:
    found = workload(name)
    assert found.name == name
    assert found.source


def test_resnet18_has_12_distinct_layers_and_its_multiply_accumulates() -> None:
    net = workload("resnet18")
    assert isinstance(net, Network)
    assert len(net.layers) == 12
    assert sum(layer.repeat * layer.einsum.computes for layer in net.layers) == 1814073344


def test_a_layer_of_resnet18_can_be_named() -> None:
    conv1 = workload("resnet18/conv1")
    assert isinstance(conv1, Einsum)
    assert conv1.text == "O[n,k,p,q] += I[n,c,2*p+r-3,2*q+s-3] * W[k,c,r,s]"
    assert conv1.computes == 118013952


def test_bert_large_has_the_multiply_accumulates_of_its_blocks() -> None:
    net = workload("bert_large")
    assert isinstance(net, Network)
    tokens, hidden, blocks = 512, 1024, 24
    weights = 4 * hidden**2 + 2 * hidden * 4 * hidden
    attention = 2 * tokens * hidden  # scores and context, for each token
    assert sum(layer.repeat * layer.einsum.computes for layer in net.layers) == blocks * tokens * (weights + attention)
