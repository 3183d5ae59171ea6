"""Image messages as arrays: what is accepted, and one sentence for what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_perception import messages
from edge_perception.core.image import ENCODINGS, frame, FrameError, plain
from edge_perception.runtime import ENCODINGS as MODEL_ENCODINGS
from edge_perception.runtime import load

Image = messages.get("sensor_msgs/msg/Image")


def image(**changes: Any) -> Any:
    """Return a good 4 x 2 rgb8 image with changes."""
    fields = {"height": 2, "width": 4, "encoding": "rgb8", "step": 12, "data": bytes(range(24))}
    return Image(**(fields | changes))


PLAIN = [name for name, kind in ENCODINGS.items() if not kind.code and kind.depth == 1]


def test_every_encoding_of_the_model_is_understood() -> None:
    assert set(MODEL_ENCODINGS) <= set(ENCODINGS)
    assert {kind.becomes for kind in ENCODINGS.values()} <= set(MODEL_ENCODINGS)


@pytest.mark.parametrize("encoding", sorted({*MODEL_ENCODINGS, *PLAIN}))
def test_what_a_model_takes_is_a_view_and_padding_is_skipped(encoding: str) -> None:
    kind = ENCODINGS[encoding]
    step = 4 * kind.channels * kind.depth + 3
    rows = 3 if kind.planes else 2
    data = np.random.default_rng(1).integers(0, 256, rows * step, np.uint8)
    found = frame(image(encoding=encoding, step=step, data=data))
    pixels, name = found
    expected = [row[: step - 3] for row in data.reshape(rows, step)]
    assert name == (encoding if encoding in MODEL_ENCODINGS else kind.becomes)
    assert pixels.shape == ((rows, 4) if kind.channels == 1 else (rows, 4, kind.channels))
    assert pixels.dtype == np.dtype(f"<u{kind.depth}")
    packed = np.ascontiguousarray(pixels).reshape(rows, -1).view(np.uint8)
    assert np.array_equal(packed, expected)
    assert np.shares_memory(pixels, data)
    assert found.size == (4, 2)


@pytest.mark.parametrize("encoding", PLAIN)
def test_plain_pixels_are_a_view(encoding: str) -> None:
    data = np.zeros(2 * 4 * ENCODINGS[encoding].channels, np.uint8)
    message = image(encoding=encoding, step=len(data) // 2, data=data)
    assert plain(message).encoding == ENCODINGS[encoding].becomes
    assert np.shares_memory(plain(message).pixels, data)


def test_a_big_endian_image_is_turned_round_for_a_model() -> None:
    grey = np.arange(8).reshape(2, 4)
    found = frame(
        image(encoding="mono16", step=8, data=grey.astype(">u2").tobytes(), is_bigendian=1)
    )
    assert found.encoding == "mono16"
    assert found.pixels.dtype == np.dtype("<u2")
    assert np.array_equal(found.pixels, grey)


@pytest.mark.parametrize("encoding", [name for name in MODEL_ENCODINGS if name not in PLAIN])
def test_a_model_sees_what_opencv_makes_of_an_image(encoding: str, tiny_bundle: Path) -> None:
    """To 1 of 255: OpenCV computes YUV in integers, and rounds what is interpolated."""
    kind = ENCODINGS[encoding]
    rows = 60 if kind.planes else 40
    raw = cv2.GaussianBlur(random(rows, 64 * kind.channels), (3, 3), 0)
    raw = raw.astype(np.uint16) * 257 if kind.depth == 2 else raw
    fields = {"height": 40, "width": 64, "step": 64 * kind.channels * kind.depth}
    message = image(encoding=encoding, data=raw.tobytes(), **fields)
    with load(tiny_bundle, threads=1) as model:
        as_it_is, converted = (model.preprocess(*see(message)) for see in (frame, plain))
    assert np.abs(as_it_is - converted).max() * 255 <= 1.01


def test_arrays_of_opencv_without_a_meaning_are_in_its_own_order() -> None:
    assert frame(image(encoding="8UC3")).encoding == "bgr8"
    assert frame(image(encoding="8UC1", step=12)).encoding == "mono8"


def yuv_to_rgb(y: Any, u: Any, v: Any) -> Any:
    """Return BT.601 colours of limited range, by the standard's own numbers."""
    y, u, v = (np.asarray(one, float) - zero for one, zero in ((y, 16), (u, 128), (v, 128)))
    y = y * 255 / 219
    red, blue = y + 1.402 * 255 / 224 * v, y + 1.772 * 255 / 224 * u
    green = y - (0.344136 * u + 0.714136 * v) * 255 / 224
    return np.clip(np.stack([red, green, blue], axis=2), 0, 255)


def seen(encoding: str, rows: Any, height: int, width: int, **more: Any) -> Any:
    """Return rgb pixels of an image whose rows have three bytes of padding."""
    rows = np.pad(np.ascontiguousarray(rows).view(np.uint8), ((0, 0), (0, 3)), constant_values=7)
    found = plain(
        image(
            encoding=encoding,
            height=height,
            width=width,
            step=rows.shape[1],
            data=rows.reshape(-1),
            **more,
        )
    )
    assert found.pixels.dtype == np.uint8
    return found


def random(*shape: int, least: int = 0, most: int = 255, dtype: Any = np.uint8) -> Any:
    return np.random.default_rng(2).integers(least, most, shape, dtype, endpoint=True)


@pytest.mark.parametrize("encoding", ["uyvy", "yuv422", "nv12", "nv21"])
def test_colours_that_neighbours_share_are_those_of_the_standard(encoding: str) -> None:
    """To 1 of 255, as OpenCV computes in integers, of all luminances that are allowed."""
    height, width = 6, 8
    y, shared = random(height, width, least=16, most=235), random(height // 2, width // 2, 2)
    if encoding in ("uyvy", "yuv422"):
        shared = random(height, width // 2, 2)
        rows = np.stack([shared[:, :, 0], y[:, 0::2], shared[:, :, 1], y[:, 1::2]], axis=2)
        rows = rows.reshape(height, -1)
        u, v = (np.repeat(shared[:, :, i], 2, axis=1) for i in (0, 1))
    else:
        rows = np.concatenate([y, shared.reshape(height // 2, width)])
        first, second = (shared[:, :, i].repeat(2, axis=0).repeat(2, axis=1) for i in (0, 1))
        u, v = (first, second) if encoding == "nv12" else (second, first)
    found = seen(encoding, rows, height, width)
    assert found.encoding == "rgb8"
    assert np.abs(found.pixels - yuv_to_rgb(y, u, v)).max() <= 1.5


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_a_plain_surface_under_a_bayer_pattern_has_its_colour(pattern: str, depth: int) -> None:
    colour = {"r": 200, "g": 120, "b": 30}
    tile = np.array([colour[one] for one in pattern], np.uint8).reshape(2, 2)
    raw = np.tile(tile, (4, 5)).astype(f"u{depth // 8}") * (257 if depth == 16 else 1)
    found = seen(f"bayer_{pattern}{depth}", raw, 8, 10)
    assert found.encoding == "rgb8"
    assert (found.pixels == [200, 120, 30]).all()


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("encoding", ["mono16", "rgb16", "bgra16"])
def test_sixteen_bits_are_scaled_to_eight(encoding: str, big: bool) -> None:
    channels = ENCODINGS[encoding].channels
    raw = random(4, 5 * channels, most=65535, dtype=np.uint16)
    found = seen(encoding, raw.astype(">u2" if big else "<u2"), 4, 5, is_bigendian=int(big))
    assert found.encoding == encoding.replace("16", "8")
    assert np.array_equal(found.pixels.reshape(4, -1), np.rint(raw / 257))


@pytest.mark.parametrize(
    "encoding", [name for name, kind in ENCODINGS.items() if kind.code and not kind.planes]
)
def test_conversions_are_bit_by_bit_those_of_cv_bridge(encoding: str) -> None:
    bridge = pytest.importorskip("cv_bridge")
    ros = pytest.importorskip("sensor_msgs.msg")
    kind = ENCODINGS[encoding]
    data = random(8, 10 * kind.channels * kind.depth)
    fields = {"height": 8, "width": 10, "step": data.shape[1], "encoding": encoding}
    found = plain(image(**fields, data=data.reshape(-1)))
    message = ros.Image(**fields, data=data.tobytes())
    right = bridge.CvBridge().imgmsg_to_cv2(message, found.encoding)
    assert np.array_equal(found.pixels, right)


def test_a_received_image_is_not_copied() -> None:
    data = messages.serialize(image())
    received = messages.deserialize(data, Image)
    pixels, _ = frame(received)
    assert np.shares_memory(pixels, received.data)
    assert pixels[1, 3].tolist() == [21, 22, 23]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"encoding": "16UC1"}, "'16UC1' is not supported; it is that of depth images"),
        ({"encoding": "nv24"}, "'nv24' is not supported; set the camera driver to rgb8, bgr8"),
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
        ({"encoding": "nv12", "width": 4, "step": 4, "height": 3}, "even width and height"),
        ({"encoding": "nv12", "width": 4, "step": 4, "data": bytes(8)}, "3 rows of 4 bytes"),
        ({"encoding": "mono16", "step": 7}, "4 mono16 pixels has 8 bytes, but step is 7"),
        ({"encoding": "bayer_" + "x" * 10_000}, "set the camera driver to rgb8, bgr8"),
    ],
)
def test_unusable_images(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(FrameError) as caught:
        frame(image(**changes))
    assert says in str(caught.value)
    assert len(str(caught.value)) < 250
