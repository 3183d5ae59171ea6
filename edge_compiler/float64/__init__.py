"""
What a model computes in float64, and how far float32 may be off: the second opinion of a proof.

A rule for each operator (``rules``) computes values and what their rounding errors depend on
(``Exact``); ``Network`` applies the rules to any part of a model between tensors that are known.
"""

from edge_compiler.float64.bfloat16 import rounding_nodes
from edge_compiler.float64.exact import Exact
from edge_compiler.float64.network import Network

__all__ = ["Exact", "Network", "rounding_nodes"]
