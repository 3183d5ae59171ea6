"""The real architectures that come with onnx, nearly without weights, to be given some."""

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
import pytest

FOLDER = Path(onnx.__file__).parent / "backend/test/data/light"
LARGEST_WEIGHTS = 2**22
"""Elements of random weights; the larger ones stay as they are, which takes less memory."""

_QUICK = ("shufflenet", "squeezenet")
"""Compiled and proven in seconds; the others have hundreds of layers or megabytes."""
COMPILED = [
    pytest.param(name, marks=() if name in _QUICK else pytest.mark.long)
    for name in sorted(path.stem.removeprefix("light_") for path in FOLDER.glob("light_*.onnx"))
]
"""The names of all nine, for tests that compile and prove them."""


def give_weights(name: str, target: Path) -> None:
    """
    Replace the weights, which the nine models make of one number each, by random ones.

    What Softmax reads becomes an output too, since Softmax hides differences.
    """
    model = onnx.load(FOLDER / f"light_{name}.onnx")
    graph = model.graph
    model.ir_version = 8  # from 4 on, initializers are no inputs
    random = np.random.default_rng(len(name))
    sizes = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    for node in list(graph.node):
        if node.op_type == "ConstantOfShape":
            shape = tuple(sizes[node.input[0]].tolist())
            if math.prod(shape) < LARGEST_WEIGHTS:
                array = _random_weights(random, shape)
                graph.initializer.append(numpy_helper.from_array(array, node.output[0]))
                graph.node.remove(node)
        elif node.op_type == "Softmax":
            graph.output.append(
                onnx.helper.make_tensor_value_info(node.input[0], onnx.TensorProto.FLOAT, None)
            )
    inputs = [value for value in graph.input if value.name not in sizes]
    del graph.input[:]
    graph.input.extend(inputs)
    onnx.save(model, target)


def _random_weights(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return weights that keep activations within bounds: positive if one a channel."""
    if len(shape) < 2:
        return random.uniform(0.5, 1.5, shape).astype(np.float32)
    deviation = math.sqrt(1 / math.prod(shape[1:]))
    return random.standard_normal(shape, dtype=np.float32) * np.float32(deviation)
