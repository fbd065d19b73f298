"""A program of its own: expands one Jinja template, from standard input to standard output, both JSON.

It runs in a process with little time and memory, in the sandbox of jinja2, without a loader: no file is opened.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any

SECONDS = 2
BYTES = 512 * 1024**2


def bounded() -> None:
    """Limit what this process may take; where the system has no such limits, the caller's clock is left."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))


def expanded(text: str, settings: dict[str, Any], longest: int) -> dict[str, Any]:
    """`text`, or an `error` with the `line` of the template; what is set but not used is told under `unused`."""
    from jinja2 import StrictUndefined, TemplateError, meta
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    try:
        named = meta.find_undeclared_variables(environment.parse(text))
        parts, size = [], 0
        for part in environment.from_string(text).generate(settings):
            parts.append(part)
            size += len(part)
            if size > longest:
                return {"error": f"it expands to more than {longest} characters", "line": 0}
    except TemplateError as error:
        return {"error": str(error), "line": getattr(error, "lineno", 0) or _line(error.__traceback__)}
    except (ArithmeticError, TypeError, ValueError, LookupError) as error:
        return {"error": f"{type(error).__name__} {error}", "line": _line(error.__traceback__)}
    return {"text": "".join(parts), "unused": sorted(set(settings) - named)}


def _line(found: TracebackType | None) -> int:
    """The last line of the template in a traceback; 0 without one."""
    line = 0
    while found:
        if found.tb_frame.f_code.co_filename == "<template>":
            line = found.tb_lineno
        found = found.tb_next
    return line


def main() -> None:
    sys.path.append(sys.argv[1])
    asked = json.load(sys.stdin)
    import jinja2.sandbox  # noqa: F401  # what it loads is not the template's doing

    bounded()
    try:
        answer = expanded(asked["text"], asked["settings"], asked["longest"])
    except (MemoryError, RecursionError) as error:
        answer = {"error": f"it takes too much ({type(error).__name__})", "line": 0}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
