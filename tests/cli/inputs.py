"""Input files of the command line's tests, and results made of them by the command line itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from polymap.cli import main

WORK = """\
polymap: workload/1
name: gemm
einsum: "C[m,n] += A[m,k] * B[k,n]"
ranks: {m: 4, n: 2, k: 8}
"""


def evaluated(folder: Path, capsys: pytest.CaptureFixture[str], files: Mapping[str, str], *options: str) -> str:
    """The file of a priced mapping; `files` are an architecture, a workload and a mapping, in this order."""
    for name, content in files.items():
        (folder / name).write_text(content)
    assert main(["evaluate", *(str(folder / name) for name in files), *options, "--json"]) == 0
    (folder / "result.json").write_text(capsys.readouterr().out)
    return str(folder / "result.json")
