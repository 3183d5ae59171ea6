"""How much worse than the float model a quantised one is: by true labels, or by what both say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import hashlib
import json
import math
from typing import Any

import numpy as np

from edge_compiler.description.decoding import make_decoder
from edge_compiler.description.describe import Description
from edge_compiler.ir.graph import Graph
from edge_compiler.ir.image import as_tensor, channel_axis
from edge_compiler.precision.samples import Samples
from edge_compiler.precision.session import Session
from edge_compiler.progress import Progress
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections
from edge_perception.runtime.accuracy import Accuracy

Array = np.ndarray[Any, Any]
Outputs = Mapping[str, Array]
Run = Callable[[Mapping[str, Array]], Outputs]

SAME_BOX = 0.5
"""Intersection by union of two boxes from which on they are the same thing's."""
_EXACT_DB = 200.0
"""Stands for outputs without any error: JSON has no infinity."""


@dataclass(frozen=True)
class Score:
    """
    How a quantised model does.

    :ivar drop: by how much it is worse than the float model, 0 to 1.
    :ivar right: share of samples with the right label; None without labels.
    :ivar sqnr_db: power of the float model's outputs beside that of the error.
    """

    drop: float
    right: float | None
    sqnr_db: float


class Judge:
    """
    Compares models with the float model on the same samples.

    :ivar measure: "labels", "top-1", "boxes", "embeddings" or "tensors", see `Accuracy`.
    :ivar float_right: share of samples for which the float model says the right label.
    :ivar digest: of what the float model says, and of the labels.
    """

    def __init__(
        self,
        graph: Graph,
        description: Description,
        samples: Samples,
        labels: Sequence[int] | None,
        progress: Progress,
    ) -> None:
        """
        Run the float model.

        :param labels: the true class of each sample.
        :raises CompileError: if ONNX Runtime can't.
        """
        self._samples, self._labels = samples, labels
        self._decode = _decoder(graph, description)
        self._float: list[Outputs] = []
        self._seen: list[Detections | None] = []
        session = Session(graph)
        for number, inputs in enumerate(samples):
            progress("running the float model", number, len(samples))
            outputs = session.run(inputs)
            self._float.append(outputs)
            self._seen.append(self._decode(outputs))
        self.measure = "labels" if labels is not None else measure_of(self._seen)
        tops = [_top(seen) for seen in self._seen]
        self.float_right = None if labels is None else _share(tops, labels)
        digest = hashlib.sha256(json.dumps(labels and list(labels)).encode())
        for said in self._float:
            for array in said.values():
                digest.update(np.ascontiguousarray(array).data)
        self.digest = digest.hexdigest()

    def judge(self, run: Run, most: int | None = None) -> Score:
        """
        Run a model and compare.

        :param run: returns its outputs.
        :param most: samples at most, the first ones.
        """
        signal = noise = 0.0
        seen: list[Detections | None] = []
        for inputs, exact in zip(self._samples, self._float, strict=True):
            if most is not None and len(seen) == most:
                break
            outputs = run(inputs)
            seen.append(self._decode(outputs))
            for name, array in exact.items():
                true = array.astype(np.float64)
                signal += float(np.sum(true**2))
                noise += float(np.sum((outputs[name] - true) ** 2))
        ratio = signal / noise if noise else math.inf
        decibels = 10 * math.log10(ratio) if 0 < ratio < math.inf else _EXACT_DB * (ratio > 0)
        if self.measure == "labels":
            assert self._labels is not None, "or that would be no measure"
            right = _share([_top(each) for each in seen], self._labels)
            return Score(max(0.0, (self.float_right or 0.0) - right), right, decibels)
        if self.measure == "tensors":
            return Score(min(1.0, 10 ** (-decibels / 20)), None, decibels)
        agreement = AGREEMENTS[self.measure](list(zip(self._seen, seen, strict=False)))
        return Score(1 - agreement, None, decibels)

    def accuracy(self, score: Score) -> Accuracy:
        """Return what a manifest says of a model with this score, but for how it was made."""
        return Accuracy(
            measure=self.measure,
            drop=score.drop,
            right=score.right,
            float_right=self.float_right,
            sqnr_db=score.sqnr_db,
            samples=len(self._samples),
            calibration="",
            integer_macs=0.0,
        )


def _decoder(graph: Graph, description: Description) -> Callable[[Outputs], Detections | None]:
    """Return what says what outputs mean; None where nobody knows, or they mean nothing."""
    spec = description.preprocess
    if spec is None:
        return lambda _outputs: None
    decode = make_decoder(description.decoder, graph, description.name, spec, description.labels)
    tensor = as_tensor(graph.inputs[0])
    channels_last = channel_axis(tensor.layout) == len(tensor.shape) - 1
    height, width = tensor.shape[1:3] if channels_last else tensor.shape[2:]

    def seen(outputs: Outputs) -> Detections | None:
        try:
            return decode(outputs, (width, height))
        except DecodeError:
            return None

    return seen


def measure_of(seen: Sequence[Detections | None]) -> str:
    """Return by what two models are compared of which one sees this."""
    found = [each for each in seen if each is not None and len(each)]
    if not found:
        return "tensors"
    if found[0].boxes is not None:
        return "boxes"
    if found[0].embeddings is not None:
        return "embeddings"
    return "tensors" if found[0].landmarks is not None else "top-1"


Pairs = Sequence[tuple[Detections | None, Detections | None]]
"""What the float model sees in each sample, and what the other one."""


def _same_answers(pairs: Pairs) -> float:
    return float(np.mean([_top(exact) == _top(other) for exact, other in pairs]))


def _same_boxes(pairs: Pairs) -> float:
    """Return twice the pairs of boxes that are the same by the number of all boxes (F1)."""
    matches = total = 0
    for exact, other in pairs:
        ours, theirs = _boxes(exact), _boxes(other)
        total += len(ours) + len(theirs)
        free = list(theirs)
        for class_, box in ours:
            overlaps = [_overlap(box, each) if kind == class_ else 0.0 for kind, each in free]
            if overlaps and max(overlaps) >= SAME_BOX:
                free.pop(int(np.argmax(overlaps)))
                matches += 1
    return 2 * matches / total if total else 1.0


def _same_embeddings(pairs: Pairs) -> float:
    """Return the mean cosine of the angle between embeddings."""
    cosines = []
    for exact, other in pairs:
        one, two = _embedding(exact), _embedding(other)
        size = np.linalg.norm(one) * np.linalg.norm(two)
        cosines.append(float(one @ two / size) if size > 0 else 0.0)
    return max(0.0, float(np.mean(cosines)))


AGREEMENTS: Mapping[str, Callable[[Pairs], float]] = {
    "top-1": _same_answers,
    "boxes": _same_boxes,
    "embeddings": _same_embeddings,
}


def _share(answers: Sequence[int], labels: Sequence[int]) -> float:
    return float(np.mean([a == b for a, b in zip(answers, labels, strict=False)]))


def _top(seen: Detections | None) -> int:
    """Return the first class; -1: none."""
    return int(seen.classes[0]) if seen is not None and len(seen.classes) else -1


def _boxes(seen: Detections | None) -> list[tuple[int, Array]]:
    if seen is None or seen.boxes is None:
        return []
    return list(zip(map(int, seen.classes), seen.boxes, strict=True))


def _embedding(seen: Detections | None) -> Array:
    if seen is None or seen.embeddings is None or not len(seen.embeddings):
        return np.zeros(1)
    return np.asarray(seen.embeddings[0], np.float64)


def _overlap(one: Array, two: Array) -> float:
    """Return the intersection of two boxes by their union."""
    low, high = np.maximum(one[:2], two[:2]), np.minimum(one[2:], two[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    whole = float(np.prod(one[2:] - one[:2]) + np.prod(two[2:] - two[:2])) - shared
    return shared / whole if whole > 0 else 0.0
