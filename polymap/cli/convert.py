"""`polymap convert`: other tools' files in polymap's formats."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from polymap.cli.arguments import Parser, add_verb
from polymap.cli.output import warn
from polymap.errors import NOWHERE, Mistake, SpecError

if TYPE_CHECKING:
    from polymap.frontends.other_tools import Files

    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap convert arch.yaml problem.yaml mapping.yaml ERT.yaml -o converted
  polymap evaluate converted/architecture.yaml converted/workload.yaml converted/mapping.yaml --conventions timeloop
  polymap convert best --to timeloop -o theirs

The files are Timeloop's YAML, versions 0.2 to 0.4, in any order; those of a search need no mapping.
AccelForge's arch and workload are read, too, with --set for the variables of templates, and ZigZag's files.
Constraints become statements for --constraints. Accelergy's compound components, ERT and ART become components for a
folder of one's own (components: DIR), and an architecture of polymap becomes an ERT and an ART. What cannot be
converted is told with its place (exit code 1), and then nothing is written.
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "convert",
        "other tools' files in polymap's formats",
        "Write in polymap's formats what files of Timeloop, AccelForge, ZigZag or Accelergy say, and some back.",
        EPILOG,
    )
    parser.add_argument("files", metavar="INPUT", nargs="+", help="YAML files of one tool, in any order")
    parser.add_argument("-o", dest="folder", metavar="DIR", required=True, help="the folder to write to")
    parser.add_argument("--to", choices=("timeloop",), help="write the mapping of a RESULT in the form of this tool")
    parser.add_argument(
        "--set",
        type=_setting,
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="variables of templates",
    )
    parser.set_defaults(run=run)


def _setting(text: str) -> tuple[str, bool | int | float | str]:
    """A variable of a template: a number, `true`, `false` or text."""
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} sets no variable; write NAME=VALUE")
    if value in ("true", "false"):
        return name, value == "true"
    for kind in (int, float):
        with suppress(ValueError):
            return name, kind(value)
    return name, value


def _settings(options: argparse.Namespace) -> dict[str, bool | int | float | str]:
    """What --set gives. Raises `SpecError` where it gives a variable two values, or where nothing could use it."""
    from polymap.cli.inputs import settings

    found = settings(options.set, "values")
    if found and options.to:
        raise SpecError(Mistake(NOWHERE, "a RESULT is no template, and --set gives variables", "leave --set out"))
    return found


def run(options: argparse.Namespace) -> int:
    """Convert, then write all files or none."""
    from polymap.cli.folder import Folder
    from polymap.frontends.other_tools import convert

    Folder.checked(options.folder, ())
    settings = _settings(options)
    converted = _of_result(options.files) if options.to else convert(options.files, settings)
    files = converted.files()
    write(Folder.checked(options.folder, files).path, files)
    for line in converted.left_out:
        warn(f"left out: {line}")
    return 0


def _of_result(files: Sequence[str]) -> Files:
    """The mappings of a result for another tool: one file, or one for each layer of a network."""
    from polymap.cli.folder import distinct_stems
    from polymap.cli.stored import document, file_of
    from polymap.frontends.other_tools import Texts, timeloop_mappings

    if len(files) != 1:
        raise SpecError(Mistake(NOWHERE, f"--to takes one RESULT, and {len(files)} are named", "name one"))
    file = file_of(files[0])
    found = timeloop_mappings(document(file), file)
    names = ["mapping"] if len(found) == 1 else distinct_stems([name for name, _ in found])
    return Texts({f"{name}.yaml": text for name, (_, text) in zip(names, found)}, ())


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write all files beside the folder's own, then put them in place; other files there are left alone."""
    from polymap.cli.folder import unwritable

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".convert.") as beside:
            for name, text in files.items():
                (Path(beside) / name).write_text(text, encoding="utf-8", newline="\n")
            for name in files:
                os.replace(Path(beside) / name, folder / name)
    except OSError as error:
        raise unwritable(folder, error) from error
