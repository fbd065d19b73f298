"""Attempts to refute claims of optimality: a second route to the mapper's answers that shares no code with it."""

from polymap.refute.attempt import Attempt, Finding, Judged
from polymap.refute.claim import Claim
from polymap.refute.classes import Class
from polymap.refute.scope import uncovered

__all__ = ["Attempt", "Claim", "Class", "Finding", "Judged", "uncovered"]
