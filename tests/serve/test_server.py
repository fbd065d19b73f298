"""The server as a client meets it: every line gets an answer, whatever the line, the client or a worker does."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import polymap as pm
from polymap.cli import main
from polymap.serve.service import Service

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "compilers.md"
GEMM = {"text": "C[m,n] += A[m,k] * B[k,n]", "ranks": {"m": 16, "n": 16, "k": 16}}
# Not answered within minutes.
SLOW = {
    "architecture": "eyeriss_like",
    "workload": "resnet18/layer1.x.conv",
    "objective": "edp",
    "factors": "imperfect",
}


class Server:
    """A process that serves, and the lines that go in and out."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "polymap", "serve", "--stdio", *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin
        assert self.process.stdout
        self.lines, self.out = self.process.stdin, self.process.stdout

    def send(self, line: bytes) -> None:
        self.lines.write(line + b"\n")
        self.lines.flush()

    def ask(self, id: int | str, method: str, **params: object) -> None:
        self.send(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode())

    def hear(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.out.readline())
        assert answer["jsonrpc"] == "2.0"
        return answer

    def end(self) -> list[dict[str, Any]]:
        """End the input; all answers that are left."""
        self.lines.close()
        answers = [json.loads(line) for line in self.out]
        assert self.process.wait(300) == 0
        return answers

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.lines.close()
        self.out.close()


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server("--workers", "2", "--cache", "off")
    yield found
    found.kill() if found.process.poll() is None else found.out.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    """A server for questions that leave no trace."""
    found = Server("--workers", "1", "--cache", "off")
    yield found
    found.kill()


def test_an_answer_is_what_the_verb_gives(shared: Server) -> None:
    shared.ask("a", "optimize", architecture="teaching", einsum=GEMM, answer="plan")
    answer = shared.hear()
    best = pm.optimize(pm.einsum("C[m,n] += A[m,k] * B[k,n]", m=16, n=16, k=16), "teaching")
    assert answer["id"] == "a"
    assert answer["result"]["plan"] == json.loads(json.dumps(best.plan()))
    assert (answer["result"]["value"], answer["result"]["status"]) == (best.value, "optimal")


def test_documents_go_round(shared: Server) -> None:
    shared.ask(1, "optimize", architecture="teaching", einsum=GEMM)
    document = shared.hear()["result"]
    shared.ask(2, "verify", result=document)
    assert shared.hear()["result"]["status"] == "confirmed"
    shared.ask(3, "evaluate", architecture="teaching", einsum=GEMM, mapping="\n".join(map(str, nodes(document))))
    assert shared.hear()["result"]["totals"] == document["totals"]
    shared.ask(4, "layers", model="bert_large")
    assert shared.hear()["result"]["schema"] == "polymap.layers/1"


def nodes(document: dict[str, Any]) -> list[str]:
    text: list[str] = pm.mapping(document["mapping"]).text().splitlines()
    return text


def test_constraints_may_be_several(shared: Server) -> None:
    rules = [{"loops": {"DRAM": {"never": ["k"]}}}, {"tiles": {"registers": {"m": 2}}}]
    shared.ask(1, "optimize", architecture="teaching", einsum=GEMM, constraints=rules)
    found = shared.hear()["result"]
    assert found["search"]["constraints"] == ["DRAM never loops over k", "tiles in registers: m 2"]


BAD = [
    (b"{bad", -32700, "is no JSON"),
    (b"\xff\xfe", -32700, "is no JSON"),
    (b"[" * 100_000, -32700, "is no JSON"),
    (b'{"jsonrpc": "2.0", "id": NaN, "method": "layers"}', -32700, "NaN is no number"),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "layers", "params": {"model": -Infinity}}', -32700, "is no number"),
    (b'{"jsonrpc": "2.0", "id": 1e400, "method": "layers"}', -32700, "`1e400` is more than a number can hold"),
    (b"[]", -32600, "batches are not taken"),
    (b"3", -32600, "no object"),
    (b'{"jsonrpc": "2.0", "method": "layers"}', -32600, "`id` is missing"),
    (b'{"id": 1, "method": "layers"}', -32600, "`jsonrpc` is not"),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "layers", "parms": {}}', -32600, "`parms` is no key"),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "optimise"}', -32601, "`optimise` is no method"),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "layers", "params": [1]}', -32602, "`params` is no object"),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "layers", "params": {"modle": 1}}', -32602, "`modle` is no parameter"),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "optimize", "params": {}}', -32602, "`architecture` is missing"),
]


@pytest.mark.parametrize(("line", "code", "message"), BAD)
def test_what_is_no_request_is_told_and_the_server_lives(shared: Server, line: bytes, code: int, message: str) -> None:
    shared.send(line)
    error = shared.hear()["error"]
    assert (error["code"], message in error["message"]) == (code, True), error
    assert error["data"]["errors"][0]["mend"]


@pytest.mark.parametrize("depth", [129, 600, 950, 978])
def test_deep_parameters_leave_the_server_and_its_workers_alive(shared: Server, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    shared.send(f'{{"jsonrpc": "2.0", "id": 5, "method": "verify", "params": {{"result": {deep}}}}}'.encode())
    answer = shared.hear()
    assert (answer["id"], answer["error"]["code"]) == (5, -32602)
    assert "nested more than 128 deep" in answer["error"]["message"]


def test_parameters_that_are_just_shallow_enough_reach_the_method(shared: Server) -> None:
    shared.ask(1, "layers", model="bert_large", sizes=json.loads('{"a":' * 127 + "1" + "}" * 127))
    assert shared.hear()["error"]["code"] == -32001


WRONG: list[tuple[dict[str, object], int, str]] = [
    ({"deadlin_ms": 1}, -32602, "`deadlin_ms` is no parameter"),
    ({"deadline_ms": "soon"}, -32602, '`deadline_ms` is `"soon"`'),
    ({"deadline_ms": 0}, -32602, "`deadline_ms` is `0`"),
    ({"deadline_ms": 1, "time_limit": 1}, -32602, "both limit the time"),
    ({"workload": "gemm_64"}, -32602, "2 of workload, einsum, loop_nest are given"),
    ({"architecture": "eyeriss_lik"}, -32001, "no file and no shipped name"),
    ({"objective": "speed"}, -32001, "unknown objective"),
    ({"einsum": {"text": "C[m] += A[m]", "ranks": {}}}, -32001, "rank m has no size"),
    ({"einsum": {"txt": ""}}, -32602, "`txt` is no key of `einsum`"),
    ({"einsum": {"text": "C[m] += A[m]", "ranks": [1]}}, -32602, "`einsum.ranks`"),
    ({"subject_to": ["latency <= 1 ps"]}, -32003, "no mapping of einsum"),
]


@pytest.mark.parametrize(("changed", "code", "message"), WRONG)
def test_bad_parameters_are_told(shared: Server, changed: dict[str, object], code: int, message: str) -> None:
    shared.ask(7, "optimize", **{"architecture": "teaching", "einsum": GEMM, **changed})
    answer = shared.hear()
    assert answer["id"] == 7
    assert answer["error"]["code"] == code
    assert message in answer["error"]["message"]


def test_long_lines_are_answered(shared: Server) -> None:
    big = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "verify", "params": {"result": {"x": "y" * 10 * 2**20}}})
    shared.send(big.encode())
    assert shared.hear()["error"]["code"] == -32001
    shared.send(b" " * 40 * 2**20)
    assert "longer than 16 MiB" in shared.hear()["error"]["message"]
    shared.ask(2, "layers", model="bert_large")
    assert shared.hear()["id"] == 2


def test_a_line_that_is_one_byte_too_long_takes_none_after_it(shared: Server) -> None:
    shared.send(b" " * 16 * 2**20)
    assert "longer than 16 MiB" in shared.hear()["error"]["message"]
    shared.ask(2, "layers", model="bert_large")
    assert shared.hear()["id"] == 2


def test_many_at_once_get_each_their_own(server: Server) -> None:
    def request(n: int) -> None:
        ranks = {"m": 2 + n % 8, "n": 4, "k": 2}
        einsum = {"text": "C[m,n] += A[m,k] * B[k,n]", "ranks": ranks}
        with lock:
            server.ask(n, "optimize", architecture="teaching", einsum=einsum, answer="plan")

    lock = threading.Lock()
    clients = [threading.Thread(target=request, args=(n,)) for n in range(64)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    answers = {answer["id"]: answer["result"]["plan"]["ranks"]["m"] for answer in server.end()}
    assert answers == {n: 2 + n % 8 for n in range(64)}


def test_a_line_that_ends_in_the_middle_is_no_request(server: Server) -> None:
    server.ask(1, "layers", model="bert_large")
    server.lines.write(b'{"jsonrpc": "2.0", "id": 2, "meth')
    answers = {answer["id"]: answer for answer in server.end()}
    assert answers[None]["error"]["code"] == -32700
    assert "result" in answers[1]


def test_a_server_without_an_input_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", None)  # as where a shell closed it
    assert main(["serve", "--stdio"]) == 1
    assert "standard input is closed" in capsys.readouterr().err


def test_a_client_that_no_longer_reads_ends_the_server(server: Server) -> None:
    server.out.close()
    with suppress(BrokenPipeError):  # it has ended already
        for _ in range(3):
            server.send(b"{bad")
    assert server.process.wait(300) == 0  # although its input has not ended
    with suppress(BrokenPipeError):
        server.lines.close()


class Full(io.BytesIO):
    """A file on a disk that is full."""

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_ends_the_server_and_is_told() -> None:
    service = Service(io.BytesIO(b"{bad\n" * 2), Full(), workers=0)
    with pytest.raises(OSError, match="No space left on device"):
        service.run()
    waiting = Service(
        io.BytesIO(b'{"jsonrpc": "2.0", "id": 1, "method": "layers", "params": {"model": "x"}}\n'), Full(), 1
    )
    with pytest.raises(OSError, match="No space left on device"):
        waiting.run()


def workers_of(server: Server) -> list[int]:
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid,args", "--ppid", str(server.process.pid)], capture_output=True, text=True
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "spawn_main" in line]


@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps")
def test_a_worker_that_is_killed_is_told_and_replaced() -> None:
    server = Server("--workers", "1", "--cache", "off")
    try:
        server.ask(1, "layers", model="bert_large")
        server.hear()
        (worker,) = workers_of(server)
        server.ask(2, "optimize", **SLOW)
        server.ask(3, "layers", model="bert_large")
        time.sleep(0.3)
        os.kill(worker, signal.SIGKILL)
        assert server.hear()["error"]["code"] == -32010
        assert server.hear()["id"] == 3
    finally:
        server.kill()


@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps")
def test_workers_end_with_their_server() -> None:
    server = Server("--workers", "2", "--cache", "off")
    server.ask(1, "layers", model="bert_large")
    server.hear()
    workers = workers_of(server)
    assert len(workers) == 2
    server.ask(2, "optimize", **SLOW)
    server.kill()
    deadline = time.monotonic() + 300  # a busy machine is no failure
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, workers))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3] if Path("/proc").exists() else True


def test_servers_share_a_cache(tmp_path: Path) -> None:
    asked = {"architecture": "teaching", "einsum": GEMM, "objective": "edp"}
    servers = [Server("--workers", "1", "--cache", str(tmp_path)) for _ in range(3)]
    for server in servers:
        server.ask(1, "optimize", **asked)
    found = [server.end()[0]["result"] for server in servers]
    late = Server("--workers", "1", "--cache", str(tmp_path))
    late.ask(1, "optimize", **asked)
    again = late.end()[0]["result"]
    assert again["search"]["note"] == "cached"
    assert {json.dumps([one["mapping"], one["totals"]]) for one in [*found, again]} == {
        json.dumps([again["mapping"], again["totals"]])
    }


def test_a_remembered_answer_is_the_same_and_files_are_read_again(shared: Server, tmp_path: Path) -> None:
    file = tmp_path / "work.yaml"
    text = "polymap: workload/1\nname: w\neinsum: 'C[m] += A[m]'\nranks: {m: 4}\n"
    file.write_text(text)
    answers = []
    for n, content in enumerate((text, text, text.replace("4", "8"))):
        file.write_text(content)
        shared.ask(n, "optimize", architecture="teaching", workload=str(file), answer="plan")
        answers.append(shared.hear()["result"]["plan"]["ranks"]["m"])
    assert answers == [4, 4, 8]
    first, second = (ask_inline(shared, n) for n in range(2))
    assert first == second


@pytest.mark.parametrize("form", [dict, json.dumps])
def test_a_machine_with_components_of_a_folder_is_priced_again(shared: Server, tmp_path: Path, form: Any) -> None:
    memory = {"memory": "DRAM", "width": "16 b", "energy": {"read": "1 pJ", "write": "1 pJ"}}
    unit = {"compute": "MAC", "component": {"gadget": {}}}
    machine = {"polymap": "architecture/1", "name": "own parts", "technology": {"node": "45 nm"}, "clock": "1 GHz",
               "components": str(tmp_path), "hierarchy": [memory, unit]}  # fmt: skip
    asked = form(machine) if form is dict else form(machine, indent=1)
    values = []
    for n, energy in enumerate((1, 3)):
        row = f"gadget, compute, {energy}, 0, 0, a test\n"
        (tmp_path / "table.csv").write_text(f"component, action, energy [pJ], area [um2], leakage [uW], source\n{row}")
        shared.ask(n, "optimize", architecture=asked, einsum=GEMM, answer="plan")
        values.append(shared.hear()["result"]["energy_pj"])
    assert values[1] - values[0] == 2 * 16**3


def ask_inline(server: Server, n: int) -> object:
    server.ask(n, "optimize", architecture="teaching", einsum=GEMM, objective="latency", answer="plan")
    return server.hear()["result"]


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_the_client_in_c_builds_and_runs(tmp_path: Path) -> None:
    (source,) = re.findall(r"^```c\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(source.splitlines()) < 60
    assert '\\"deadline_ms\\": 2000' in source
    # A busy machine is no failure: what it prints is the answer without a deadline.
    (tmp_path / "client.c").write_text(source.replace('\\"deadline_ms\\": 2000', '\\"deadline_ms\\": 200000'))
    client = tmp_path / "client"
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["cc", *flags, str(tmp_path / "client.c"), "-o", str(client)], check=True)
    program = tmp_path / "polymap"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m polymap "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    said = subprocess.run([str(client)], env=environment, capture_output=True, text=True, timeout=300)
    (shown,) = re.findall(r"It prints `(.*)`", GUIDE.read_text())
    assert (said.stdout.strip(), said.returncode) == (shown, 0), said.stderr
