"""Cut things out: a model says which part of its box each is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge_perception import decode
from edge_perception.core.labels import matches
from edge_perception.core.parameters import Parameter
from edge_perception.core.perception.masks import numbered
from edge_perception.core.perception.regions import Regions
from edge_perception.core.perception.stage import image_model, Look, Setup, Stage
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections, Floats, Indices, Mask
from edge_perception.decode.letterbox import input_size

_FINEST = 256  # rows and columns of a mask


class Segment(Stage):
    """Give each thing a mask: where a segmentation sees some of the wanted classes in its box."""

    parameters = (
        *Regions.parameters,
        Parameter(
            "classes",
            ["*"],
            "Labels of the model that are part of the thing; * stands for any text.",
        ),
    )

    def __init__(self, setup: Setup) -> None:
        """Check that the model is a segmentation."""
        self._model, facts = image_model(setup)
        if facts.decoder.kind != "segmentation":
            raise DecodeError(
                f"the model {facts.name} is no segmentation: its decoder is "
                f"{facts.decoder.kind!r}; compile it with that decoder, or use another stage"
            )
        self._classes = tuple(label.lower() for label in setup.options.texts("classes"))
        self._regions = Regions(setup.options, facts)
        self._size = input_size(facts)
        self._decode = decode.make(facts, decode.Options())

    def choose(self, found: Detections) -> Indices:
        """Return the things of the labels that are asked for which have a box."""
        return self._regions.choose(found) if found.boxes is not None else np.empty(0, np.intp)

    def run(self, look: Look, found: Detections, chosen: Indices) -> Detections:
        """Return the things with masks of the chosen ones, in one call of the model."""
        assert found.boxes is not None
        maps = self._regions.maps(found, chosen)
        results = self._model.run_regions(*look.pixels, maps)
        nothing: Mask = np.zeros((1, 1), np.bool_)  # where nobody said which part it is
        masks: list[Mask] = list(found.masks or [nothing] * len(found))
        for index, region, tensors in zip(chosen.tolist(), maps, results, strict=True):
            shown = self._shown(self._decode(tensors, self._size))
            masks[index] = _within(found.boxes[index], shown, region)
        return replace(found, masks=masks)

    def _shown(self, seen: Detections) -> npt.NDArray[np.bool_]:
        """Return which pixels of the model's input are of the wanted classes [h, w]."""
        assert seen.boxes is not None
        assert seen.masks is not None
        wanted = [i for i, label in enumerate(seen.labels) if matches(label, *self._classes)]
        kept = Detections(
            tuple(seen.labels[i] for i in wanted),
            seen.classes[wanted],
            seen.scores[wanted],
            seen.boxes[wanted],
            masks=[seen.masks[i] for i in wanted],
        )
        return numbered(kept, self._size) > 0


def _within(box: Floats, shown: npt.NDArray[np.bool_], region: npt.NDArray[np.float64]) -> Mask:
    """
    Return the part of a box that is shown: the nearest pixel of the model's input, cell by cell.

    :param box: left, top, right, bottom in pixels of the image.
    :param shown: of the model's input [h, w]; nothing is, outside of it.
    :param region: the affine map from pixels of the input to pixels of the image [2, 3].
    """
    left, top, right, bottom = box.astype(np.float64).tolist()
    x, y = _cells(left, right), _cells(top, bottom)
    points = np.stack(np.meshgrid(x, y), axis=-1) - region[:, 2]
    inner = np.floor(points @ np.linalg.inv(region[:, :2]).T).astype(np.int64)
    height, width = shown.shape
    columns, rows = inner[..., 0], inner[..., 1]
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    nearest = shown[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return np.asarray(inside & nearest, np.bool_)


def _cells(begin: float, end: float) -> npt.NDArray[np.float64]:
    """Return the middles of the cells of a side, one a pixel at most."""
    count = int(np.clip(round(end - begin), 1, _FINEST))
    middles = (np.arange(count) + 0.5) / count
    return np.asarray(begin + middles * (end - begin), np.float64)
