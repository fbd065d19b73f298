"""How often uneven mappings beat even ones, and imperfect factors perfect ones.

`python -m tests.properties.uneven_statistics [PROBLEMS]` prints both by objective, and how fast spaces are exhausted.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from polymap.model import evaluate
from polymap.model.conventions import POLYMAP
from tests.oracles import exhaust
from tests.oracles.exhaust_uneven import IMPERFECT, PERFECT, Point, Points
from tests.oracles.uneven_objectives import OBJECTIVES
from tests.properties.strategies_uneven import Query, queries

MOST_MAPPINGS = 10_000
EVERY_CHECK = list(HealthCheck)


def main(problems: int) -> None:
    tally: Counter[str] = Counter()
    for factors in (PERFECT, IMPERFECT):

        @settings(
            max_examples=problems,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=EVERY_CHECK,
        )
        @given(query=queries(st.just(factors), MOST_MAPPINGS))
        def count(query: Query) -> None:
            add(tally, query)

        count()
    for name, times in sorted(tally.items()):
        print(f"{times:10d} {name}")
    print(f"{tally['mappings'] / tally['milliseconds'] * 1000:10.0f} mappings per CPU second")


def add(tally: Counter[str], query: Query) -> None:
    """Count one problem under every heading that it falls under."""
    begin = time.process_time()
    points = query.space().points()
    tally["milliseconds"] += round(1000 * (time.process_time() - begin))
    tally["mappings"] += points.mappings
    tally[f"{query.factors}: problems"] += 1
    tally[f"{query.factors}: of these infeasible"] += not points.witnesses
    tally[f"{query.factors}: fronts of several points"] += len(points.pareto()) > 1
    if points.witnesses and query.factors == PERFECT:
        against_even(tally, query, points)
    elif query.factors == IMPERFECT:
        against_perfect(tally, query, points)


def against_even(tally: Counter[str], query: Query, points: Points) -> None:
    mappings = exhaust.mappings(query.einsum, query.architecture)
    costs = (evaluate(query.einsum, query.architecture, mapping, POLYMAP, check=False) for mapping in mappings)
    even = {Point(cost.energy, cost.cycles) for cost in costs}
    tally["perfect: feasible only if uneven"] += not even
    for name, objective in OBJECTIVES.items():
        found = points.best(objective.ordered)
        assert found is not None
        better = bool(even) and objective.rank(found) < min(map(objective.rank, even))
        tally[f"perfect: uneven beats even, {name}"] += better


def against_perfect(tally: Counter[str], query: Query, points: Points) -> None:
    perfect = replace(query, factors=PERFECT).space().points()
    tally["imperfect: feasible only so"] += bool(points.witnesses) and not perfect.witnesses
    for name, objective in OBJECTIVES.items():
        here, there = points.best(objective.ordered), perfect.best(objective.ordered)
        assert there is None or here is not None
        better = here is not None and there is not None and objective.rank(here) < objective.rank(there)
        tally[f"imperfect: beats perfect, {name}"] += better


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
