"""The text of generated code: what the guide shows is what is written, and two languages say the same."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import polymap as pm
from polymap.mapping.nest import Storage
from polymap.report.code import code
from tests.report.code.running import COMPILER, Case, modelled

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "generated_code.md"


def c_blocks() -> list[str]:
    return re.findall(r"```c\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


WORK = pm.einsum("O[k,p] += I[p+r] * W[k,r]", name="conv", k=4, p=10, r=3)
NEST = """\
DRAM holds I W O
for p in 3
buffer holds I O
for k in 2
parallel k in 2 on X
registers holds I W O
for p in 4
for r in 3
compute
"""
PYTHON = """\
def conv(I, W, O):
    # I 12
    # W 4 x 3
    # O is written to: 4 x 10
    buffer_I = np.zeros((6,), O.dtype)  # buffer: I, 6
    registers_I = np.zeros((2, 6), O.dtype)  # registers: I, 6, one for each instance (2)
    registers_W = np.zeros((2, 3), O.dtype)  # registers: W, 1 x 3, one for each instance (2)
    buffer_O = np.zeros((4, 4), O.dtype)  # buffer: O, 4 x 4
    registers_O = np.zeros((2, 4), O.dtype)  # registers: O, 1 x 4, one for each instance (2)
    # O is zero where nothing is added
    for k in range(4):
        for p in range(10):
            O[k, p] = 0
    for p0 in range(3):  # for p in 3
        # buffer holds I, from DRAM: what the tile before (another p0) did not have
        start = 4 * p0
        if p0 > 0:
            start = 4 * p0 + 2
        for I0 in range(start, min(4 * p0 + 6, 12)):
            buffer_I[I0 % 6] = I[I0]
        # buffer holds O: its sums start at zero
        for k in range(4):
            for p in range(4 * p0, min(4 * p0 + 4, 10)):
                buffer_O[k, p % 4] = 0
"""
COMPUTE = """\
            for p1 in range(4):  # for p in 4
                if 4 * p0 + p1 >= 10:
                    break
                for r0 in range(3):  # for r in 3
                    # compute
                    for k1 in range(2):  # parallel k in 2 on X
                        p = 4 * p0 + p1
                        registers_O[k1, p % 4] += registers_I[k1, (p + r0) % 6] * registers_W[k1, r0]
            # registers drains O to buffer
            for k1 in range(2):  # parallel k in 2 on X
                for p in range(4 * p0, min(4 * p0 + 4, 10)):
                    buffer_O[2 * k0 + k1, p % 4] = registers_O[k1, p % 4]
        # buffer drains O to DRAM
        for k in range(4):
            for p in range(4 * p0, min(4 * p0 + 4, 10)):
                O[k, p] = buffer_O[k, p % 4]
"""


def test_python_reads_like_the_mapping() -> None:
    text = pm.codegen(WORK, "teaching", NEST, language="python")
    assert PYTHON in text
    assert text.endswith(COMPUTE)


def test_the_guide_shows_what_is_written() -> None:
    excerpt, _ = c_blocks()
    assert excerpt in pm.codegen(WORK, "teaching", NEST, language="c")


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
def test_the_program_of_the_guide_prints_what_was_counted(tmp_path: Path) -> None:
    assert COMPILER
    _, program = c_blocks()
    (tmp_path / "main.c").write_text(program)
    (tmp_path / "conv.c").write_text(pm.codegen(WORK, "teaching", NEST, language="c", count=True))
    command = [COMPILER, "-std=c99", "-Wall", "-Wextra", "-Werror", "main.c", "conv.c", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout.splitlines()
    counts = modelled(Case(WORK, pm.architecture("teaching"), pm.mapping(NEST)))
    assert said[0] == f"out[3][9] = {9 * 9 + 10 * 10 + 11 * 11}"
    assert sorted(said[1:]) == sorted(f"{name} = {number}" for name, number in counts.items())


def test_c_and_python_have_the_same_comments() -> None:
    c, python = (pm.codegen(WORK, "teaching", NEST, language=language) for language in ("c", "python"))
    said = re.findall(r"^ +/\* (.*) \*/$", c, re.MULTILINE)
    assert said == re.findall(r"^ +# (?!I |W |O is written)(.*)$", python, re.MULTILINE)


@pytest.mark.parametrize("language", ["c", "python", "mlir"])
def test_names_of_several_lines_stay_in_their_comments(language: str) -> None:
    """No file may hold such names, but a document that was changed by hand may."""
    odd = "R\n*/ import os\n/*"
    arch, nest = pm.architecture("teaching"), pm.mapping(NEST)
    levels = (replace(level, name=odd) if level.name == "registers" else level for level in arch.hierarchy)
    nodes = (replace(n, level=odd) if isinstance(n, Storage) and n.level == "registers" else n for n in nest.nodes)
    text = code(WORK, replace(arch, hierarchy=tuple(levels)), pm.Mapping(tuple(nodes)), language)
    comments = {"c": r"/\*.*?\*/", "python": r"#[^\n]*", "mlir": r"//[^\n]*"}[language]
    assert "import os" in text
    assert "import os" not in re.sub(comments, "", text, flags=re.DOTALL)


def test_text_that_would_end_a_comment_does_not() -> None:
    work = pm.einsum("O[k,p] += I[p+r] * W[k,r]", name="*/ int x; /*\nimport os", k=4, p=10, r=3)
    c, python = (pm.codegen(work, "teaching", NEST, language=language) for language in ("c", "python"))
    heading = c.partition("#include")[0]
    assert heading.count("*/") == heading.count("/*") == 1
    assert "\nimport os" not in python
    assert "void int_x_import_os(" in c
