"""Networks of torch modules; weights are on the meta device, where they have shapes and no values."""

from __future__ import annotations

from typing import Any

import pytest

from tests.frontends import topologies

torch = pytest.importorskip("torch")
functional = torch.nn.functional


class Builder:
    """What the topologies ask for; weights are taken in order, and made where there are none left."""

    def __init__(self, weights: Any) -> None:
        self.weights, self.at = weights, 0

    def weight(self, *shape: int) -> Any:
        if self.at == len(self.weights):
            self.weights.append(torch.nn.Parameter(torch.empty(shape, device="meta")))
        self.at += 1
        return self.weights[self.at - 1]

    def conv(self, x: Any, read: int, written: int, size: int, stride: int) -> Any:
        return functional.conv2d(x, self.weight(written, read, size, size), stride=stride, padding=size // 2)

    def relu(self, x: Any) -> Any:
        return functional.relu(x)

    def add(self, x: Any, y: Any) -> Any:
        return x + y

    def max_pool(self, x: Any) -> Any:
        return functional.max_pool2d(x, 3, stride=2, padding=1)

    def classify(self, x: Any, read: int, classes: int) -> Any:
        x = functional.adaptive_avg_pool2d(x, 1).flatten(1)
        return functional.linear(x, self.weight(classes, read), self.weight(classes))


def block(net: Builder, x: Any) -> Any:
    """One block of Devlin et al., NAACL 2019: hidden size 768, 12 heads."""
    hidden, heads = 768, 12
    split = [functional.linear(x, net.weight(hidden, hidden)).unflatten(-1, (heads, -1)) for _ in range(3)]
    y = functional.scaled_dot_product_attention(*(value.transpose(1, 2) for value in split))
    y = functional.linear(y.transpose(1, 2).flatten(2), net.weight(hidden, hidden)) + x
    y = functional.layer_norm(y, (hidden,))
    z = functional.gelu(functional.linear(y, net.weight(4 * hidden, hidden)))
    return functional.layer_norm(functional.linear(z, net.weight(hidden, 4 * hidden)) + y, (hidden,))


class Network(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, topology: Any, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.topology, self.weights = topology, torch.nn.ParameterList()
        self.example = torch.empty(shape, device="meta")
        self(self.example)

    def forward(self, x: Any) -> Any:
        return self.topology(Builder(self.weights), x)


def exported(topology: Any, shape: tuple[int, ...], **given: Any) -> Any:
    module = Network(topology, shape).eval()
    return torch.export.export(module, (module.example,), **given)


def resnet50(**given: Any) -> Any:
    return exported(topologies.resnet50, (2 if given else 1, 3, 224, 224), **given)


def bert_layer() -> Any:
    return exported(block, (1, 384, 768))
