"""ZigZag's files to documents in polymap's formats; nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polymap import spec
from polymap.frontends.aside import LeftOut
from polymap.frontends.readable import check_readable
from polymap.frontends.zigzag.files import found_in
from polymap.frontends.zigzag.layers import LINKS, Layer, layers
from polymap.frontends.zigzag.machine import machine
from polymap.frontends.zigzag.mappings import DEFAULT, Rules, chosen, rules


@dataclass(frozen=True)
class Converted:
    """Documents as plain data, empty where the files have none; constraints by the name of their mapping."""

    architecture: dict[str, Any]
    workload: dict[str, Any]
    constraints: Mapping[str, dict[str, Any]]
    left_out: tuple[str, ...]

    def files(self) -> dict[str, str]:
        """File name to text."""
        named = {"architecture": self.architecture, "workload": self.workload, **self.constraints}
        return {f"{name}.yaml": spec.dump(document) for name, document in named.items() if document}


def convert(files: Sequence[str]) -> Converted:
    """The documents that say the same. Raises `SpecError` with everything that cannot be converted, and its place."""
    mistakes, left_out = spec.Mistakes(), LeftOut()
    found = found_in(files, mistakes)
    mistakes.check()
    chips = [machine(reader, left_out) for reader in found.accelerators]
    work = layers(found.layers, left_out)
    wanted = rules(found.mappings, left_out)
    for reader in found.readers:
        reader.report_unknown_keys()
    mistakes.check()
    said = dict(_constraints(wanted, work, left_out))
    done = Converted(chips[0] if chips else {}, _workload(work, wanted), said, left_out.lines())
    check_readable((done.architecture, done.workload, *said.values()))
    return done


def _constraints(
    wanted: Sequence[Rules], work: Sequence[Layer], left_out: LeftOut
) -> Iterator[tuple[str, dict[str, Any]]]:
    """One file for each entry that says something of some layer, no name like another."""
    taken: list[str] = []
    for each in wanted:
        mine = [layer for layer in work if chosen(layer, wanted) is each]
        if mine or not work:
            stem = "constraints" if each.name == DEFAULT else f"constraints_{_stem(each.name)}"
            taken.append(stem.lower())
            nth = taken.count(stem.lower())
            yield stem if nth == 1 else f"{stem}~{nth}", each.document(mine, left_out)


def _stem(name: str) -> str:
    """A name of letters, digits, `_` and `-` only, which is no path."""
    return "".join(letter if letter.isalnum() or letter in "_-" else "_" for letter in name)[:60]


def _workload(work: Sequence[Layer], wanted: Sequence[Rules]) -> dict[str, Any]:
    if not work:
        return {}
    head = {"polymap": "workload/1", "name": "converted", "source": "converted from ZigZag's files"}
    documents = [layer.document(_links(chosen(layer, wanted))) for layer in work]
    return {**head, **documents[0]} if len(documents) == 1 else {**head, "layers": documents}


def _links(found: Rules | None) -> Mapping[str, str]:
    return found.links if found else LINKS
