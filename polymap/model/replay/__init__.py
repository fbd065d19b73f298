"""The nest analysis of timeloop 4cf6d4c, restated: the `timeloop` preset where closed forms count otherwise.

`chain` turns a mapping into that tool's loop nest, `walk` runs through it with extrapolation, `fanout` tells who shares
across an array, `counts` turns both into accesses per instance, `hauls` and `price` into energy and cycles.
"""

from polymap.model.replay.rules import check_habits
from polymap.model.replay.run import replay

__all__ = ["check_habits", "replay"]
