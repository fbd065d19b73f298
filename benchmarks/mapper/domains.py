"""How long causal attention takes, and what gap is left: 12 heads of width 64."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import process_time

import polymap as pm
from polymap.errors import PolymapError
from polymap.report.numbers import percent
from polymap.report.table import Row, table

EINSUMS = {"scores": "S[h,i,j] += Q[h,i,d] * K[h,j,d]", "values": "O[h,i,d] += P[h,i,j] * V[h,j,d]"}
MACHINES = ("eyeriss_like", "teaching", "tpu_v4i_like")
TOKENS = (128, 512, 1024, 4096)


def domains(objectives: Sequence[str], seconds: float) -> Iterator[str]:
    """One table for each machine."""
    for machine in MACHINES:
        columns = (machine, *(f"{objective}: CPU s, gap" for objective in objectives))
        yield "\n".join(table(columns, list(_rows(machine, objectives, seconds))))


def _rows(machine: str, objectives: Sequence[str], seconds: float) -> Iterator[Row]:
    architecture = pm.architecture(machine)
    for name, text in EINSUMS.items():
        for tokens in TOKENS:
            ranks = {"h": 12, "i": tokens, "j": tokens, "d": 64}
            work = pm.einsum(text, name=name, bits=16, domain="{ [i,j] : j <= i }", ranks=ranks)
            yield (f"{name}, {tokens}", *(_told(work, architecture, each, seconds) for each in objectives))


def _told(work: pm.Einsum, architecture: pm.Architecture, objective: str, seconds: float) -> str:
    begin = process_time()
    try:
        found = pm.optimize(work, architecture, objective=objective, time_limit=seconds)
    except PolymapError as error:
        return type(error).__name__
    spent = process_time() - begin
    return f"{spent:.2f}, {'proven' if found.status == 'optimal' else percent(found.gap)}"
