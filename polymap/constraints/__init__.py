"""Constraints: what people with real machines demand of a mapping, in words that are checked.

A file says statements (`read`, `Constraints`); `bind` says what they mean for one einsum on one machine (`Limits`):
questions that a search asks while it decides a mapping, and the judge of complete mappings.

    from polymap.constraints.bind import bind
    from polymap.constraints.check import check_names, impossible

    constraints = pm.constraints("rules.yaml")
    check_names(constraints, [einsum], architecture)                   # SpecError: names that nobody has
    limits = bind(constraints, einsum, architecture)
    limits.allows_kept("GLB", ["I", "O"])                              # what a memory keeps
    limits.allows_unrolling("PE", {"X": {"k": 8}, "Y": {"c": 4}})      # dimension -> rank -> factor
    limits.allows_unrollings({"PE": {...}, "LANE": {...}})             # all arrays together
    limits.allowed_tiles("GLB", "I", "p", [1, 2, 4, 8])                # one answer for each size
    limits.allows_tiles("GLB", {"I": {"p": 4, ...}, "O": {...}})       # all that the memory keeps
    limits.allows_loops("GLB", (("k", 4), ("p", 2)))                   # all its temporal loops, outermost first
    limits.admits_loops("GLB", (("p", 2),))                            # some of them; more may come anywhere
    limits.violations(mapping)                                         # a Mistake for each broken statement
    impossible(limits, perfect=True)                                   # statements that nothing meets

Of a complete mapping, all questions are answered with yes exactly if there are no violations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from polymap.errors import Mistake, SpecError

if TYPE_CHECKING:
    from polymap import spec
    from polymap.constraints.statements import Constraints

__all__ = ["Source", "constraints"]

One: TypeAlias = "spec.Source | Constraints"
Source: TypeAlias = "One | Sequence[One]"


def constraints(source: Source) -> Constraints:
    """Constraints from a shipped name, a path, YAML text, a document, or constraints themselves; of a list of these all
    statements together.

    Raises `SpecError` with every mistake and its place; whether names are known is another question (`check_names`).

    >>> rules = constraints({"loops": {"GLB": {"never": ["n"], "order": "... q p"}}, "keep": {"GLB": {"must": ["I"]}}})
    >>> [statement.text for statement in rules.statements]
    ['GLB keeps I', 'GLB never loops over n', 'loops of GLB: ... q p']
    """
    # Loaded when first used: few runs have constraints, and the verb of this name is bound when polymap is imported.
    from polymap.constraints.read import read
    from polymap.constraints.statements import Constraints

    if isinstance(source, Sequence) and not isinstance(source, str):
        return _together(source)
    return source if isinstance(source, Constraints) else read(source)


def _together(sources: Sequence[One]) -> Constraints:
    """All statements of all sources, or one `SpecError` with the mistakes of all."""
    from polymap.constraints.statements import Constraints

    found, wrong = list[Constraints](), list[Mistake]()
    for source in sources:
        try:
            found.append(constraints(source))
        except SpecError as error:
            wrong += error.mistakes
    if wrong:
        raise SpecError(wrong)
    names = (", ".join(filter(None, (getattr(each, key) for each in found))) for key in ("name", "source"))
    return Constraints(tuple(statement for each in found for statement in each.statements), *names)
