"""Exported programs of PyTorch as einsums: `.pt2` files, or `torch.export.ExportedProgram` objects.

torch is not imported: the graph of a file is JSON, and an object knows all that is asked of it. Nothing is unpickled.
"""

from __future__ import annotations

import os
from typing import Any

from polymap.frontends.model import Model, gathered
from polymap.frontends.sizes import Sizes


def model(source: Any, sizes: Sizes) -> Model:
    """The network of an exported program. Raises `SpecError` with every mistake and the call that it is in."""
    from polymap.frontends.torch.archive import opened
    from polymap.frontends.torch.operators import operations
    from polymap.frontends.torch.program import walked

    is_file = isinstance(source, str | os.PathLike)
    file = os.fspath(source) if is_file else ""
    program = opened(file) if is_file else walked(source)
    name = os.path.splitext(os.path.basename(file))[0] or "program"
    return gathered(name, operations(program, sizes), file)
