"""Models whose outputs the tests of decoders make up."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
import numpy as np

from edge_perception import decode
from edge_perception.decode import Options
from edge_perception.decode.detections import Detections
from edge_perception.decode.signature import Signature
from edge_perception.runtime.manifest import Decoder, Model, Preprocess, Tensor

Outputs = dict[str, np.ndarray]

Forms = dict[str, tuple[dict[str, tuple[int, ...]], dict[str, Any]]]
"""By kind, shapes of outputs and parameters that fit it: test_extremes.py fills them."""


def model(
    outputs: Outputs,
    kind: str,
    parameters: dict[str, Any] | None = None,
    *,
    size: tuple[int, int] = (64, 64),
    labels: tuple[str, ...] = (),
    resize: str = "stretch",
) -> Model:
    """Return a model with outputs of those shapes and an input of that width and height."""
    return Model(
        name="made up",
        sha256="",
        compiler="",
        abi=1,
        target="",
        variants=(),
        requires=(),
        inputs=(Tensor("image", (1, 3, size[1], size[0]), layout="NCHW"),),
        outputs=tensors(outputs),
        preprocess=Preprocess("image", resize=resize),
        decoder=Decoder(kind, parameters or {}),
        labels=labels,
        steps=(),
        allocations=(),
        arena_bytes=0,
        weight_bytes=0,
        macs=0,
    )


def tensors(outputs: Outputs) -> tuple[Tensor, ...]:
    return tuple(Tensor(name, array.shape, array.dtype.name) for name, array in outputs.items())


def decoded(
    outputs: Outputs,
    kind: str,
    parameters: dict[str, Any] | None = None,
    *,
    image: tuple[int, int] | None = None,
    options: Options | None = None,
    **about: Any,
) -> Detections:
    """Decode; the image is as large as the input unless it is given."""
    made = model(outputs, kind, parameters, **about)
    decoder = decode.make(made, options or Options())
    return decoder(outputs, image or made.inputs[0].shape[:1:-1])


def recognised(
    outputs: Outputs,
    *,
    size: tuple[int, int] = (64, 64),
    labels: tuple[str, ...] = (),
    operators: dict[str, str] | None = None,
) -> Decoder:
    """Return what outputs of such names and shapes are taken for."""
    image = Tensor("image", (1, 3, size[1], size[0]), layout="NCHW")
    return decode.recognise(Signature(image, tensors(outputs), labels, operators or {}))


def logit(probability: Any) -> Any:
    """Return the inverse of a sigmoid, in float64."""
    p = np.asarray(probability, np.float64)
    return np.log(p / (1 - p))


# A box in an input of 64 x 64 pixels, as hypothesis draws it: left, top, width, height.
BOXES = st.tuples(*[st.floats(1, 40, width=32)] * 2, *[st.floats(4, 22, width=32)] * 2)


def centre(box: tuple[float, ...]) -> np.ndarray:
    left, top, width, height = box
    return np.array([left + width / 2, top + height / 2])


def check_box(found: Detections, box: tuple[float, ...], score: float, index: int = 0) -> None:
    """Check that one thing was found, there and of that class."""
    left, top, width, height = box
    assert found.boxes is not None
    np.testing.assert_allclose(
        found.boxes, [[left, top, left + width, top + height]], atol=2e-3, rtol=1e-4
    )
    assert found.classes.tolist() == [index]
    np.testing.assert_allclose(found.scores, [score], atol=1e-3)


def grid_cells(strides: tuple[int, ...], size: int = 64) -> list[tuple[int, int, int]]:
    """Return stride, column and row of all cells of a square input, one by one."""
    return [
        (stride, column, row)
        for stride in strides
        for row in range(size // stride)
        for column in range(size // stride)
    ]
