"""Python files with models: they are run, and what they define is checked before anybody asks it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from importlib import util
from pathlib import Path
from traceback import extract_tb

from polymap.components.model import Action, Attribute, Model
from polymap.errors import Mistake, Place, SpecError
from polymap.quantity import near, shown

DEFINED = "MODELS"


def executed(file: str) -> tuple[Model, ...]:
    """The `MODELS` of a Python file, which is run. Raises SpecError with the file and line if it breaks."""
    name = f"polymap_components_{Path(file).stem}"
    found = util.spec_from_file_location(name, file)
    assert found is not None  # it ends in .py
    assert found.loader is not None
    module = util.module_from_spec(found)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        with redirect_stdout(sys.stderr):  # what it prints is no part of an answer
            found.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise SpecError(failed(f"the plug-in {shown(file)}", error, Place(file))) from error
    if not hasattr(module, DEFINED):
        guess = near(DEFINED, [word for word in vars(module) if not word.startswith("_")])
        mend = f"define `{DEFINED} = (MyModel(),)`{f', not `{guess}`' if guess else ''}; helpers begin with `_`"
        raise SpecError(Mistake(Place(file), f"the plug-in has no `{DEFINED}`", mend))
    return checked(getattr(module, DEFINED), "the plug-in", Place(file))


def failed(what: str, error: BaseException, place: Place) -> Mistake:
    """A plug-in that breaks while it is loaded, at the line of its own where it does."""
    here = os.path.abspath(place.file)
    frames = [frame for frame in extract_tb(error.__traceback__) if os.path.abspath(frame.filename) == here]
    line = error.lineno if isinstance(error, SyntaxError) else frames[-1].lineno if frames else 0
    text = " ".join(str(error).split())
    raised = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return Mistake(Place(place.file, line or 0), f"{what} failed while it was loaded: {raised}", "mend or remove it")


def checked(found: object, what: str, place: Place) -> tuple[Model, ...]:
    if isinstance(found, Model):
        found = (found,)
    if not isinstance(found, (tuple, list)):
        message = f"{what} gives {type(found).__name__}, not a tuple of models"
        raise SpecError(Mistake(place, message, f"define `{DEFINED} = (MyModel(),)`"))
    mistakes = [Mistake(place, f"{what}: {wrong}", mend) for each in found for wrong, mend in _wrong_with(each)]
    if mistakes:
        raise SpecError(mistakes)
    return tuple(found)


def _wrong_with(model: object) -> Iterator[tuple[str, str]]:
    if not isinstance(model, Model):
        mend = f"write `{model.__name__}()`" if isinstance(model, type) else "list instances of `Model`"
        yield f"{shown(model)} is no model", mend
        return
    for word in ("name", "prices", "source"):
        if not (isinstance(getattr(model, word, None), str) and getattr(model, word)):
            yield f"{type(model).__name__} has no `{word}`", f'state `{word} = "..."` in its body'
    for word, kind in (("attributes", Attribute), ("actions", Action)):
        if not all(isinstance(each, kind) for each in getattr(model, word)):
            yield f"`{word}` of {type(model).__name__} are not all {kind.__name__}s", f"list `{kind.__name__}`s"
        elif twice := _twice([each.name for each in getattr(model, word)]):
            yield f"`{twice}` is twice in `{word}` of {type(model).__name__}", "keep one"


def _twice(names: Sequence[str]) -> str:
    return next((name for at, name in enumerate(names) if name in names[:at]), "")
