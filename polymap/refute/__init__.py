"""Attempts to refute claims of optimality: a second route to the mapper's answers that shares no code with it."""
