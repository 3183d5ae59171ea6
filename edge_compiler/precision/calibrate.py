"""The ranges that a network's tensors have on the user's pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph
from edge_compiler.precision.histogram import Histogram, METHODS
from edge_compiler.precision.samples import Samples
from edge_compiler.precision.session import Session
from edge_compiler.precision.share import Ranges
from edge_compiler.progress import Progress
from edge_perception.runtime.dtypes import FLOAT32

Array = np.ndarray[Any, Any]
MINMAX, MSE = "minmax", "mse"


def calibrate(graph: Graph, samples: Samples, method: str, progress: Progress) -> Ranges:
    """
    Return the range of every float tensor that depends on the input.

    :param method: `MINMAX`, or one of `METHODS`.
    :raises CompileError: if a tensor is NaN or infinite on a sample, or ONNX Runtime fails.
    """
    floats = [
        value.name for node in graph.nodes for value in node.outputs if value.type == FLOAT32
    ]
    session = Session(graph, floats)

    def values(what: str) -> Iterator[tuple[str, Array]]:
        for number, inputs in enumerate(samples):
            progress(what, number, len(samples))
            for name, value in {**inputs, **session.run(inputs)}.items():
                if value.dtype == np.float32:
                    yield name, value

    ranges: dict[str, tuple[float, float]] = {}
    for name, value in values("finding ranges"):
        low, high = float(value.min(initial=0)), float(value.max(initial=0))
        if not np.isfinite([low, high]).all():
            raise CompileError(
                f"the tensor {name!r} is NaN or infinite on a calibration sample, so it has no "
                "range; check the model's weights and the range of its input (--preprocess)"
            )
        least, most = ranges.get(name, (low, high))
        ranges[name] = min(low, least), max(high, most)
    if method == MINMAX:
        return ranges
    histograms = {name: Histogram(*limits) for name, limits in ranges.items()}
    for name, value in values("counting values"):
        histograms[name].add(value)
    return {name: METHODS[method](histogram) for name, histogram in histograms.items()}
