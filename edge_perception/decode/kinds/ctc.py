"""
A line of text, character by character: the most likely one at each place from left to right.

One and the same character at successive places is a single one, unless the blank lies between.
Graves et al., "Connectionist Temporal Classification". The labels are the characters; a text is a
detection without a box, and its score the mean of its characters'.

Parameters in the manifest: ``output``, the tensor [1, T, 1 + C] with scores of T places (default:
the first one); ``blank``, which of them is the blank's (default: 0); ``softmax``, whether they are
still to be normalised (default: no); ``min_score``, the least score of a text (default: 0).
"""

from __future__ import annotations

import numpy as np

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.functions import softmax
from edge_perception.decode.parameters import misfit, Parameters, read
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if it has no score for each label and the blank.
    """
    given = Parameters(model)
    output = given.output("output")
    blank = given.integer("blank", 0, 0)
    is_logit = given.flag("softmax", False)
    least = given.number("min_score", 0, 0, 1)
    given.check()
    if len(output.shape) != 3 or output.shape[0] != 1:
        raise misfit(model, f"{output.name!r} {list(output.shape)} are no scores of places")
    count = output.shape[2]
    labels = model.labels or tuple(f"<{index}>" for index in range(count - 1))
    if len(labels) != count - 1 or blank >= count:
        raise misfit(
            model,
            f"it has {len(labels)} labels, but {count} scores, one of them the blank's",
        )
    characters = (*labels[:blank], "", *labels[blank:])

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        scores = read(tensors, output)[0]
        if is_logit:
            scores = softmax(scores)
        best = scores.argmax(axis=1)
        is_new = (best != blank) & (best != np.concatenate([[-1], best[:-1]]))
        score = np.clip(scores.max(axis=1)[is_new].mean() if is_new.any() else 0, 0, 1)
        if not is_new.any() or score < (options.min_score or least):
            return Detections()
        text = "".join(characters[index] for index in best[is_new])
        return Detections((text,), np.array([-1], np.int32), np.array([score], np.float32))

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take the only output if it has a score for each label and one more, at several places."""
    if len(signature.outputs) != 1 or len(signature.labels) < 2:
        return None
    (output,) = signature.outputs
    if len(output.shape) != 3 or output.shape[::2] != (1, len(signature.labels) + 1):
        return None
    parameters = {"output": output.name, "softmax": not signature.is_probability(output.name)}
    because = (
        f"scores of {len(signature.labels)} characters and a blank at {output.shape[1]} places"
    )
    return Decoder("ctc", parameters, because)
