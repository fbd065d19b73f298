"""Packages that only some front ends need: imported when one is used, and named by the extra that installs them."""

from __future__ import annotations

from polymap.errors import Mistake, Place, SpecError


def missing(error: ImportError, extra: str, file: str = "") -> SpecError:
    """What is said where a package of an extra cannot be imported."""
    package = (error.name or extra).partition(".")[0]
    text = f"this takes the package {package}, which cannot be imported ({error})"
    return SpecError(Mistake(Place(file), text, f"pip install 'polymap-engine[{extra}]'"))
