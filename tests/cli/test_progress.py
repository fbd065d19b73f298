"""Progress on standard error: one line that is written over on a terminal, lines now and then elsewhere."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

import polymap
from polymap.cli import progress
from polymap.cli.progress import shown, text
from polymap.mapper.progress import Progress

AT = Progress("conv1", "edp", 2.5e-6, 2e-6, 1200, 800, 3.4)
ROOT = str(Path(polymap.__file__).resolve().parent.parent)


class Terminal(io.StringIO):
    """A stream that says it is a terminal of unknown size."""

    def isatty(self) -> bool:
        return True


def test_a_line_says_where_the_search_is() -> None:
    assert text(AT) == "conv1: edp 2.500e-06 J*s, bound 2.000e-06 J*s, gap 20 %, 800 of 1,200 classes, 3 s"
    part = Progress("a\nb", "energy", None, 0.0, 7, 0, 0.5, finished=3, layers=12)
    assert text(part) == "a b (3 of 12 layers done): no mapping yet, bound 0 J, 0 of 7 classes, 0 s"


def test_a_terminal_has_one_line_that_is_gone_in_the_end() -> None:
    terminal = Terminal()
    with shown(terminal) as tell:
        assert tell is not None
        tell(AT)
        tell(Progress("c", "energy", None, 0.0, 7, 0, 0.5))
    said = terminal.getvalue()
    assert "\n" not in said
    screen = ""
    for part in said.split("\r"):
        assert len(part) < 80
        screen = part + screen[len(part) :]
    assert screen.strip() == ""


def test_the_line_is_gone_before_an_error_is_told() -> None:
    terminal = Terminal()

    def interrupted() -> None:
        with shown(terminal) as tell:
            assert tell is not None
            tell(AT)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.getvalue().endswith("\r")


def test_elsewhere_lines_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    pipe = io.StringIO()
    with shown(pipe) as tell:
        assert tell is not None
        for _ in range(100):
            now[0] += 0.25
            tell(AT)
    assert pipe.getvalue() == f"{text(AT)}\n" * 2


def test_nobody_is_told_where_there_is_no_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with shown() as tell:
        assert tell is None


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")
def test_progress_does_not_reach_standard_output() -> None:
    import json
    import pty
    import subprocess

    parent, child = pty.openpty()
    eager = "from polymap.mapper import progress; progress.PAUSE = 0.0; from polymap.cli import main; import sys; "
    command = [
        sys.executable,
        "-c",
        f"{eager}sys.exit(main(sys.argv[1:]))",
        "optimize",
        "teaching",
        "gemm_64",
        "--json",
    ]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=child, env=environment) as process:
        os.close(child)
        said = b""
        try:
            while part := os.read(parent, 4096):
                said += part
        except OSError:  # the other end is closed
            pass
        out = process.stdout.read() if process.stdout else b""
    os.close(parent)
    assert json.loads(out)["status"] == "optimal"
    assert b"gemm_64: energy " in said
    assert b"classes" in said
    assert said.endswith(b"\r")
