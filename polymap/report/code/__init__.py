"""Code that runs a mapping: its loops, its buffers, and what moves between them, as the model counts it."""

from __future__ import annotations

from polymap.report.code.generate import LANGUAGES, code, known

__all__ = ["LANGUAGES", "code", "known"]
