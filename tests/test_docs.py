"""Every page of the documentation: its files are read, its Python runs, its commands do what is shown.

A fenced block that begins with `# file: NAME` is a file; blocks of one page share a folder, in order. In a `console`
block, lines after `$ polymap ...` are the output. Commands marked `# slow` are parsed and not run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from polymap.cli import main
from polymap.cli.program import parser

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)(?P<target>[^)#]+)")
# What differs from run to run: seconds, and how much of the space the bounds left to the solver.
VOLATILE = re.compile(r"^  search .*$", re.MULTILINE)


def blocks(page: Path) -> list[tuple[str, str, int]]:
    """Each fenced block of a page: its language, its body, and the lines before the body."""
    text = page.read_text(encoding="utf-8")
    found = BLOCK.finditer(text)
    return [(match["language"], match["body"], text.count("\n", 0, match.start("body"))) for match in found]


def commands(body: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block and the output that is shown for it."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_does_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for language, body, above in blocks(page):
        if body.startswith("# file: "):
            Path(body.partition("\n")[0].removeprefix("# file: ")).write_text(body, encoding="utf-8")
        if language == "python":
            exec(compile("\n" * above + body, str(page), "exec"), names)
        if language == "console":
            for command, output in commands(body):
                check(command, output, capsys)


def check(command: str, output: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command, comments=True)
    if words[0] != "polymap" or words[1:] in (["--help"], ["--version"]):
        return
    parser().parse_args(words[1:])
    if command.endswith("# slow"):
        return
    capsys.readouterr()
    main(words[1:])
    said = capsys.readouterr()
    if output.strip():
        assert VOLATILE.sub("", said.out + said.err).strip() == VOLATILE.sub("", output).strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    assert [target for target in targets if not (page.parent / target).exists()] == []
