"""Sparse weights of TensorFlow Lite, against LiteRT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ai_edge_litert import schema_py_generated as schema
import flatbuffers
import numpy as np
import pytest
from tflite_files import make_inputs, Net, numbers, options, run_litert, run_onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontends.tflite import convert

Array = np.ndarray[Any, Any]
SHAPE = (4, 2, 3, 5)
DENSE, SPARSE = 0, 1


def kernel() -> Array:
    """Return weights of which most are zeros, a whole row of them too."""
    array = numbers(*SHAPE)
    array[np.random.default_rng(2).random(SHAPE) < 0.6] = 0
    array[1] = 0
    return array


def sparse(array: Array, order: Sequence[int], kinds: Sequence[int]) -> tuple[Any, Array]:
    """Return the schema's description of an array, axes in that order, and its numbers."""
    turned = array.transpose(order)
    made = schema.SparsityParametersT()
    made.traversalOrder, made.dimMetadata = list(order), []
    prefixes: list[tuple[int, ...]] = [()]
    for depth, kind in enumerate(kinds):
        level = schema.DimensionMetadataT()
        level.format, level.denseSize = kind, turned.shape[depth]
        children = [
            [
                (*prefix, index)
                for index in range(turned.shape[depth])
                if kind == DENSE or turned[(*prefix, index)].any()
            ]
            for prefix in prefixes
        ]
        if kind == SPARSE:
            segments, indices = schema.Int32VectorT(), schema.Uint8VectorT()
            segments.values = np.cumsum([0, *map(len, children)], dtype=np.int32)
            indices.values = np.array([one[-1] for each in children for one in each], np.uint8)
            level.arraySegmentsType, level.arraySegments = 1, segments
            level.arrayIndicesType, level.arrayIndices = 3, indices
        made.dimMetadata.append(level)
        prefixes = [prefix for each in children for prefix in each]
    return made, np.array([turned[prefix] for prefix in prefixes], array.dtype)


def network(order: Sequence[int], kinds: Sequence[int], change: Any = lambda _: None) -> bytes:
    """Return a file of a convolution whose weights are made dense first."""
    net, weights = Net(), kernel()
    image, result = net.input(1, 6, 7, 5), net.output(1, 5, 5, 4)
    stored, dense = net.constant(weights), net.tensor(SHAPE)
    net.operator("DENSIFY", [stored], [dense], options("Densify"))
    one = {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1, "padding": 1}
    net.operator(
        "CONV_2D", [image, dense, net.constant(numbers(4))], [result], options("Conv2D", **one)
    )
    model = schema.ModelT.InitFromPackedBuf(net.write())
    tensor = model.subgraphs[0].tensors[stored]
    tensor.sparsity, values = sparse(weights, order, kinds)
    model.buffers[tensor.buffer].data = np.frombuffer(values.tobytes(), np.uint8)
    change(tensor.sparsity)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    ("order", "kinds"),
    [
        ((0, 1, 2, 3), (DENSE, DENSE, DENSE, SPARSE)),
        ((0, 1, 2, 3), (SPARSE, DENSE, SPARSE, DENSE)),
        ((3, 0, 2, 1), (DENSE, SPARSE, SPARSE, SPARSE)),
    ],
)
def test_they_are_those_of_litert(order: Sequence[int], kinds: Sequence[int]) -> None:
    file = network(order, kinds)
    inputs = make_inputs(file)
    (expected,) = run_litert(file, inputs).values()
    (found,) = run_onnx(file, inputs).values()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def _blocks(made: Any) -> None:
    made.traversalOrder, made.blockMap = [0, 1, 2, 3, 4], [3]


def _far(made: Any) -> None:
    made.dimMetadata[3].arrayIndices.values[0] = 5


def _few(made: Any) -> None:
    made.dimMetadata[3].arraySegments.values[-1] -= 1


def _twice(made: Any) -> None:
    made.traversalOrder = [0, 0, 2, 3]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_blocks, "sparse by blocks: convert the model with dense ones"),
        (_far, "an index of sparse weights lies outside"),
        (_few, "the segments of sparse weights don't fit"),
        (_twice, r"sparse weights of \[4, 2, 3, 5\] have the axes \[0, 0, 2, 3\]"),
    ],
)
def test_others_are_refused(change: Any, reason: str) -> None:
    file = network((0, 1, 2, 3), (DENSE, DENSE, DENSE, SPARSE), change)
    with pytest.raises(CompileError, match=reason):
        convert(file, "made.tflite")
