"""Exact counts of any mapping by integer sets: the last engine of the cost model, its oracle and its audit."""

from polymap.polyhedral.audit import Audit, Row, audit
from polymap.polyhedral.counts import IntegerSets, count, integer_sets

__all__ = ["Audit", "IntegerSets", "Row", "audit", "count", "integer_sets"]
