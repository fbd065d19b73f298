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

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from polymap import spec
    from polymap.constraints.statements import Constraints

__all__ = ["Source", "constraints"]

Source: TypeAlias = "spec.Source | Constraints"


def constraints(source: Source) -> Constraints:
    """Constraints from a shipped name, a path, YAML text, a document, or constraints themselves.

    Raises `SpecError` with every mistake and its place; whether names are known is another question (`check_names`).

    >>> rules = constraints({"loops": {"GLB": {"never": ["n"], "order": "... q p"}}, "keep": {"GLB": {"must": ["I"]}}})
    >>> [statement.text for statement in rules.statements]
    ['GLB keeps I', 'GLB never loops over n', 'loops of GLB: ... q p']
    """
    # Loaded when first used: few runs have constraints, and the verb of this name is bound when polymap is imported.
    from polymap.constraints.read import read
    from polymap.constraints.statements import Constraints

    return source if isinstance(source, Constraints) else read(source)
