"""JAX programs as einsums: what `jax.make_jaxpr(function)(arguments)` gives. jax itself is not imported."""

from __future__ import annotations

from typing import Any

from polymap.frontends.model import Model, gathered
from polymap.frontends.sizes import Sizes


def model(source: Any, sizes: Sizes) -> Model:
    """The network of a jaxpr. Raises `SpecError` with every mistake and the equation that it is in."""
    from polymap.frontends.jax.equations import operations

    return gathered("jaxpr", operations(source, sizes))
