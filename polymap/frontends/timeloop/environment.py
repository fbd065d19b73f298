"""Settings that a file gives to the environment of a run: some choose other conventions, some are not modelled."""

from __future__ import annotations

from polymap import spec
from polymap.errors import Mistake
from polymap.frontends.aside import LeftOut
from polymap.spec import Field, Fields, Located, Scalar

OFF = "0"
# The choice that a setting makes, and whether it makes it when it is off.
CHOICES = {
    "TIMELOOP_ENABLE_FIRST_READ_ELISION": ("first_updates_read=yes", True),
    "TIMELOOP_ENABLE_UPDATED_RMW": ("sums_are_fetched=no", False),
    "TIMELOOP_DISABLE_TEMPORAL_EXTRAPOLATION": ("extrapolates=no", False),
    "TIMELOOP_RUN_LAST_ITERATION": ("last_runs=yes", False),
}
UNMODELLED = (
    "TIMELOOP_DISABLE_FIRST_ELEMENT_ONLY_SPATIAL_EXTRAPOLATION",
    "TIMELOOP_DISABLE_LINK_TRANSFERS",
    "TIMELOOP_DISABLE_SPATIAL_EXTRAPOLATION",
    "TIMELOOP_ENABLE_TOROIDAL_LINKS",
    "TIMELOOP_USE_ISL",
)


def check(section: Located, left_out: LeftOut, mistakes: spec.Mistakes) -> None:
    """Tell which conventions the settings under `globals` mean, and note those that are not modelled."""
    for setting in _settings(section):
        is_off = isinstance(setting.value, Scalar) and setting.value.text == OFF
        choice, when_off = CHOICES.get(setting.key, ("", False))
        if choice and is_off == when_off:
            reason = f"with this setting that tool counts otherwise: use `--conventions timeloop,{choice}`"
            left_out.tell(setting.place, setting.key, reason)
        if setting.key in UNMODELLED and not is_off:
            text = f"a run with {setting.key} is not modelled"
            mistakes.note(Mistake(setting.place, text, "leave the setting out, or set it to 0"))


def _settings(section: Located) -> tuple[Field, ...]:
    """The fields of `environment_variables`."""
    fields = section.fields if isinstance(section, Fields) else ()
    found = (field.value for field in fields if field.key == "environment_variables")
    return next((value.fields for value in found if isinstance(value, Fields)), ())
