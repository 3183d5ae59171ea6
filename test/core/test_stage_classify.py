"""Classification of what was found: which region of the image each thing's model is shown."""

from __future__ import annotations

from typing import Any

from fake_model import FakeModel
import numpy as np
import pytest

from edge_perception.core.image import Pixels
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.stage import Look, Setup
from edge_perception.core.perception.stages.classify import Classify
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections
from edge_perception.runtime.manifest import Decoder, Preprocess

RED, GREEN, BLUE = np.eye(3) * 255


def picture(*colours: Any) -> np.ndarray:
    """Return squares of 8 x 8 pixels side by side."""
    return np.concatenate([np.tile(np.uint8(one), (8, 8, 1)) for one in colours], axis=1)


def things(*boxes: tuple[float, float, float, float], labels: str = "") -> Detections:
    count = len(boxes)
    return Detections(
        tuple(labels) or ("thing",) * count,
        np.zeros(count, np.int32),
        np.linspace(0.9, 0.5, count, dtype=np.float32),
        np.array(boxes, np.float32).reshape(-1, 4),
    )


def stage(model: FakeModel | None = None, **options: object) -> Classify:
    return Classify(
        Setup("colour", Parameters(Classify.parameters, options), model or FakeModel())
    )


def run(classify: Classify, pixels: np.ndarray, found: Detections) -> list[Any]:
    """Return what is said of each thing."""
    look = Look(Pixels(pixels, "rgb8"), lambda name: None)
    seen = classify.run(look, found, classify.choose(found))
    return [[(one.label, one.score) for one in said] for said in seen.attributes]


def test_each_thing_is_classified_by_its_region() -> None:
    found = things((0, 0, 8, 8), (16, 0, 24, 8), (8, 0, 16, 8))
    said = run(stage(), picture(RED, GREEN, BLUE), found)
    assert said == [[("cat", 1.0)], [("espresso", 1.0)], [("dog", 1.0)]]


def test_an_attribute_names_stage_and_model_and_follows_earlier_ones() -> None:
    first, second, found = stage(), stage(FakeModel(name="other")), things((0, 0, 8, 8))
    look = Look(Pixels(picture(RED), "rgb8"), lambda name: None)
    for one in (first, second):
        found = one.run(look, found, one.choose(found))
    assert [(one.stage, one.model, one.class_id) for one in found.attributes[0]] == [
        ("colour", "fake", 0),
        ("colour", "other", 0),
    ]


def test_only_things_of_those_labels_and_only_so_many() -> None:
    found = things((0, 0, 8, 8), (8, 0, 16, 8), (0, 0, 16, 8), labels="abb")
    assert stage(of=["B"]).choose(found).tolist() == [1, 2]
    assert stage(most=1).choose(found).tolist() == [0]
    assert stage(of=["c*"]).choose(found).tolist() == []


def test_a_thing_without_a_place_is_left_out() -> None:
    assert stage().choose(things()).tolist() == []
    nowhere = Detections(("tabby",), np.zeros(1, np.int32), np.ones(1, np.float32))
    assert stage().choose(nowhere).tolist() == []


def test_a_class_below_the_least_score_is_not_said() -> None:
    grey = picture([100, 90, 80])
    assert run(stage(min_score=0.5), grey, things((0, 0, 8, 8))) == [[]]
    assert run(stage(min_score=0.3), grey, things((0, 0, 8, 8)))[0][0][0] == "cat"


@pytest.mark.parametrize(
    ("margin", "resize", "corners"),
    [
        (0.0, "stretch", [(10, 20), (14, 28)]),
        (0.5, "stretch", [(8, 16), (16, 32)]),
        (0.0, "letterbox", [(8, 20), (16, 28)]),  # as square as the input
    ],
)
def test_the_region_around_a_box(
    margin: float, resize: str, corners: list[tuple[int, int]]
) -> None:
    shown = []

    class Watched(FakeModel):
        def run_regions(self, frame: Any, encoding: str, maps: Any) -> Any:
            shown.append(maps)
            return super().run_regions(
                frame, encoding, np.tile([[1.0, 0, 0], [0, 1, 0]], (1, 1, 1))
            )

    model = Watched(preprocess=Preprocess("image", resize=resize))
    run(stage(model, margin=margin), np.zeros((40, 40, 3)), things((10, 20, 14, 28)))
    [[affine]] = shown
    for (u, v), corner in zip([(0, 0), (4, 4)], corners, strict=True):
        assert (affine @ [u, v, 1]).tolist() == pytest.approx(corner)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"preprocess": None}, "takes no camera image"),
        ({"decoder": Decoder("tensors")}, "is no classification: its decoder is 'tensors'"),
    ],
)
def test_models_that_do_not_fit(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(DecodeError, match=says):
        stage(FakeModel(**changes))
