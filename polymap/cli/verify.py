"""`polymap verify`: whether a result says what its inputs and its mapping say when everything is computed again."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from polymap.cli.arguments import Parser, add_json, add_verb
from polymap.cli.failure import BAD_INPUT
from polymap.cli.output import say
from polymap.cli.stored import add_result, document, file_of

if TYPE_CHECKING:
    from polymap.mapper.checks import Check
    from polymap.mapper.verification import Verification

    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap verify best
  polymap verify best/result.json --json
  polymap verify old.json --architecture my_arch.yaml --workload my_layer.yaml

Every count is made again by a route that did not make it: by integer sets or, where these made it, point by point.
Energy, time and the objective are made again by the model. A lower bound, and with it the status `optimal`, is proven
again by a walk of all classes of mappings that looks for a counterexample; what the time limit leaves is told.
Exit code 0 if nothing differs, 1 if a number differs, a better mapping is found, or the file is bad.
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "verify",
        "compute everything in a result again",
        "Check a result against its inputs: hashes, legality, counts by a second route, energy, time.",
        EPILOG,
    )
    add_result(parser)
    parser.add_argument("--architecture", metavar="ARCH", help="use this one, not the document's own")
    parser.add_argument("--workload", metavar="WORKLOAD", help="use this one, not the document's own")
    parser.add_argument(
        "--time-limit", type=float, metavar="S", help="seconds for proving bounds again, all layers together (60)"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Verify and print; 0 if nothing differs, else 1."""
    from polymap.mapper.verification import given, verify

    file = file_of(options.result)
    found = verify(document(file), given(options.architecture, options.workload, options.time_limit), file)
    say(json.dumps(found.to_dict(), indent=2) if options.json else text(found))
    return BAD_INPUT if found.differences else 0


def text(found: Verification) -> str:
    """The checks as a table, numbers counted together on one line, differences last."""
    from polymap.report.table import table

    rows = [_row(checks) for checks in _together(found)]
    lines = table(("layer", "what", "how", "ms"), rows, names=3)
    lines += ["", f"{len(found.checks)} checks, {len(found.differences)} differences: {_verdict(found)}"]
    lines += [*_reaches(found), *(f"  warning: {warning}" for warning in found.warnings)]
    lines += [f"  {_name(check)}: stated {check.stated}, found {check.found}" for check in found.differences]
    return "\n".join(lines)


def _verdict(found: Verification) -> str:
    """The status, and what it does not speak of."""
    if found.differences:
        return found.status
    verdict = found.status
    if found.uncounted:
        verdict += f", not confirmed: {_uncounted(found)}"
    if not (unproven := _unproven(found)):
        return verdict
    return (
        f"{verdict}, but for {' and '.join(unproven)}, which {'is' if len(unproven) == 1 else 'are'} not proven again"
    )


def _uncounted(found: Verification) -> str:
    """What only the model, or another tool's algorithm, counted."""
    from polymap.mapper.checks import REPLAYED

    replayed = sum(check.proof == REPLAYED for check in found.uncounted)
    alone = len(found.uncounted) - replayed
    said = [f"{alone} counts are the model's alone"] if alone else []
    return " and ".join([*said, *([f"{replayed} counts are another tool's"] if replayed else [])])


def _unproven(found: Verification) -> list[str]:
    from polymap.mapper.checks import UNPROVEN

    names = {check.name for check in found.checks if check.proof == UNPROVEN}
    spoken = {"objective.lower_bound": "the lower bound", "status": "the status optimal"}
    return [text for name, text in spoken.items() if name in names]


def _reaches(found: Verification) -> list[str]:
    """How far the checks that agree reach: how many each way, and of which names where numbers do not stand alone."""
    from polymap.mapper.checks import RECOMPUTED, RECOUNTED, REPLAYED, REPROVEN, UNPROVEN

    lines = []
    for proof in (RECOUNTED, REPROVEN, RECOMPUTED, REPLAYED, UNPROVEN):
        checks = [check for check in found.checks if check.proof == proof and check.agrees]
        names = dict.fromkeys(check.group or check.name for check in checks)
        if checks:
            lines.append(f"  {proof}: {len(checks)} ({', '.join(names)})")
            lines += [f"    {_name(check)}: {check.stated}, {_exact(check)}" for check in checks if proof == REPLAYED]
            lines += [
                f"    {_name(check)}: {check.found}" for check in checks if _is_walk(check) and proof != RECOMPUTED
            ]
    return lines


def _is_walk(check: Check) -> bool:
    """Whether a check tells how far a walk of all classes came."""
    return check.name == "objective.lower_bound"


def _exact(check: Check) -> str:
    """`exactly 11` of `...; the exact count is 11`."""
    return check.method.partition("; ")[2].replace("the exact count is", "exactly")


def _together(found: Verification) -> list[list[Check]]:
    """Checks that were made together, in lists."""
    groups: dict[tuple[str, str], list[Check]] = {}
    for check in found.checks:
        groups.setdefault((check.layer, check.group or check.name), []).append(check)
    return list(groups.values())


def _row(checks: list[Check]) -> tuple[str, str, str, str]:
    first = checks[0]
    what = f"{first.group} ({len(checks)})" if len(checks) > 1 else first.group or first.name
    verdict = "" if all(check.agrees for check in checks) else "DIFFERENT: "
    spent = sum(check.ms for check in checks)
    return first.layer, verdict + what, first.method, f"{spent:.1f}" if spent else ""


def _name(check: Check) -> str:
    return f"{check.layer}: {check.name}" if check.layer else check.name
