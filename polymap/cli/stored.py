"""Result documents in files: what `explain` and `verify` are given."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any, NoReturn

from polymap.errors import Mistake, Place, SpecError

NAME = "result.json"
MEND = "give a result document, whole: what `polymap optimize -o DIR` or `--json` wrote"


def add_result(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("result", metavar="RESULT", help="a result document, or the folder of `polymap optimize -o`")


def file_of(result: str) -> str:
    """The file that is meant by a file or a folder."""
    return os.path.join(result, NAME) if os.path.isdir(result) else result


def document(file: str) -> Any:
    """The JSON value in a file. Raises `SpecError` with its place."""
    try:
        with open(file, encoding="utf-8") as opened:
            return json.load(opened, parse_constant=_no_constant)
    except OSError as error:
        folder = os.path.basename(file) == NAME and os.path.isdir(os.path.dirname(file) or ".")
        mend = f"give a result document, or a folder with a {NAME}" if folder else "give a result document"
        raise SpecError(Mistake(Place(file), f"cannot be read: {error.strerror}", mend)) from None
    except UnicodeDecodeError as error:
        raise _no_json(Place(file), f"byte {error.start} is no UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise _no_json(Place(file, error.lineno, error.colno), error.msg) from None
    except RecursionError:
        raise _no_json(Place(file), "it is nested too deeply") from None
    except ValueError as error:
        raise _no_json(Place(file), str(error)) from None


def _no_json(place: Place, reason: str) -> SpecError:
    return SpecError(Mistake(place, f"this is no JSON: {reason}", MEND))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
