"""Ctrl-C while the program loads: wherever it strikes, it is told, and the exit code is that of an interrupt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import polymap

ROOT = str(Path(polymap.__file__).resolve().parent.parent)
SCRIPT = "from polymap.cli import main; sys.exit(main())"
MODULE = "import runpy; runpy.run_module('polymap', run_name='__main__', alter_sys=True)"
HOOK = """\
import sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            raise KeyboardInterrupt

{loaded}
sys.modules.pop({module!r}, None)
sys.meta_path.insert(0, Finder())
{entry}
"""
LOADED_ON_THE_WAY = (
    "signal",
    "contextlib",
    "argparse",
    "polymap.cli.interrupt",
    "polymap.cli.program",
    "polymap.cli.optimize",
    "polymap.errors",
    "polymap.architecture",
    "polymap.workload.parse",
    "polymap.mapping.nest",
)


def interrupted(module: str, entry: str) -> subprocess.CompletedProcess[str]:
    """`polymap optimize`, with an interrupt at the first look for a module."""
    code = HOOK.format(module=module, entry=entry, loaded="import runpy" if entry == MODULE else "")
    command = [sys.executable, "-c", code, "optimize", "teaching", "gemm_64", "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": ROOT})


@pytest.mark.parametrize("module", LOADED_ON_THE_WAY)
def test_an_interrupt_while_a_module_is_loaded_is_told(module: str) -> None:
    done = interrupted(module, SCRIPT)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (5, "interrupted")
    assert done.stderr.startswith("stopped: interrupted before there was an answer\n    mend: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", ["signal", "polymap.errors"])
def test_an_interrupt_of_the_module_is_told_too(module: str) -> None:
    done = interrupted(module, MODULE)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (5, "interrupted")
    assert "Traceback" not in done.stderr


def test_next_to_nothing_is_loaded_before_interrupts_are_handled() -> None:
    code = "import sys; before = set(sys.modules); import polymap.cli; print(*sorted(set(sys.modules) - before))"
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ROOT})
    assert set(done.stdout.split()) <= {"__future__", "polymap", "polymap.cli", "polymap.version", "types"}


def test_an_interrupt_while_one_is_told_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from polymap.cli import main, program

    def struck(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "run", struck)
    monkeypatch.setattr(program, "tell_interruption", struck)
    assert main([]) == 5


# It strikes itself as soon as it has progress to tell: from outside, a busy machine may be late.
LONG = """\
import os, signal, sys
from polymap.cli import main, progress
from polymap.mapper import progress as steps
progress.SELDOM = steps.PAUSE = 0.0
told = progress.text

def struck(at):
    progress.text = told
    os.kill(os.getpid(), signal.SIGINT)
    return told(at)

progress.text = struck
sys.exit(main(["optimize", "eyeriss_like", *sys.argv[1:], "--json", "--cache", "off"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("work", ["resnet18/conv1", "resnet18"])
def test_an_interrupt_of_a_search_gives_the_best_so_far(work: str) -> None:
    command = [sys.executable, "-c", LONG, work]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    document = json.loads(done.stdout)
    last = document["layers"][-1] if "layers" in document else document
    assert (done.returncode, last["status"], last["search"]["note"]) == (4, "feasible", "interrupted")
    assert 0 < last["objective"]["gap"] <= 1


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe cannot be set")
def test_an_interrupt_while_the_answer_is_written_is_told_and_no_second_document_follows() -> None:
    import fcntl

    source, sink = os.pipe()
    fcntl.fcntl(sink, fcntl.F_SETPIPE_SZ, 4096)
    command = [sys.executable, "-c", f"import sys; {SCRIPT}", "optimize", "teaching", "conv1d", "--json"]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    with subprocess.Popen(command, stdout=sink, stderr=subprocess.PIPE, text=True, env=environment) as running:
        os.close(sink)
        while waiting(source) < 4096:  # until the pipe is full, and the program waits for its reader
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=300)
    with open(source) as reader:
        said = reader.read()
    assert running.returncode == 5
    assert told.startswith("stopped: interrupted while the answer was written")
    assert said.count('"schema"') == 1


def waiting(source: int) -> int:
    """Bytes in a pipe that nobody has read yet."""
    import fcntl
    import termios

    return int.from_bytes(fcntl.ioctl(source, termios.FIONREAD, bytes(4)), sys.byteorder)
