"""Who could price the components of a machine: every model with its value, or the reason it has none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polymap.components.component import Component
from polymap.components.compound import Compound
from polymap.components.listening import Asked
from polymap.components.model import Model
from polymap.components.provenance import amount_text
from polymap.components.question import Question
from polymap.components.registry import Registry
from polymap.components.selection import Candidate


def candidates_text(asked: Sequence[Asked]) -> str:
    """One block for each component, the model that answers marked with `*`."""
    blocks = ["\n".join(_block(each)) for each in asked]
    return "\n\n".join(blocks) if blocks else "no level has a component: all numbers stand in the file"


def _block(asked: Asked) -> Iterator[str]:
    question = asked.question
    yield f"{question.called}: {question.prices}{_technology(question)}"
    for candidate in asked.candidates:
        chosen = asked.component is not None and asked.component.model.name == candidate.model.name
        yield f"{'*' if chosen else ' '} {candidate.model.name}: {_verdict(candidate)}"
        yield from (f"    {line}" for line in _values(candidate.component))
        if chosen and question.calibrations:
            yield "    with the factors of the file:"
            yield from (f"      {line}" for line in _values(asked.component))
    if question.pin:
        yield f"  `{question.pin}` is pinned in the file"


def _technology(question: Question) -> str:
    return f" in {question.technology}" if question.technology else ""


def _verdict(candidate: Candidate) -> str:
    if candidate.component:
        return f"error {100 * candidate.component.sigma:.3g} %"
    return candidate.reason if candidate.failed else f"out: {candidate.reason}"


def _values(component: Component | None) -> Iterator[str]:
    if component is None:
        return
    amounts = [(action.name, action.energy) for action in component.priced]
    amounts += [(what, each) for what, each in (("area", component.area), ("leakage", component.leakage)) if each]
    width = max((len(what) for what, _ in amounts), default=0)
    yield from (f"{what.ljust(width)}  {amount_text(amount)}" for what, amount in amounts)
    yield from (f"no {what}: {why}" for what, why in component.unpriced)


# all classes


def classes_text(registry: Registry, classes: Sequence[str]) -> str:
    """Classes of components with their models, the attributes and actions of each."""
    blocks = ("\n".join(_class(prices, registry)) for prices in classes)
    return "\n\n".join(blocks)


def _class(prices: str, registry: Registry) -> Iterator[str]:
    yield prices
    for model in registry.models(prices):
        yield f"  {model.name}: {model.source or 'source not stated'}"
        yield from (f"    {line}" for line in _said(model))


def _said(model: Model) -> Iterator[str]:
    if isinstance(model, Compound):
        yield f"compound: {model.what}" if model.what else "compound"
    for attribute in model.attributes:
        need = "needed" if attribute.is_required else _default(attribute.default)
        unit = f" ({attribute.unit})" if attribute.unit else ""
        yield f"{attribute.name}{unit}: {', '.join(text for text in (attribute.what, need) if text)}"
    for action in model.actions:
        arguments = ", ".join(argument.name for argument in action.arguments)
        yield f"action {action.name}({arguments}){f': {action.what}' if action.what else ''}"


def _default(value: object) -> str:
    return "optional" if value is None or value == "" else f"default {value}"


def classes_data(registry: Registry, classes: Sequence[str]) -> dict[str, object]:
    """The same as a document."""
    listed = {prices: [_model(model) for model in registry.models(prices)] for prices in classes}
    return {"schema": "polymap.component_classes/1", "classes": listed}


def _model(model: Model) -> dict[str, object]:
    return {
        "model": model.name,
        "source": model.source,
        "attributes": [
            {
                "name": attribute.name,
                "unit": attribute.unit,
                "what": attribute.what,
                "required": attribute.is_required,
                **({} if attribute.is_required else {"default": str(attribute.default)}),
            }
            for attribute in model.attributes
        ],
        "actions": [
            {"name": action.name, "what": action.what, "arguments": [argument.name for argument in action.arguments]}
            for action in model.actions
        ],
    }
