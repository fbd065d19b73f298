"""The command line: what it prints where, and how it ends. Search and model are stood in for by hand-made results."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from polymap import verbs
from polymap.cli import main
from polymap.cli.program import parser
from polymap.errors import Infeasible, Mistake, Place, SpecError, Unsolved
from polymap.version import __version__
from tests.cli.inputs import WORK
from tests.report.examples import gemm, network, stopped

ARCH = """\
polymap: architecture/1
name: tiny
clock: 200 MHz
hierarchy:
  - memory: DRAM
    width: 16 b
    energy: {read: 200 pJ, write: 200 pJ}
  - memory: RF
    width: 16 b
    capacity: 512 b
    energy: {read: 1 pJ, write: 1 pJ}
  - compute: MAC
    energy: 1 pJ
"""
NEST = """\
DRAM holds A B C
for k in 8
RF holds A B C
for m in 4
for n in 2
compute
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Polymap = Callable[..., Ended]


@pytest.fixture
def polymap(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Polymap:
    """Runs a command in a folder that holds arch.yaml, work.yaml and nest.map."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"arch.yaml": ARCH, "work.yaml": WORK, "nest.map": NEST}.items():
        Path(name).write_text(text)

    def run(*arguments: str) -> Ended:
        code = main(arguments)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[dict[str, Any]]]:
    """Lets every search find, or raise, what is given; returns the list of questions asked."""

    def stand_in(answer: Any) -> list[dict[str, Any]]:
        asked: list[dict[str, Any]] = []

        def optimize(work: Any, arch: Any, **options: Any) -> Any:
            asked.append(options)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr(verbs, "optimize", optimize)
        return asked

    return stand_in


OPTIMIZE = ("optimize", "arch.yaml", "work.yaml")
EVALUATE = ("evaluate", "arch.yaml", "work.yaml", "nest.map")


def test_a_proven_answer_ends_with_0(polymap: Polymap, found: Any) -> None:
    found(gemm())
    ended = polymap(*OPTIMIZE)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("gemm on tiny: optimal\n")


def test_json_is_one_document_and_nothing_else(polymap: Polymap, found: Any) -> None:
    found(network())
    ended = polymap(*OPTIMIZE, "--json")
    assert json.loads(ended.out)["schema"] == "polymap.result/1"
    assert ended.err == ""


def test_what_is_asked_reaches_the_search(polymap: Polymap, found: Any) -> None:
    asked = found(gemm())
    limits = ("--gap", "0.01", "--time-limit", "5", "--seed", "7", "--workers", "3")
    polymap(*OPTIMIZE, "--objective", "edp", "--factors", "imperfect", *limits)
    expected = {"objective": "edp", "conventions": "polymap", "mapspace": None, "subject_to": [], "gap": 0.01}
    expected["constraints"] = None
    expected |= {"factors": "imperfect"}
    assert callable(asked[0].pop("on_progress"))
    assert asked == [{**expected, "time_limit": 5.0, "seed": 7, "workers": 3, "cache": None}]


def test_a_search_that_stopped_with_a_mapping_ends_with_4(polymap: Polymap, found: Any) -> None:
    found(stopped())
    assert polymap(*OPTIMIZE).code == 4


def test_a_network_with_one_stopped_layer_ends_with_4(polymap: Polymap, found: Any) -> None:
    found(network((1, gemm("a")), (1, stopped("b"))))
    assert polymap(*OPTIMIZE).code == 4


def test_a_network_with_a_layer_without_a_mapping_ends_with_4(polymap: Polymap, found: Any) -> None:
    found(replace(network((1, gemm("a"))), unfinished=("b", "c")))
    ended = polymap(*OPTIMIZE, "-o", "best")
    assert ended.code == 4
    assert "pair: partial; 1 of 3 distinct layers proven optimal" in ended.out
    assert ended.out.endswith("without a mapping, and not in the totals: b, c\n")
    assert json.loads(Path("best/result.json").read_text())["unfinished"] == ["b", "c"]


def test_a_gap_that_was_asked_for_is_an_answer(polymap: Polymap, found: Any) -> None:
    found(stopped())
    assert polymap(*OPTIMIZE, "--gap", "0.3").code == 0


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [(SpecError, 1, "bad input"), (Infeasible, 3, "infeasible"), (Unsolved, 5, "unknown")],
)
def test_each_way_to_fail_has_its_exit_code(
    polymap: Polymap, found: Any, error: type[SpecError], code: int, status: str
) -> None:
    found(error(Mistake(Place("arch.yaml", 8, 5, "hierarchy[1].capacity"), "512 b hold no tile", "make it larger")))
    ended = polymap(*OPTIMIZE, "--json")
    document = json.loads(ended.out)
    assert ended.code == code
    assert (document["schema"], document["status"], document["exit_code"]) == ("polymap.error/1", status, code)
    assert document["errors"] == [
        {
            "file": "arch.yaml",
            "line": 8,
            "column": 5,
            "path": "hierarchy[1].capacity",
            "message": "512 b hold no tile",
            "mend": "make it larger",
        }
    ]
    assert "arch.yaml:8:5 (hierarchy[1].capacity): 512 b hold no tile\n    mend: make it larger" in ended.err


def test_without_json_an_error_leaves_standard_output_empty(polymap: Polymap, found: Any) -> None:
    found(Infeasible("nothing fits"))
    ended = polymap(*OPTIMIZE)
    assert (ended.out, ended.err) == ("", "infeasible: nothing fits\n")


def test_a_defect_ends_with_2_and_says_how_to_see_more(polymap: Polymap, found: Any) -> None:
    found(ZeroDivisionError("division by zero"))
    ended = polymap(*OPTIMIZE)
    assert ended.code == 2
    assert ended.err.startswith("internal error: ZeroDivisionError: division by zero\n")
    assert "POLYMAP_TRACEBACK=1" in ended.err
    assert "Traceback" not in ended.err


def test_the_traceback_of_a_defect_is_shown_on_request(
    polymap: Polymap, found: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYMAP_TRACEBACK", "1")
    found(ZeroDivisionError("division by zero"))
    assert "Traceback (most recent call last)" in polymap(*OPTIMIZE).err


def test_an_interrupted_search_ends_without_an_answer_and_leaves_no_file(polymap: Polymap, found: Any) -> None:
    found(KeyboardInterrupt())
    ended = polymap(*OPTIMIZE, "-o", "best")
    assert (ended.code, ended.out) == (5, "")
    assert "interrupted" in ended.err
    assert not Path("best").exists()


def test_an_interrupt_without_an_answer_is_a_document_too(polymap: Polymap, found: Any) -> None:
    found(KeyboardInterrupt())
    ended = polymap(*OPTIMIZE, "--json")
    document = json.loads(ended.out)
    assert (ended.code, document["status"], document["exit_code"]) == (5, "interrupted", 5)
    assert "--time-limit" in document["errors"][0]["mend"]


def test_an_interrupt_that_a_library_made_its_own_error_is_still_one(polymap: Polymap, found: Any) -> None:
    error = ImportError("cannot be loaded")
    error.__cause__ = KeyboardInterrupt()
    found(error)
    assert polymap(*OPTIMIZE).code == 5


INTERRUPTED_WHILE_LOADING = """\
import os, signal, sys
from polymap.cli import main

class Finder:
    # Ctrl-C when the program is first looked for, within `exec`, as when a dataclass is made.
    def find_spec(self, name, path=None, target=None):
        if name == "polymap.cli.program":
            sys.meta_path.remove(self)
            exec("os.kill(os.getpid(), signal.SIGINT)")

sys.meta_path.insert(0, Finder())
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_an_interrupt_while_the_program_is_loaded_is_told_like_any_other() -> None:
    root = str(Path(verbs.__file__).resolve().parent.parent)
    command = [sys.executable, "-c", INTERRUPTED_WHILE_LOADING, "optimize", "teaching", "gemm_64", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": root})
    assert (done.returncode, json.loads(done.stdout)["status"]) == (5, "interrupted")
    assert done.stderr.startswith("stopped: interrupted before there was an answer\n    mend: ")
    assert "Traceback" not in done.stderr


def test_the_handling_of_interrupts_is_left_as_it_was(polymap: Polymap, found: Any) -> None:
    found(gemm())
    before = signal.getsignal(signal.SIGINT)
    polymap(*OPTIMIZE)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "VERB"),
        (("improve",), "invalid choice: 'improve'"),
        (("optimize", "arch.yaml"), "WORKLOAD"),
        ((*OPTIMIZE, "--gap", "nan"), "'nan' is not a gap"),
        ((*OPTIMIZE, "--gap", "1"), "'1' is not a gap"),
        ((*OPTIMIZE, "--gap", "x"), "'x' is not a number"),
        ((*OPTIMIZE, "--time-limit", "0"), "'0' is not a time limit"),
        ((*OPTIMIZE, "--time-limit", "inf"), "'inf' is not a time limit"),
        ((*OPTIMIZE, "--seed", "-1"), "-1"),
        ((*OPTIMIZE, "--seed", "2147483648"), "'2147483648' is not a seed"),
        ((*OPTIMIZE, "--objective", "speed"), "'speed'"),
        ((*OPTIMIZE, "--obj", "edp"), "--obj"),
        ((*OPTIMIZE, "--workers", "0"), "'0' is no number of workers"),
        (("serve", "--stdio", "--workers", "0"), "'0' is no number of workers"),
        ((*OPTIMIZE, "--worker", "2"), "--worker"),
    ],
)
def test_a_wrong_argument_is_bad_input(polymap: Polymap, arguments: tuple[str, ...], message: str) -> None:
    ended = polymap(*arguments)
    assert (ended.code, ended.out) == (1, "")
    assert message in ended.err
    assert "--help" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message", "mend"),
    [
        (("improve",), "argument VERB: invalid choice", "polymap --help says more"),
        (("component", "teaching"), "argument VERB: invalid choice", "did you mean `components`? polymap --help"),
        ((*OPTIMIZE, "--jsn"), "there is no option `--jsn`", "did you mean `--json`? polymap optimize --help"),
        ((*OPTIMIZE, "--time=3"), "there is no option `--time`", "did you mean `--time-limit`? polymap optimize"),
        ((*OPTIMIZE, "a", "b"), "too many arguments: `a` `b`", "polymap optimize --help says more"),
        ((*OPTIMIZE, "--factors", "imprefect"), "'imprefect'", "did you mean `imperfect`? polymap optimize --help"),
        ((*OPTIMIZE, "--objective", "enrgy"), "unknown objective 'enrgy'; did you mean `energy`?", "polymap optimize"),
        ((*OPTIMIZE, "--gap", "2"), "'2' is not a gap", "polymap optimize --help says more"),
        ((*OPTIMIZE, "--gap"), "argument --gap: expected one argument", "usage: polymap optimize"),
        (("optimize", "teaching"), "required: WORKLOAD", "usage: polymap optimize"),
    ],
)
def test_a_wrong_argument_is_mended_in_a_line(
    polymap: Polymap, arguments: tuple[str, ...], message: str, mend: str
) -> None:
    told, _, mending = polymap(*arguments).err.partition("\n    mend: ")
    assert message in told
    assert mending.startswith(mend)


def test_every_unknown_option_is_told(polymap: Polymap) -> None:
    assert polymap(*OPTIMIZE, "--jsn", "--sede", "3").err.count("did you mean") == 2


def test_arguments_in_the_wrong_order_are_recognised(polymap: Polymap) -> None:
    ended = polymap("optimize", "resnet18/conv1", "teaching")
    asked = "is the order of the arguments right?"
    assert ended.code == 1
    assert f"`resnet18/conv1`\n    mend: it is the name of one of the shipped workloads: {asked}" in ended.err
    assert f"`teaching`\n    mend: it is the name of one of the shipped architectures: {asked}" in ended.err


def test_a_wrong_argument_is_told_as_json_too(polymap: Polymap) -> None:
    document = json.loads(polymap("optimize", "--json").out)
    assert "WORKLOAD" in document["errors"][0]["message"]


def test_the_mistakes_of_both_inputs_are_told_at_once(polymap: Polymap) -> None:
    ended = polymap("optimize", "no_such_machine", "no_such_network")
    assert ended.code == 1
    assert "no_such_machine" in ended.err
    assert "no_such_network" in ended.err


@pytest.mark.parametrize("arguments", [("--help",), ("optimize", "--help"), ("evaluate", "--help")])
def test_help_shows_examples(polymap: Polymap, arguments: tuple[str, ...]) -> None:
    ended = polymap(*arguments)
    assert ended.code == 0
    assert "examples:\n  polymap " in ended.out


def test_examples_in_the_help_are_commands_that_exist() -> None:
    lines = [line.split() for line in parser().format_help().splitlines() if line.startswith("  polymap ")]
    assert len(lines) >= 3
    for _, *arguments in lines:
        parser().parse_args(arguments)


def test_only_verbs_that_work_are_offered(polymap: Polymap) -> None:
    assert not any(verb in polymap("--help").out for verb in ("sweep", "schema"))


@pytest.mark.parametrize("verb", ["help", "components", "layers", "convert"])
def test_a_verb_that_prices_no_mapping_does_not_wait_for_the_model(verb: str, tmp_path: Path) -> None:
    given = {"help": ["--help"], "components": ["components", "teaching"], "layers": ["layers", "gemm_64"]}
    words = {**given, "convert": ["convert", "teaching", "-o", str(tmp_path / "out")]}[verb]
    told = "print(*{'.'.join(name.split('.')[:2]) for name in sys.modules}, file=sys.stderr)"
    code = f"import sys; from polymap.cli import main; main({words}); {told}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"polymap.model", "polymap.mapper"} & set(done.stderr.split())


def test_the_version_is_printed(polymap: Polymap) -> None:
    assert polymap("--version").out == f"polymap {__version__}\n"


def test_a_folder_that_is_a_file_is_refused_before_the_search(polymap: Polymap, found: Any) -> None:
    asked = found(gemm())
    ended = polymap(*OPTIMIZE, "-o", "arch.yaml/best")
    assert (ended.code, asked) == (1, [])
    assert "arch.yaml: not a folder" in ended.err
    assert Path("arch.yaml").read_text() == ARCH


@pytest.mark.parametrize("folder", ["", "taken"])
def test_a_folder_that_cannot_take_the_document_is_refused_before_the_search(
    polymap: Polymap, found: Any, folder: str
) -> None:
    asked = found(gemm())
    Path("taken/result.json").mkdir(parents=True)
    ended = polymap(*OPTIMIZE, "-o", folder)
    assert (ended.code, asked) == (1, [])
    assert "\n    mend: " in ended.err


def test_a_name_that_means_nothing_is_the_file_of_the_error(polymap: Polymap) -> None:
    document = json.loads(polymap("evaluate", "arch.yaml", "work.yaml", "missing.map", "--json").out)
    assert [error["file"] for error in document["errors"]] == ["missing.map"]


def test_a_long_argument_is_not_told_in_full(polymap: Polymap) -> None:
    ended = polymap("optimize", "arch.yaml", "work.yaml", "--objective", "x" * 50_000)
    assert ended.code == 1
    assert max(map(len, ended.err.splitlines())) < 500


def test_a_long_einsum_is_told_around_the_mistake(polymap: Polymap) -> None:
    long = "+".join(["m"] * 2000) + "+?" + "+m" * 2000
    Path("work.yaml").write_text(WORK.replace("A[m,k]", f"A[{long},k]"))
    ended = polymap(*EVALUATE)
    message, text, caret, *_ = ended.err.splitlines()
    assert text[caret.index("^")] == "?"
    assert max(map(len, (message, text, caret))) < 200


def test_a_network_leaves_one_mapping_per_layer_and_the_document(polymap: Polymap, found: Any) -> None:
    found(network())
    Path("best").mkdir()
    Path("best/notes.txt").write_text("mine")
    ended = polymap(*OPTIMIZE, "-o", "best")
    assert ended.code == 0
    assert sorted(os.listdir("best")) == ["first.map", "notes.txt", "result.json", "second.map"]
    assert json.loads(Path("best/result.json").read_text())["layers"][0]["name"] == "first"
    assert Path("best/notes.txt").read_text() == "mine"


def test_a_mapping_file_says_what_it_is_for(polymap: Polymap, found: Any) -> None:
    found(network())
    polymap(*OPTIMIZE, "-o", "a/b")
    lines = Path("a/b/first.map").read_text().splitlines()
    assert lines[1:5] == [
        "# workload: work.yaml/first",
        "# architecture: arch.yaml",
        "# objective: edp",
        "# conventions: polymap",
    ]
    assert lines[-1] == "compute"


def test_a_mapping_is_priced(polymap: Polymap) -> None:
    ended = polymap(*EVALUATE)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("gemm on tiny: evaluated\n")


def test_a_priced_mapping_is_one_document(polymap: Polymap) -> None:
    document = json.loads(polymap(*EVALUATE, "--json").out)
    assert (document["status"], document["objective"]) == ("evaluated", None)
    assert document["totals"]["computes"] == 64


def test_an_illegal_mapping_is_bad_input(polymap: Polymap) -> None:
    Path("nest.map").write_text(NEST.replace("for n in 2", "for n in 1"))
    ended = polymap(*EVALUATE)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: nest.map (mapping): the trips of rank n multiply to 1, but its size is 2\n")


def test_a_mapping_of_a_whole_network_is_refused(polymap: Polymap) -> None:
    ended = polymap("evaluate", "arch.yaml", "resnet18", "nest.map")
    assert ended.code == 1
    assert "a mapping is of one einsum" in ended.err
    assert "resnet18/" in ended.err


def start(*arguments: str, out: Any = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """The program as a process of its own, in the working folder."""
    root = Path(verbs.__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "polymap", *arguments]
    return subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, env=environment)


def test_python_m_polymap_is_the_same_program() -> None:
    process = start("--version")
    out, _ = process.communicate()
    assert (process.returncode, out.decode()) == (0, f"polymap {__version__}\n")


def test_a_reader_that_leaves_is_no_error(polymap: Polymap) -> None:
    process = start(*EVALUATE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("command", [EVALUATE, (*OPTIMIZE, "--json", "-o", "best")])
def test_a_standard_output_that_is_closed_is_told(polymap: Polymap, command: tuple[str, ...]) -> None:
    root = str(Path(verbs.__file__).resolve().parent.parent)
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "polymap", *command]
    done = subprocess.run(shell, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": root})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: cannot write to standard output: it is closed\n    mend: ")
    assert not Path("best").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_without_standard_error_standard_output_still_holds_one_document(polymap: Polymap) -> None:
    root = str(Path(verbs.__file__).resolve().parent.parent)
    shell = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-m", "polymap", "optimize", "x", "y", "--json"]
    done = subprocess.run(shell, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": root})
    assert (done.returncode, json.loads(done.stdout)["status"]) == (1, "bad input")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_disk_is_told(polymap: Polymap) -> None:
    with open("/dev/full", "wb") as full:
        process = start(*EVALUATE, out=full)
        _, err = process.communicate()
    assert process.returncode == 2
    assert err.startswith(b"error: cannot write to standard output")
