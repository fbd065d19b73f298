"""Networks as the packages' own APIs are told to build them; who builds knows shapes and the form of a value."""

from __future__ import annotations

from typing import Any


def resnet50(net: Any, image: Any) -> Any:
    """He, Zhang, Ren, Sun, CVPR 2016, as torchvision has it: the stride is in the 3x3 convolution."""
    x = net.max_pool(net.relu(net.conv(image, 3, 64, 7, 2)))
    read = 64
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            x = bottleneck(net, x, read, width, stride if block == 0 else 1)
            read = 4 * width
    return net.classify(x, read, 1000)


def bottleneck(net: Any, x: Any, read: int, width: int, stride: int) -> Any:
    y = net.relu(net.conv(x, read, width, 1, 1))
    y = net.relu(net.conv(y, width, width, 3, stride))
    y = net.conv(y, width, 4 * width, 1, 1)
    if stride > 1 or read != 4 * width:
        x = net.conv(x, read, 4 * width, 1, stride)
    return net.relu(net.add(y, x))
