"""Files of other tools in polymap's formats, and back: which tool's they are is told by their top-level keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from polymap import spec
from polymap.errors import Mistake, Place, SpecError
from polymap.frontends.timeloop import sections
from polymap.frontends.zigzag import files as zigzag
from polymap.quantity import shown
from polymap.spec import Fields, Items

ACCELERGY = {"compound_components", "ERT", "ART"}
TIMELOOP = {"architecture", "problem", "mapping"}
ACCELFORGE = {"arch", "workload"}
KNOWN = "Timeloop's have `architecture`, `problem`, `mapping`; Accelergy's `compound_components`, `ERT`, `ART`;"
KNOWN += (
    " AccelForge's `arch`, `workload`; ZigZag's `memories`, layers with `equation`, mappings with `spatial_mapping`"
)
# Keys at the beginning of a line, where a template is no YAML before it is expanded.
_KEY = re.compile(r"^([A-Za-z_]\w*):", re.MULTILINE)


class Files(Protocol):
    """Files by name, as text, and what was left out, each with its place and reason."""

    @property
    def left_out(self) -> tuple[str, ...]: ...

    def files(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class Texts:
    """Files that are written for another tool."""

    texts: Mapping[str, str]
    left_out: tuple[str, ...]

    def files(self) -> Mapping[str, str]:
        return self.texts


def convert(files: Sequence[str], settings: Mapping[str, bool | int | float | str] | None = None) -> Files:
    """What files become: those of Timeloop, AccelForge and ZigZag a design, Accelergy's compounds and tables
    components, and an architecture of polymap Accelergy's tables. `settings` are variables of templates, which
    AccelForge's files may be. Raises SpecError with every mistake."""
    is_shipped = len(files) == 1 and files[0] in spec.shipped("architectures")
    keys = set() if is_shipped else {key for file in files for key in _keys(file)}
    if keys & ACCELFORGE and not keys & TIMELOOP:
        from polymap.frontends.accelforge import convert as of_accelforge

        return of_accelforge(files, settings)
    _check_unset(settings or {}, files)
    return _tables(files[0]) if is_shipped else _of_plain(keys, files)


def _of_plain(keys: set[str], files: Sequence[str]) -> Files:
    """Of tools whose files are no templates."""
    if "polymap" in keys and len(files) == 1:
        return _tables(files[0])
    if keys & ACCELERGY and not keys & TIMELOOP:
        from polymap.frontends.accelergy import convert as of_accelergy

        return of_accelergy(files)
    if keys & zigzag.KEYS and not keys & TIMELOOP:
        from polymap.frontends.zigzag import convert as of_zigzag

        return of_zigzag(files)
    _check_known(keys, files)
    from polymap.frontends.timeloop import convert as of_timeloop

    return of_timeloop(files)


def timeloop_mappings(document: object, file: str) -> tuple[tuple[str, str], ...]:
    """The mappings of a result document as Timeloop's section `mapping`: (einsum, YAML text) of each layer.

    Raises SpecError with everything that has no counterpart there.
    """
    from polymap.frontends.results import mapped
    from polymap.frontends.timeloop.write import mapping_section

    return tuple((one.einsum.name, spec.dump(mapping_section(one))) for one in mapped(document, file))


def _check_unset(settings: Mapping[str, bool | int | float | str], files: Sequence[str]) -> None:
    """Raises SpecError where variables are set of what is no template."""
    if settings:
        text = f"these files are no templates, and --set gives {', '.join(map(shown, settings))}"
        raise SpecError(Mistake(Place(files[0]), text, "leave --set out"))


def _check_known(keys: set[str], files: Sequence[str]) -> None:
    """Raises SpecError for files of no tool that is known; one that cannot be read has no keys."""
    if keys and not any(key in TIMELOOP or key in sections.OTHERS for key in keys):
        listed = ", ".join(shown(key) for key in sorted(keys)[:8])
        raise SpecError(Mistake(Place(files[0]), f"these keys are of no tool that is known here: {listed}", KNOWN))


def _keys(file: str) -> tuple[str, ...]:
    """Top-level keys; none of what cannot be read, which the tool's own reader tells."""
    try:
        text = spec.text_of(file)
    except SpecError:
        return ()
    try:
        tree = spec.parse(text, file, merges=True, tagged=True)
    except SpecError:
        return tuple(_KEY.findall(text))
    items = tree.items if isinstance(tree, Items) else (tree,)
    return tuple(field.key for item in items if isinstance(item, Fields) for field in item.fields)


def _tables(file: str) -> Texts:
    from polymap.architecture import architecture
    from polymap.frontends.accelergy import reference_tables

    return Texts(*reference_tables(architecture(file)))
