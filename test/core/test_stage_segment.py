"""Which part of its box a thing is: a segmentation of its region, brought back to the box."""

from __future__ import annotations

from typing import Any

from fake_model import FakeModel
import numpy as np
from numpy.testing import assert_array_equal
import pytest

from edge_perception.core.image import Pixels
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.stage import Look, Setup
from edge_perception.core.perception.stages.segment import Segment
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections
from edge_perception.runtime.manifest import Decoder, Tensor

SIDE = 4


class Colours(FakeModel):
    """It calls pixels red, green or blue; its input has 4 x 4 of them."""

    def __init__(self, decoder: str = "segmentation") -> None:
        super().__init__(
            name="colours",
            outputs=(Tensor("maps", (1, 3, SIDE, SIDE)),),
            decoder=Decoder(decoder, {"min_score": 0.5} if decoder == "segmentation" else {}),
            labels=("red", "green", "blue"),
        )

    def run_regions(self, frame: Any, encoding: str, maps: Any) -> Any:
        found = []
        for region in maps:
            y, x = np.mgrid[:SIDE, :SIDE] + 0.5
            places = np.stack([x, y, np.ones_like(x)], axis=-1) @ region.T
            columns, rows = np.floor(places).astype(int).transpose(2, 0, 1)
            seen = frame[rows.clip(0, len(frame) - 1), columns.clip(0, frame.shape[1] - 1)]
            found.append({"maps": (seen / np.float32(255)).transpose(2, 0, 1)[None]})
        return found


def things(*boxes: tuple[float, float, float, float]) -> Detections:
    count = len(boxes)
    return Detections(
        ("thing",) * count,
        np.zeros(count, np.int32),
        np.linspace(0.9, 0.5, count, dtype=np.float32),
        np.array(boxes, np.float32).reshape(-1, 4),
    )


def stage(model: FakeModel | None = None, **options: object) -> Segment:
    return Segment(Setup("cut", Parameters(Segment.parameters, options), model or Colours()))


PICTURE = np.zeros((16, 16, 3), np.uint8)
PICTURE[4:8, 4:6] = (255, 0, 0)
PICTURE[4:8, 6:8] = (0, 255, 0)


def run(segment: Segment, found: Detections) -> Detections:
    look = Look(Pixels(PICTURE, "rgb8"), lambda name: None)
    return segment.run(look, found, segment.choose(found))


def test_a_thing_is_where_the_model_sees_the_wanted_class() -> None:
    [mask] = run(stage(classes=["red"]), things((4, 4, 8, 8))).masks or ()
    assert_array_equal(mask, [[True, True, False, False]] * 4)
    [mask] = run(stage(), things((4, 4, 8, 8))).masks or ()
    assert mask.all()
    [mask] = run(stage(classes=["blue"]), things((4, 4, 8, 8))).masks or ()
    assert not mask.any()


def test_a_region_with_a_margin_is_brought_back_to_the_box() -> None:
    [mask] = run(stage(margin=0.5, classes=["red"]), things((4, 4, 8, 8))).masks or ()
    assert_array_equal(mask, [[True, True, False, False]] * 4)


def test_who_is_not_looked_at_keeps_the_mask_it_has_or_gets_an_empty_one() -> None:
    found = run(stage(most=1, classes=["red"]), things((4, 4, 8, 8), (0, 0, 4, 4)))
    assert found.masks is not None
    assert [mask.any() for mask in found.masks] == [True, False]
    again = run(stage(most=1, classes=["green"]), found)
    assert again.masks is not None
    assert_array_equal(again.masks[0], [[False, False, True, True]] * 4)
    assert again.masks[1] is found.masks[1]


def test_things_without_boxes_and_models_of_another_kind() -> None:
    assert not len(stage().choose(Detections(("cat",), np.zeros(1, np.int32), np.ones(1))))
    with pytest.raises(DecodeError, match="colours is no segmentation: its decoder is 'tensors'"):
        stage(Colours("tensors"))
