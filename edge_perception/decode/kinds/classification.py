"""
One score a class: the best classes, each a detection without a box.

A model that chooses itself, by an ArgMax at its end, yields a class number instead: a single
integer, which is a detection of score 1.

Parameters in the manifest: ``output``, the tensor with the scores (default: the first one);
``softmax``, whether the scores are still to be normalised (default: no); ``top``, how many classes
are of interest (default: 5); ``min_score`` (default: 0).
"""

from __future__ import annotations

import math

import numpy as np

from edge_perception.decode import Decode, DecodeError, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.functions import softmax
from edge_perception.decode.parameters import misfit, Parameters, read
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.dtypes import BOOL
from edge_perception.runtime.manifest import Decoder, Tensor

_USUAL = (1000, 1001)  # ImageNet's classes, and one more for nothing


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if the model has no tensor with one score for each label, or a number.
    """
    given = Parameters(model)
    output = given.output("output")
    is_logit = given.flag("softmax", False)
    top = given.integer("top", 5, 1)
    least = given.number("min_score", 0, 0, 1)
    given.check()
    count = math.prod(output.shape)
    if not output.form.type.is_float:
        return _number_decoder(model, output)
    if model.labels and len(model.labels) != count:
        raise misfit(
            model,
            f"it has {len(model.labels)} labels, but {count} scores in its output {output.name!r}",
        )
    labels = model.labels or tuple(f"class {index}" for index in range(count))

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        scores = read(tensors, output).reshape(-1)
        if is_logit:
            scores = softmax(scores)
        best = np.argsort(-scores, kind="stable")[: options.top or top].astype(np.int32)
        best = best[scores[best] >= (options.min_score or least)]
        return Detections(tuple(labels[index] for index in best), best, scores[best])

    return decode


def _number_decoder(model: Described, output: Tensor) -> Decode:
    """Return the decoder of an output that is the number of a class."""
    if not _is_number(output):
        raise misfit(
            model, f"a class is one integer, but the output {output.name!r} is {output.form}"
        )

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        number = int(tensors[output.name].item())
        if number < 0 or (model.labels and number >= len(model.labels)):
            raise DecodeError(
                f"the model {model.name} chose class {number}, but has {len(model.labels)} "
                "labels; compile it again with the right labels"
            )
        label = model.labels[number] if model.labels else f"class {number}"
        return Detections((label,), np.array([number], np.int32), np.ones(1, np.float32))

    return decode


def _is_number(output: Tensor) -> bool:
    type_ = output.form.type
    return math.prod(output.shape) == 1 and not type_.is_float and type_ != BOOL


def recognise(signature: Signature) -> Decoder | None:
    """
    Take the output with a score for each label; without labels, one of ImageNet's size.

    With labels, a single integer is the number of a class.
    """
    numbers = [output for output in signature.outputs if _is_number(output)]
    if signature.labels and len(numbers) == len(signature.outputs) == 1:
        return Decoder("classification", {"output": numbers[0].name}, "the number of a class")
    floats = [output for output in signature.outputs if output.form.type.is_float]
    sizes = [(math.prod(output.shape), output) for output in floats]
    if signature.labels:
        scores = [output for size, output in sizes if size == len(signature.labels)]
    else:
        scores = [output for size, output in sizes if size in _USUAL and len(sizes) == 1]
    if len(scores) != 1:
        return None
    (output,) = scores
    count = math.prod(output.shape)
    parameters = {
        "output": output.name,
        "top": min(5, count),
        "softmax": not signature.is_probability(output.name),
    }
    return Decoder("classification", parameters, f"a score for each of {count} classes")
