"""What stands in the documents of a conversion."""

from __future__ import annotations

from typing import Any, Protocol


class Converted(Protocol):
    @property
    def architecture(self) -> dict[str, Any]: ...

    @property
    def left_out(self) -> tuple[str, ...]: ...


def level(found: Converted, name: str) -> dict[str, Any]:
    levels = found.architecture["hierarchy"]
    return next(dict(item) for item in levels if name in (item.get("memory"), item.get("array"), item.get("compute")))


def told(found: Converted, text: str) -> list[str]:
    return [line for line in found.left_out if text in line]
