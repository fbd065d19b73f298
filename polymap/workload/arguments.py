"""Einsums from Python arguments: their types are checked here, their meaning in `build`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import index
from typing import SupportsIndex, TypeAlias

from polymap.errors import Mistake, SpecError
from polymap.workload.build import Given, build, nowhere
from polymap.workload.einsum import Einsum
from polymap.workload.parse import parse

Bits: TypeAlias = "SupportsIndex | Mapping[str, SupportsIndex]"


def from_arguments(
    text: str,
    *,
    name: str,
    ranks: Mapping[str, SupportsIndex],
    bits: Bits,
    roles: Mapping[str, str] | None,
    constants: Mapping[str, SupportsIndex] | None,
    source: str,
    domain: str = "",
) -> Einsum:
    """See `polymap.einsum`; here `ranks` holds all sizes."""
    listed_bits = bits if isinstance(bits, Mapping) else {"": bits}
    numbers = {"ranks": ranks, "constants": constants or {}, "bits": listed_bits}
    mistakes = [mistake for path, listed in numbers.items() for mistake in _not_integers(path, listed)]
    mistakes += _not_text(
        {"text": text, "name": name, "source": source, "domain": domain, **_paths("roles", roles or {})}
    )
    if mistakes:
        raise SpecError(mistakes)
    known = {path: {key: index(value) for key, value in listed.items()} for path, listed in numbers.items()}
    given = Given(
        name=name,
        ranks=known["ranks"],
        bits=known["bits"] if isinstance(bits, Mapping) else index(bits),
        roles=dict(roles or {}),
        constants=known["constants"],
        source=source,
        domain=domain,
    )
    return build(parse(text, given.constants), given)


def _paths(path: str, listed: Mapping[str, object]) -> dict[str, object]:
    return {f"{path}.{key}": value for key, value in listed.items()}


def _not_integers(path: str, listed: Mapping[str, object]) -> Iterator[Mistake]:
    for key, value in listed.items():
        if isinstance(value, bool) or not isinstance(value, SupportsIndex):
            yield Mistake(nowhere(f"{path}.{key}" if key else path), f"expected an integer but got {value!r}")


def _not_text(listed: Mapping[str, object]) -> Iterator[Mistake]:
    for key, value in listed.items():
        if not isinstance(value, str):
            yield Mistake(nowhere(key), f"expected text but got {value!r}")
