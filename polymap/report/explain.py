"""Where a number of a result comes from: its formula, the values in it, and the conventions that decide it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Any

from polymap.errors import NOWHERE, Mistake, PolymapError, SpecError
from polymap.quantity import near
from polymap.report.meanings import meaning

if TYPE_CHECKING:
    from polymap.model import Conventions, Cost
    from polymap.report.arithmetic import Equation
    from polymap.report.subject import Subject

    Price = Callable[[Conventions], Cost]

# A number that a result has; None is not modelled, a text says why there is none.
Number = int | Fraction | None
Found = Number | str
NONE = "none: "


@dataclass(frozen=True)
class Choice:
    """A convention that decides a number: its field, what it is, the sentence, and the number if it were otherwise."""

    name: str
    value: object
    sentence: str
    otherwise: Found


@dataclass(frozen=True)
class Explanation:
    """One number: `formula` in the trips of the loops in `values`; None where there is no closed form in them.

    `arithmetic` gives the number from what was counted, step by step; None for what is not modelled. `presets` are the
    number under each preset of the conventions, or why it has none there. `beyond` says what else than a single choice
    sets presets apart: their own walk, a refusal, several choices together.
    """

    number: str
    value: Number
    meaning: str
    formula: str | None
    values: tuple[tuple[str, int, str], ...]
    choices: tuple[Choice, ...]
    presets: tuple[tuple[str, Found], ...]
    beyond: tuple[str, ...] = ()
    arithmetic: Equation | None = None

    def to_dict(self) -> dict[str, object]:
        """The explanation as plain data."""
        return {
            "number": self.number,
            "value": plain(self.value),
            "meaning": self.meaning,
            "arithmetic": [line.to_dict(depth) for depth, line in self.arithmetic.lines()] if self.arithmetic else [],
            "formula": self.formula,
            "values": [{"symbol": name, "trip": trip, "loop": loop} for name, trip, loop in self.values],
            "conventions": [{**vars(choice), "otherwise": plain(choice.otherwise)} for choice in self.choices],
            "beyond": list(self.beyond),
            "presets": {name: plain(value) for name, value in self.presets},
        }


def numbers(cost: Cost) -> dict[str, Number]:
    """Every number of a cost by its name: `GLB.W.reads`, `GLB.cycles`, `PE.W.word_hops`, `energy_pj`, ..."""
    return dict(_numbers(cost))


def _numbers(cost: Cost) -> Iterator[tuple[str, Number]]:
    for row in cost.traffic:
        for name in ("tile_elements", "instances", "reads", "fills", "updates"):
            yield f"{row.level}.{row.tensor}.{name}", getattr(row, name)
        yield f"{row.level}.{row.tensor}.energy_pj", row.energy
    for crossed in cost.networks:
        for name in ("words", "delivered", "word_hops", "link_words"):
            yield f"{_crossing(crossed)}.{name}", getattr(crossed, name)
        yield f"{_crossing(crossed)}.energy_pj", crossed.energy
    for use in cost.components:
        for name in ("instances", "cycles", "occupied_bits"):
            yield f"{use.level}.{name}", getattr(use, name)
        yield f"{use.level}.leakage_pj", use.leakage
    yield f"{cost.compute_level}.computes", cost.computes
    yield f"{cost.compute_level}.energy_pj", cost.compute_energy
    yield from (("energy_pj", cost.energy), ("cycles", cost.cycles), ("latency_s", cost.latency), ("edp_js", cost.edp))
    yield "area_um2", Fraction(cost.area_um2) if isfinite(cost.area_um2) else None
    yield "computes", cost.computes
    yield "utilization", Fraction(cost.computes) / (cost.physical_compute_instances * cost.cycles)


def _crossing(row: Any) -> str:
    """One array may lie between several pairs of levels: `PE.W` is the way into the child that is named."""
    return f"{row.array}.{row.tensor}.to_{row.child}"


def explain(subject: Subject, price: Price, number: str) -> Explanation:
    """Explain one number of a subject. `price` evaluates its mapping under given conventions.

    Raises `SpecError` for a number that the result does not have.
    """
    from polymap.report.arithmetic import arithmetic

    cost = price(subject.conventions)
    found = numbers(cost)
    if number not in found:
        guess = near(number, found)
        mend = f"did you mean `{guess}`?" if guess else f"it has {', '.join(list(found)[:8])}, ..."
        raise SpecError(Mistake(NOWHERE, f"the result has no number `{number}`", mend))
    value = found[number]
    formula, values = _formula(subject, number, value)
    choices, presets = tuple(_choices(subject, price, number, value)), tuple(_presets(price, number))
    beyond = tuple(_beyond(subject, value, choices, presets))
    steps = None if value is None else arithmetic(subject, cost, found)(number)
    return Explanation(number, value, meaning(number), formula, values, choices, presets, beyond, steps)


def plain(found: Found) -> int | float | str | None:
    """A number as JSON has it: whole if it is, else a float."""
    if found is None or isinstance(found, str):
        return found
    return int(found) if found == int(found) else float(found)


def shown(found: Found) -> str:
    """A number as text, with all digits that a float holds."""
    return "not modelled" if found is None else str(plain(found))


# formulas


def _formula(subject: Subject, number: str, value: Number) -> tuple[str | None, tuple[tuple[str, int, str], ...]]:
    """The formula in the trips, if one gives this value, and the loops its symbols stand for."""
    from polymap.model import symbolic
    from polymap.model.naming import named

    nest = subject.mapping.without_unit_loops()
    try:
        formulas = symbolic(subject.einsum, subject.architecture, nest, subject.conventions)
    except PolymapError:
        return None, ()
    loops = zip(formulas.symbols, nest.loops, strict=True)
    values = tuple((str(symbol), loop.trip, str(loop)) for symbol, loop in loops)
    known = named(formulas)
    expression = {**known, **_totals(subject, formulas, known)}.get(number)
    if expression is None or value is None or not _gives(formulas, expression, [v for _, v, _ in values], value):
        return None, values
    used = {str(symbol) for symbol in getattr(expression, "free_symbols", ())}
    return str(expression), tuple(entry for entry in values if entry[0] in used)


def _totals(subject: Subject, formulas: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    """Formulas of the totals that follow from other numbers; the area does not depend on the mapping."""
    compute = subject.architecture.compute
    computes = formulas.at(known[f"{compute.name}.computes"], formulas.symbols)
    used = computes / (subject.architecture.instances(compute.name) * formulas.cycles)
    area = formulas.setting.area_um2
    return {"computes": computes, "utilization": used, "area_um2": Fraction(area) if isfinite(area) else None}


def _gives(formulas: Any, expression: Any, trips: list[int], value: int | Fraction) -> bool:
    found = formulas.at(expression, trips)
    return bool(found * value.denominator == value.numerator)


# conventions


def _choices(subject: Subject, price: Price, number: str, value: Number) -> Iterator[Choice]:
    """The conventions that decide a number are those that, turned over one by one, change it."""
    from polymap.model.conventions import HOLES

    chosen, sentences = subject.conventions, subject.conventions.sentences()
    for choice in fields(chosen):
        if choice.name not in sentences or not _stands_alone(subject, choice.name):
            continue
        now = getattr(chosen, choice.name)
        others: list[Any] = [not now] if isinstance(now, bool) else [other for other in HOLES if other != now]
        for other in others:
            changed = _under(price, replace(chosen, **{choice.name: other}), number)
            if changed != value and not isinstance(changed, str):
                yield Choice(choice.name, now, sentences[choice.name], changed)


def _stands_alone(subject: Subject, name: str) -> bool:
    """Whether a choice can be turned over alone: a mapping that is replayed takes all of the other tool's rules."""
    from polymap.model.replay.rules import is_replayed

    return name != "continuing_sweep" or not is_replayed(subject.einsum, subject.architecture, subject.mapping)


def _presets(price: Price, number: str) -> Iterator[tuple[str, Found]]:
    from polymap.model.conventions import PRESETS

    for name, preset in PRESETS.items():
        yield name, _under(price, preset, number)


def _beyond(
    subject: Subject, value: Number, choices: tuple[Choice, ...], presets: tuple[tuple[str, Found], ...]
) -> Iterator[str]:
    """Why presets differ from the value where no single choice accounts for it."""
    for name, found in presets:
        if isinstance(found, str) or found == value:
            continue
        if _walks_apart(subject, name):
            yield f"the own walk of conventions timeloop: they replay this mapping; {name} counts {shown(found)}"
        elif not choices:
            yield f"several choices of conventions {name} together: {shown(found)}"


def _walks_apart(subject: Subject, name: str) -> bool:
    """Whether either the subject's conventions or those of the preset replay the mapping, and the other does not."""
    from polymap.model.conventions import PRESETS

    apart = PRESETS[name].continuing_sweep != subject.conventions.continuing_sweep
    return apart and not _stands_alone(subject, "continuing_sweep")


def _under(price: Price, conventions: Conventions, number: str) -> Found:
    """The number under other conventions, or why there is none."""
    try:
        found: Mapping[str, Number] = numbers(price(conventions))
    except PolymapError as error:
        return f"{NONE}{error.mistakes[0].message}"
    return found.get(number, f"{NONE}there is no such number")


# text


def explanation_text(found: Explanation) -> str:
    """An explanation for people; numbers with dots in their names can be asked for in turn."""
    from polymap.report.arithmetic import equations_text

    lines = [f"{found.number} = {shown(found.value)}", f"  {found.meaning}", ""]
    if found.arithmetic:
        lines += ["arithmetic", *equations_text(found.arithmetic, shown), ""]
    lines += ["decided by", *_deciding_lines(found), ""]
    lines += ["presets", *(f"  {name}: {shown(value)}" for name, value in found.presets)]
    return "\n".join(lines)


def _deciding_lines(found: Explanation) -> list[str]:
    lines = [*_choice_lines(found.choices), *(f"  {sentence}" for sentence in found.beyond)]
    refused = any(isinstance(value, str) for _, value in found.presets)
    return lines or [f"  no convention: every preset {'that counts it ' if refused else ''}counts it alike"]


def _choice_lines(choices: tuple[Choice, ...]) -> list[str]:
    return [
        line
        for choice in choices
        for line in (
            f"  {choice.name}: {choice.value}",
            f"    {choice.sentence}",
            f"    otherwise: {shown(choice.otherwise)}",
        )
    ]
