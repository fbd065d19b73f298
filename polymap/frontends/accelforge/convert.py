"""AccelForge's sections to documents in polymap's formats; nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from polymap import spec
from polymap.errors import Place
from polymap.frontends.accelforge import values
from polymap.frontends.accelforge.kinds import Known
from polymap.frontends.accelforge.machine import Machine, machine
from polymap.frontends.accelforge.sections import sections
from polymap.frontends.accelforge.template import Settings
from polymap.frontends.accelforge.workload import Einsum, einsums
from polymap.frontends.amounts import amount
from polymap.frontends.aside import LeftOut
from polymap.frontends.readable import check_readable
from polymap.quantity import Misread
from polymap.spec import Fields, Scalar

SOURCE = "converted from AccelForge's files"


@dataclass(frozen=True)
class Converted:
    """Documents as plain data, either of them empty where the files have none, and what was left out."""

    architecture: dict[str, Any]
    workload: dict[str, Any]
    left_out: tuple[str, ...]

    def files(self) -> dict[str, str]:
        """File name to text."""
        documents = {"architecture.yaml": self.architecture, "workload.yaml": self.workload}
        return {name: spec.dump(document) for name, document in documents.items() if document}


def convert(files: Sequence[str], settings: Settings | None = None) -> Converted:
    """The documents that say the same; `settings` are the variables of templates.

    Under the conventions `accelforge` they cost what that tool computes. Raises `SpecError` with everything that cannot
    be converted, each with its place.
    """
    mistakes, readers, left_out = spec.Mistakes(), list[spec.Reader](), LeftOut()
    fields = sections(files, settings or {}, mistakes, left_out)
    mistakes.check()
    place = Place(files[0])
    top = spec.Reader(Fields(fields, place), place, mistakes, readers, "")
    work = einsums(top.child("workload"), left_out) if top.has("workload") else ()
    mistakes.check()
    chip = machine(top.child("arch"), _variables(top), work, left_out) if top.has("arch") else None
    for reader in readers:
        reader.report_unknown_keys()
    mistakes.check()
    found = Converted(_architecture(chip) if chip else {}, _workload(work, left_out, place), left_out.lines())
    check_readable((found.architecture, found.workload))
    return found


def _variables(top: spec.Reader) -> Known:
    """Names with values, each of which may speak of those before it."""
    known = Known()
    node = top.node_of("variables")
    for field in node.fields if isinstance(node, Fields) else ():
        try:
            given = field.value.value if isinstance(field.value, Scalar) else None
            known = known.with_names({field.key: values.evaluate(given, known)})
        except Misread as wrong:
            top.wrong_at(field.value.place, wrong.message, wrong.mend)
    return known


def _architecture(chip: Machine) -> dict[str, Any]:
    return {
        "polymap": "architecture/1",
        "name": "converted",
        "source": SOURCE,
        "clock": amount(chip.clock_hz / 10**9, "GHz"),
        "hierarchy": list(chip.hierarchy),
    }


def _workload(work: Sequence[Einsum], left_out: LeftOut, place: Place) -> dict[str, Any]:
    if not work:
        return {}
    head = {"polymap": "workload/1", "name": "converted", "source": SOURCE}
    if len(work) == 1 and work[0].repeat == 1:
        return {**head, **work[0].document()}
    made = {einsum.tensors[-1] for einsum in work} & {tensor for einsum in work for tensor in einsum.tensors[:-1]}
    if made:
        left_out.tell(
            place, "fused", f"einsums are layers here, mapped one by one: {', '.join(sorted(made))} leave the chip"
        )
    return {**head, "layers": [einsum.document() for einsum in work]}
