"""How large the numbers of a network become: whether float16 has place for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import itertools
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Graph
from edge_compiler.ir.image import as_tensor
from edge_compiler.samples.noise import accepted_inputs, Run
from edge_perception.runtime.manifest import Preprocess

LARGEST, SMALLEST = 65504.0, 2.0**-14
"""Of the numbers that float16 has with all of its digits."""
WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operators whose weights become numbers of float16."""
_SEEDS = range(4)

Array = np.ndarray[Any, Any]


def has_place(weights: Array) -> bool:
    """Return whether float16 has place for weights."""
    return bool(SMALLEST <= np.abs(weights).max() <= LARGEST)


def magnitudes(
    graph: Graph,
    run: Run,
    preprocess: Preprocess | None,
    samples: Iterable[Mapping[str, Array]] = (),
) -> dict[str, float]:
    """
    Return how large the numbers of tensors become, by name.

    :param run: the graph; what it yields is looked at, and its inputs are.
    :param preprocess: what the input is; None: not known, so it is some numbers around zero.
    :param samples: more inputs.
    """
    inputs = [as_tensor(value) for value in graph.inputs]
    random = (accepted_inputs(inputs, preprocess, seed, run) for seed in _SEEDS)
    most: dict[str, float] = {}
    for given, found in itertools.chain(random, ((each, run(each)) for each in samples)):
        for name, array in {**given, **found}.items():
            if array.dtype == np.float32:
                largest = float(np.abs(array).max(initial=0.0))
                most[name] = max(largest, most.get(name, 0.0))
    return most
