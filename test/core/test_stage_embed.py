"""Embeddings of what was found."""

from __future__ import annotations

from typing import Any

from fake_model import FakeModel
import numpy as np
import pytest

from edge_perception.core.image import Pixels
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.publishing import to_messages
from edge_perception.core.perception.stage import Look, Setup
from edge_perception.core.perception.stages.embed import Embed
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections

COLOURS = np.array([[255, 0, 0], [90, 120, 0]])
PIXELS = np.repeat(COLOURS, 4, axis=0).astype(np.uint8)[None].repeat(4, axis=0)
LOOK = Look(Pixels(PIXELS, "rgb8"), lambda name: None)
FACES = Detections(
    ("face", "hand", "face"),
    np.zeros(3, np.int32),
    np.float32([0.9, 0.8, 0.7]),
    np.float32([[0, 0, 4, 4], [0, 0, 8, 4], [4, 0, 8, 4]]),
)


def embed(model: FakeModel | None = None, **options: object) -> list[Any]:
    stage = Embed(Setup("embed", Parameters(Embed.parameters, options), model or FakeModel()))
    seen = stage.run(LOOK, FACES, stage.choose(FACES))
    return [thing.embedding.tolist() for thing in to_messages(seen)]


def test_each_thing_has_a_vector_of_length_1_and_the_others_none() -> None:
    first, second, third = embed(of=["face"])
    assert first == pytest.approx([1, 0, 0])
    assert second == []
    assert third == pytest.approx([0.6, 0.8, 0])


def test_a_vector_without_length_is_refused() -> None:
    class Black(FakeModel):
        def run_image(self, frame: Any, encoding: str) -> Any:
            return super().run_image(np.zeros_like(frame), encoding)

    with pytest.raises(DecodeError, match="an embedding of length 0"):
        embed(Black())


def test_a_model_without_outputs_does_not_fit() -> None:
    with pytest.raises(DecodeError, match="no output to embed things with"):
        embed(FakeModel(outputs=()))
