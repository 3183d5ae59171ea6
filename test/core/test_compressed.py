"""Compressed images: what comes out is what went in, and nothing huge, cut off or odd gets in."""

import io
import struct
import zlib

import numpy as np
import PIL.Image
import pytest

from edge_perception import messages
from edge_perception.core.compressed import encode, frame
from edge_perception.core.image import FrameError

CompressedImage = messages.get("sensor_msgs/msg/CompressedImage")
Image = messages.get("sensor_msgs/msg/Image")
TOLERANCE = {"jpeg": 12, "png": 0}


def picture(*shape):
    """Return smooth pixels, which JPEG keeps nearly as they are."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    grey = (2 * rows + 3 * columns).astype(np.uint8)
    return np.stack([grey, grey // 2, 255 - grey], axis=2) if len(shape) == 3 else grey


def saved(pixels, kind):
    """Return a file as Pillow writes it."""
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, kind, **({"quality": 95} if kind == "jpeg" else {}))
    return file.getvalue()


@pytest.mark.parametrize("kind", ["jpeg", "png"])
@pytest.mark.parametrize("shape", [(24, 32), (24, 32, 3)])
def test_a_picture_that_pillow_wrote_is_read(kind, shape):
    pixels = picture(*shape)
    found, encoding = frame(CompressedImage(format=kind, data=saved(pixels, kind)))
    assert encoding == ("mono8" if len(shape) == 2 else "bgr8")
    right = pixels if len(shape) == 2 else pixels[:, :, ::-1]
    assert np.abs(found.astype(int) - right).max() <= TOLERANCE[kind]


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "mono8", "rgba8", "8UC3"])
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_what_is_published_is_what_pillow_reads(kind, encoding):
    right = picture(24, 32) if encoding == "mono8" else picture(24, 32, 3)
    pixels = right[:, :, ::-1] if encoding in ("bgr8", "8UC3") else right
    if encoding == "rgba8":
        pixels = np.dstack([right, np.full((24, 32), 9, np.uint8)])
    data = pixels.tobytes()
    image = Image(height=24, width=32, step=len(data) // 24, encoding=encoding, data=data)
    image.header.frame_id = "eye"
    sent = encode(image, kind, 95)
    target = "" if encoding == "mono8" else "bgr8"
    assert sent.format == f"{encoding}; {kind} compressed {target}"
    assert sent.header.frame_id == "eye"
    seen = np.asarray(PIL.Image.open(io.BytesIO(bytes(sent.data))))
    assert np.abs(seen.astype(int) - right).max() <= TOLERANCE[kind]


def bomb(width, height):
    """Return a PNG of a few bytes that claims a size."""

    def chunk(name, data):
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in parts)


JPEG = saved(picture(24, 32, 3), "jpeg")
PNG = saved(picture(24, 32, 3), "png")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "neither JPEG nor PNG"),
        (b"GIF89a" + bytes(50), "neither JPEG nor PNG; set the driver's image_transport"),
        (JPEG[:200], "is cut off"),
        (PNG[:-20], "is cut off"),
        (b"\xff\xd8\xff\xd9", "damaged"),
        (bomb(60_000, 60_000), "too large"),
        (bomb(16_385, 2), "16385x2 pixels"),
        (bomb(9_000, 9_000), "9000x9000 pixels"),
        (PNG[:16] + bytes(8) + PNG[24:], "damaged"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(data, says):
    with pytest.raises(FrameError) as caught:
        frame(CompressedImage(format="x" * 1000, data=data))
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300


def test_padding_after_the_end_is_no_damage():
    assert frame(CompressedImage(format="jpeg", data=JPEG + bytes(3))).encoding == "bgr8"
