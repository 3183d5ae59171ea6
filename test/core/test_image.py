"""Image messages as arrays: what is accepted, and one sentence for what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_perception import messages
from edge_perception.core.image import ENCODINGS, frame, FrameError
from edge_perception.runtime import ENCODINGS as MODEL_ENCODINGS

Image = messages.get("sensor_msgs/msg/Image")


def image(**changes: Any) -> Any:
    """Return a good 4 x 2 rgb8 image with changes."""
    fields = {"height": 2, "width": 4, "encoding": "rgb8", "step": 12, "data": bytes(range(24))}
    return Image(**(fields | changes))


def test_every_encoding_of_the_model_is_understood() -> None:
    assert set(ENCODINGS) == set(MODEL_ENCODINGS)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_pixels_are_a_view_and_padding_is_skipped(encoding: str) -> None:
    channels = ENCODINGS[encoding]
    step = 4 * channels + 3
    data = np.random.default_rng(1).integers(0, 256, 2 * step, np.uint8)
    pixels, name = frame(image(encoding=encoding, step=step, data=data))
    expected = [row[: 4 * channels] for row in data.reshape(2, step)]
    assert name == encoding
    assert pixels.shape == ((2, 4) if channels == 1 else (2, 4, channels))
    assert np.array_equal(pixels.reshape(2, -1), expected)
    assert np.shares_memory(pixels, data)


def test_a_received_image_is_not_copied() -> None:
    data = messages.serialize(image())
    received = messages.deserialize(data, Image)
    pixels, _ = frame(received)
    assert np.shares_memory(pixels, received.data)
    assert pixels[1, 3].tolist() == [21, 22, 23]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"encoding": "bayer_rggb8"}, "'bayer_rggb8' is not supported; set the camera driver to"),
        ({"encoding": ""}, "the encoding '' is not supported"),
        ({"width": 0}, "its size is 0x2"),
        ({"height": 0, "data": b""}, "its size is 4x0"),
        ({"step": 11}, "4 rgb8 pixels has 12 bytes, but step is 11"),
        ({"step": 0}, "but step is 0"),
        ({"data": bytes(23)}, "2 rows of 12 bytes are 24 bytes, but data has 23"),
        ({"data": bytes(25)}, "but data has 25"),
        ({"data": b""}, "but data has 0"),
        ({"height": 4294967295, "step": 4294967295}, "but data has 24"),
        ({"encoding": "yuyv", "width": 3, "step": 6, "data": bytes(12)}, "even width, received 3"),
        ({"encoding": "bayer_" + "x" * 10_000}, "set the camera driver to one of rgb8, bgr8"),
    ],
)
def test_unusable_images(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(FrameError) as caught:
        frame(image(**changes))
    assert says in str(caught.value)
    assert len(str(caught.value)) < 250
