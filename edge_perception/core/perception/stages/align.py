"""
Align things by their landmarks, as models of faces expect them: the same points at the same place.

The similarity transform (turn, scale, shift) is the one that brings the points of the template
closest to the landmarks, in the least squares of distances in the image: the closed form of
S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns"
(1991), which in a plane is a quotient of complex numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameter
from edge_perception.core.perception.stage import Look, Setup, Stage
from edge_perception.decode.detections import Detections, Indices
from edge_perception.decode.kinds import embedding

_AS_TOLD = -1.0


class Align(Stage):
    """
    Say where the region of each thing lies whose landmarks are those of the template.

    The template is that of the next model that embeds things, unless another is given.
    """

    runs_model = False
    parameters = (
        Parameter(
            "template",
            [_AS_TOLD],
            "x and y of each landmark in the region, as fractions of its side; -1: as the model "
            "says that embeds what is aligned.",
        ),
    )

    def __init__(self, setup: Setup) -> None:
        """Take the template."""
        values: Sequence[float] = setup.options.numbers("template")
        if values == [_AS_TOLD]:
            told = (model for model in setup.after if model.decoder.kind == embedding.KIND)
            values = next(map(embedding.space, told), embedding.Space()).template
        if len(values) % 2 or len(set(zip(values[::2], values[1::2], strict=False))) < 2:
            raise ConfigurationError(
                f"the template of the stage {setup.name} must have x and y of at least two "
                f"different points, received {len(values)} numbers"
            )
        points = _complex(np.reshape(values, (-1, 2)))
        self._count = len(points)
        self._centre = points.mean()
        self._shape = points - self._centre

    def choose(self, found: Detections) -> Indices:
        """Return the things with as many landmarks as the template has."""
        if found.landmarks is None:
            return np.empty(0, np.intp)
        known = np.isfinite(found.landmarks[:, :, 0] + found.landmarks[:, :, 1])
        return np.flatnonzero(
            (known.sum(axis=1) == self._count) & known[:, : self._count].all(axis=1)
        )

    def run(self, look: Look, found: Detections, chosen: Indices) -> Detections:
        """Return the things with the regions of the chosen ones."""
        assert found.landmarks is not None
        points = _complex(found.landmarks[chosen, : self._count].astype(np.float64))
        middle = points.mean(axis=1)
        turn = (points - middle[:, None]) @ self._shape.conj() / np.vdot(self._shape, self._shape)
        shift = middle - turn * self._centre
        regions = np.full((len(found), 2, 3), np.nan)
        regions[chosen, 0] = np.stack([turn.real, -turn.imag, shift.real], axis=1)
        regions[chosen, 1] = np.stack([turn.imag, turn.real, shift.imag], axis=1)
        return replace(found, regions=regions)


def _complex(points: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    """Return points [..., 2] as complex numbers [...]."""
    return np.asarray(points[..., 0] + 1j * points[..., 1], np.complex128)
