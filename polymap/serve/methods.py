"""What can be asked: each method by name, with its parameters checked, called through the verbs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polymap.quantity import choose, shown
from polymap.serve.protocol import INVALID_PARAMS, METHOD_NOT_FOUND, BadRequest, Request

if TYPE_CHECKING:
    from polymap.mapper.result import NetworkResult, Result

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """The parameters of a request, and the folder of the cache, if there is one."""

    params: Params
    cache: str | None = None


@dataclass(frozen=True)
class Found:
    """Data that JSON can hold; `lasting` if the same question always has this answer."""

    data: object
    lasting: bool = False


@dataclass(frozen=True)
class Method:
    """What answers a call; `required` parameters and those it may have; those of `one_of` stand for each other."""

    call: Callable[[Call], Found]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        return (*self.required, *self.one_of, *self.optional)


DOCUMENT, PLAN = "document", "plan"
ANSWERS = (DOCUMENT, PLAN)
WORK = ("workload", "einsum", "loop_nest")
SEARCH = (
    "objective",
    "conventions",
    "mapspace",
    "factors",
    "subject_to",
    "constraints",
    "gap",
    "time_limit",
    "deadline_ms",
    "seed",
)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_bits(value: object) -> bool:
    return _is_whole(value) or _is_object(value)


def _is_maps(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) or _is_rows(one) for one in value.values())


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(row, list) for row in value)


TEXT, OBJECT = ("text", _is_text), ("an object", _is_object)
BITS = ("a whole number, or one for each tensor", _is_bits)
MAPS = ("a matrix or text for each tensor", _is_maps)
# What parameters must be; the others are inputs, whose readers tell what is wrong with them.
KINDS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "gap": ("a number", _is_number),
    **dict.fromkeys(("time_limit", "deadline_ms"), ("a number above 0", _is_time)),
    "seed": ("a whole number", _is_whole),
    **dict.fromkeys(("objective", "conventions", "mapspace", "factors", "answer", "model"), TEXT),
    "subject_to": ("a list of texts", _is_texts),
    **dict.fromkeys(("einsum", "loop_nest", "result", "sizes"), OBJECT),
}


def check(request: Request) -> Method:
    """The method that is asked for, if its parameters are there. Raises BadRequest."""
    method = METHODS.get(request.method)
    if method is None:
        known = ", ".join(METHODS)
        mend = choose(request.method, METHODS, f"there are: {known}")
        raise BadRequest(METHOD_NOT_FOUND, f"{shown(request.method)} is no method", mend, request.id)
    wrong = _wrong(method, request)
    if wrong:
        raise BadRequest(
            INVALID_PARAMS, "; ".join(reason for reason, _ in wrong), "; ".join(mend for _, mend in wrong), request.id
        )
    return method


def _wrong(method: Method, request: Request) -> list[tuple[str, str]]:
    found = [name for name in method.one_of if name in request.params]
    wrong = [(f"`{name}` is missing", f"`{request.method}` takes {', '.join(method.parameters)}")
             for name in method.required if name not in request.params]  # fmt: skip
    if method.one_of and len(found) != 1:
        wrong.append((f"{len(found)} of {', '.join(method.one_of)} are given", "give one of them"))
    unknown = [name for name in request.params if name not in method.parameters]
    wrong += [(f"`{name}` is no parameter of `{request.method}`", _takes(name, method)) for name in unknown]
    return [*wrong, *_misfits(request.params)]


def _misfits(params: Params) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        kind, fits = KINDS.get(name, ("", lambda _: True))
        if not fits(value):
            yield f"`{name}` is {shown(json.dumps(value))}", f"give {kind}"
    if {"time_limit", "deadline_ms"} <= params.keys():
        yield "`deadline_ms` and `time_limit` both limit the time", "give one of them"
    answer = params.get("answer", DOCUMENT)
    if isinstance(answer, str) and answer not in ANSWERS:
        yield f"{shown(answer)} is no kind of answer", f"there are: {', '.join(ANSWERS)}"


def _takes(name: str, method: Method) -> str:
    return choose(name, method.parameters, f"there are: {', '.join(method.parameters)}")


def _work(params: Params) -> Any:
    """The workload of a request: a name, a path, a file's form, einsum text with sizes, or a loop nest."""
    from polymap.workload.arguments import einsum
    from polymap.workload.loop_nest import loop_nest

    if "einsum" in params:
        given = _keyed(
            params["einsum"], "einsum", ranks=OBJECT, roles=OBJECT, bits=BITS, text=TEXT, name=TEXT, domain=TEXT
        )
        return einsum(given.pop("text", ""), **given)
    if "loop_nest" in params:
        given = _keyed(
            params["loop_nest"], "loop_nest", loops=OBJECT, writes=MAPS, reads=MAPS, bits=BITS, name=TEXT, domain=TEXT
        )
        return loop_nest(given.pop("loops", {}), **{"writes": {}, "reads": {}, **given})
    return params["workload"]


def _keyed(given: Params, what: str, /, **kinds: tuple[str, Callable[[object], bool]]) -> dict[str, Any]:
    for key, value in given.items():
        if key not in kinds:
            raise BadRequest(INVALID_PARAMS, f"{shown(key)} is no key of `{what}`", f"there are: {', '.join(kinds)}")
        kind, fits = kinds[key]
        if not fits(value):
            raise BadRequest(INVALID_PARAMS, f"`{what}.{key}` is {shown(json.dumps(value))}", f"give {kind}")
    return dict(given)


def _optimize(call: Call) -> Found:
    from polymap.verbs import optimize

    asked = {name: call.params[name] for name in SEARCH if name in call.params}
    result = optimize(_work(call.params), call.params["architecture"], cache=call.cache, **asked)
    return Found(
        result.to_dict() if call.params.get("answer", DOCUMENT) == DOCUMENT else _short(result), _is_final(result)
    )


def _is_final(result: Result | NetworkResult) -> bool:
    """Whether no limit had a say: the same question always has this answer."""
    from polymap.mapper.result import NetworkResult

    if isinstance(result, NetworkResult):
        return not result.unfinished and all(_is_final(layer) for _, layer in result.layers)
    return result.search is not None and result.search.final


def _short(result: Result | NetworkResult) -> dict[str, object]:
    """Status, bound and plan, or those of every layer."""
    from polymap.mapper.result import NetworkResult
    from polymap.model.cost import told

    numbers = {"status": result.status, "value": result.value, "lower_bound": result.lower_bound, "gap": result.gap}
    if isinstance(result, NetworkResult):
        layers = [{"name": found.einsum.name, "repeat": repeat, **_short(found)} for repeat, found in result.layers]
        return {**numbers, "layers": layers}
    cost = result.cost
    planned = {"mapping": result.mapping.text(), "plan": result.plan()}
    return {**numbers, "energy_pj": cost.energy_pj, "cycles": told(cost.cycles), **planned}


def _evaluate(call: Call) -> Found:
    from polymap.architecture import architecture
    from polymap.mapper.result import Result
    from polymap.mapping import mapping
    from polymap.model.conventions import conventions
    from polymap.verbs import evaluate, single

    params = call.params
    einsum, machine, nest = single(_work(params)), architecture(params["architecture"]), mapping(params["mapping"])
    rules = conventions(params.get("conventions", "polymap"))
    cost = evaluate(einsum, machine, nest, conventions=rules, constraints=params.get("constraints"))
    result = Result("evaluated", None, None, None, nest, cost, einsum, machine, rules)
    return Found(result.to_dict(), lasting=True)


def _verify(call: Call) -> Found:
    from polymap.verbs import verify

    return Found(verify(call.params["result"], time_limit=call.params.get("time_limit")).to_dict())


def _layers(call: Call) -> Found:
    from polymap.frontends.listing import data
    from polymap.verbs import layers

    return Found(data(layers(call.params["model"], call.params.get("sizes"))))


METHODS = {
    "optimize": Method(_optimize, ("architecture",), (*SEARCH, "answer"), WORK),
    "evaluate": Method(_evaluate, ("architecture", "mapping"), ("conventions", "constraints"), WORK),
    "verify": Method(_verify, ("result",), ("time_limit",)),
    "layers": Method(_layers, ("model",), ("sizes",)),
}


def text(value: object) -> str:
    """JSON on one line."""
    return json.dumps(value, allow_nan=False)
