"""Results as pandas data frames; pandas is not a dependency and is imported only here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polymap.errors import NOWHERE, Mistake, PolymapError

if TYPE_CHECKING:
    from polymap.mapper.result import Front, NetworkResult, Result


def level_frame(result: Result) -> Any:
    """One row per level and tensor: the `levels` of the result document."""
    return _pandas().DataFrame(result.to_dict()["levels"])


def layer_frame(network: NetworkResult) -> Any:
    """One row per distinct layer: name, repeat, status, gap, and the layer's own totals (not times repeat)."""
    return _pandas().DataFrame([_row(repeat, result) for repeat, result in network.layers])


def point_frame(front: Front) -> Any:
    """One row per point of a front: its totals, and the mapping as text."""
    return _pandas().DataFrame([{**_totals(point), "mapping": point.mapping.text()} for point in front.points])


def _totals(result: Result) -> dict[str, object]:
    totals = result.to_dict()["totals"]
    assert isinstance(totals, dict)
    return totals


def _row(repeat: int, result: Result) -> dict[str, object]:
    about = {"name": result.einsum.name, "repeat": repeat, "status": result.status, "gap": result.gap}
    return {**about, **_totals(result)}


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        mend = "pip install pandas, or use to_dict()"
        raise PolymapError(Mistake(NOWHERE, "to_pandas needs pandas, which is not installed", mend)) from error
    return pandas
