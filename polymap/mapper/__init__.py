"""The mapper: optimal mappings with a proof. See docs/design/mapper.md."""

from polymap.mapper.query import optimize, optimize_network
from polymap.mapper.result import NetworkResult, Result, Search

__all__ = ["NetworkResult", "Result", "Search", "optimize", "optimize_network"]
