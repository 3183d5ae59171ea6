"""
Networks that compute in integers of eight bits: from a float model and the user's own pictures.

`calibrate` finds the ranges of tensors, `assign` says what computes in integers, `quantise` writes
the graph.
"""
