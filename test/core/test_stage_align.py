"""Alignment by landmarks, beside scikit-image's estimate of a similarity transform."""

from __future__ import annotations

from typing import Any

from fake_model import FakeModel
import numpy as np
import pytest

from edge_perception.core.image import Pixels
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.regions import Regions
from edge_perception.core.perception.stage import Look, Setup
from edge_perception.core.perception.stages.align import Align
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections
from edge_perception.decode.kinds.embedding import TEMPLATE
from edge_perception.runtime.manifest import Decoder, Tensor

LOOK = Look(Pixels(np.zeros((9, 9, 3), np.uint8), "rgb8"), lambda name: None)


def stage(**options: object) -> Align:
    return Align(Setup("align", Parameters(Align.parameters, options)))


def faces(landmarks: Any) -> Detections:
    count = len(landmarks)
    return Detections(
        ("face",) * count,
        np.zeros(count, np.int32),
        np.ones(count, np.float32),
        np.tile(np.float32([0, 0, 9, 9]), (count, 1)),
        np.array(landmarks, np.float32),
    )


def test_the_region_is_the_nearest_similarity_transform() -> None:
    transform = pytest.importorskip("skimage.transform")
    template = np.reshape(TEMPLATE, (5, 2))
    random = np.random.default_rng(3)
    turn = [[0.6, -0.8], [0.8, 0.6]]
    landmarks = [
        template @ turn * size + shift + random.normal(0, size / 20, (5, 2))
        for size, shift in ((40, (100, 50)), (300, (-20, 7)), (3, (0, 0)))
    ]
    found = faces(landmarks)
    seen = stage().run(LOOK, found, stage().choose(found))
    assert seen.regions is not None
    for region, points in zip(seen.regions, landmarks, strict=True):
        right = transform.estimate_transform("similarity", template, points.astype(np.float32))
        np.testing.assert_allclose(region, right.params[:2], rtol=1e-4, atol=1e-3)


def test_the_template_is_that_of_the_model_that_embeds() -> None:
    points = [[20.0, 20.0], [40.0, 20.0]]
    given = Decoder("embedding", {"template": [0.25, 0.5, 0.75, 0.5]})
    after = [FakeModel().manifest.model, FakeModel(decoder=given).manifest.model]
    align = Align(Setup("align", Parameters(Align.parameters), after=after))
    [region] = align.run(LOOK, faces([points]), np.arange(1)).regions
    np.testing.assert_allclose(region @ [0.25, 0.5, 1], points[0])
    np.testing.assert_allclose(region @ [0.75, 0.5, 1], points[1])


def test_only_things_with_as_many_landmarks_are_aligned() -> None:
    points = np.arange(20, dtype=float).reshape(2, 5, 2)
    points[1, 2] = np.nan
    assert stage().choose(faces(points)).tolist() == [0]
    assert stage(template=[0, 0, 1, 1]).choose(faces(points)).tolist() == []
    nothing = Detections()
    assert stage().choose(nothing).tolist() == []
    seen = stage().run(LOOK, faces(points), np.array([0]))
    assert seen.regions is not None
    assert np.isnan(seen.regions[1]).all()


def test_points_that_others_have_more_of_do_not_matter() -> None:
    points = np.full((2, 5, 2), np.nan)
    points[0, :2] = [[0, 0], [4, 0]]
    points[1] = np.arange(10).reshape(5, 2)
    align = stage(template=[0, 0, 1, 0])
    assert align.choose(faces(points)).tolist() == [0]
    seen = align.run(LOOK, faces(points), align.choose(faces(points)))
    assert seen.regions is not None
    np.testing.assert_allclose(seen.regions[0], [[4, 0, 0], [0, 4, 0]], atol=1e-12)


def test_a_later_model_is_shown_the_aligned_region_and_else_the_box() -> None:
    points = np.array([[[0, 0], [4, 0]], [[np.nan, 0], [4, 0]]])
    align = stage(template=[0, 0, 1, 0])
    found = align.run(LOOK, faces(points), align.choose(faces(points)))
    regions = Regions(Parameters(Regions.parameters), FakeModel().manifest.model)
    maps = regions.maps(found, regions.choose(found))
    np.testing.assert_allclose(maps[0] @ [4, 4, 1], [4, 4], atol=1e-6)
    np.testing.assert_allclose(maps[1] @ [4, 4, 1], [9, 9], atol=1e-6)


def test_aligned_things_need_a_square_input() -> None:
    model = FakeModel(inputs=(Tensor("image", (1, 3, 4, 8), layout="NCHW"),)).manifest.model
    align = stage(template=[0, 0, 1, 0])
    found = faces([[[0, 0], [4, 0]]])
    found = align.run(LOOK, found, align.choose(found))
    regions = Regions(Parameters(Regions.parameters), model)
    with pytest.raises(DecodeError, match="its input is 8 x 4 pixels, no square"):
        regions.maps(found, regions.choose(found))


@pytest.mark.parametrize("template", [[1], [1, 2], [1, 2, 3], [1, 2, 1, 2]])
def test_templates_that_can_not_be_used(template: list[float]) -> None:
    with pytest.raises(ConfigurationError, match="x and y of at least two different points"):
        stage(template=template)
