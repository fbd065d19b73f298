"""Packages that only some front ends need: imported when one is used, and named by the extra that installs them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from polymap.errors import Mistake, Place, SpecError


def needed(package: str, extra: str, file: str = "") -> ModuleType:
    """The package. Raises `SpecError` that says how to install it where it is missing."""
    try:
        return import_module(package)
    except ImportError as error:
        text = f"this takes the package {package.partition('.')[0]}, which cannot be imported: {error}"
        raise SpecError(Mistake(Place(file), text, f"pip install 'polymap-engine[{extra}]'")) from None
