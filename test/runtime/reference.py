"""What the run-time part must compute, written with numpy in the plainest way."""

from fractions import Fraction
from math import floor
from typing import Any

from box_model import Spec
import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HALF = Fraction(1, 2)
BAYER = {
    "bayer_rggb8": cv2.COLOR_BayerBG2RGB,
    "bayer_bggr8": cv2.COLOR_BayerRG2RGB,
    "bayer_gbrg8": cv2.COLOR_BayerGR2RGB,
    "bayer_grbg8": cv2.COLOR_BayerGB2RGB,
}
"""OpenCV names a pattern by its second row, from the second column."""


def box_sum(doubled: Floats) -> Floats:
    """Sum 3x3 neighbourhoods, zeros outside."""
    padded = np.pad(doubled, ((0, 0), (0, 0), (1, 1), (1, 1)))
    height, width = doubled.shape[2:]
    return sum(padded[:, :, y : y + height, x : x + width] for y in range(3) for x in range(3))


def to_rgb(frame: NDArray[Any], encoding: str) -> Floats:
    """Return [height, width, 3 or 1] in 0..255; the name of an encoding says what to do."""
    pixels = frame.astype(np.float64)
    if encoding == "mono8":
        return pixels.reshape(*frame.shape[:2], 1)
    if encoding == "mono16":
        return pixels.reshape(*frame.shape[:2], 1) / 257
    if encoding == "yuyv":
        return from_yuv(pixels[:, :, 0], pixels[:, 0::2, 1], pixels[:, 1::2, 1])
    if encoding == "uyvy":
        return from_yuv(pixels[:, :, 1], pixels[:, 0::2, 0], pixels[:, 1::2, 0])
    if encoding in ("nv12", "nv21"):
        height = len(pixels) * 2 // 3
        below = pixels[height:, :, 0].repeat(2, axis=0)
        first, second = below[:, 0::2], below[:, 1::2]
        u, v = (first, second) if encoding == "nv12" else (second, first)
        return from_yuv(pixels[:height, :, 0], u, v)
    if encoding.startswith("bayer"):
        return cv2.cvtColor(np.ascontiguousarray(frame), BAYER[encoding]).astype(np.float64)
    return pixels[:, :, :3] if encoding.startswith("rgb") else pixels[:, :, 2::-1]


def from_yuv(y: Floats, u: Floats, v: Floats) -> Floats:
    """Apply BT.601, limited range, to colours that two neighbours in a row share."""
    y = (y - 16) * 255 / 219
    u, v = (np.repeat(shared - 128, 2, axis=1) for shared in (u, v))
    red = y + 1.402 * 255 / 224 * v
    blue = y + 1.772 * 255 / 224 * u
    green = y - 0.344136 * 255 / 224 * u - 0.714136 * 255 / 224 * v
    return np.clip(np.rint(np.stack([red, green, blue], axis=2)), 0, 255)


def warp(image: Floats, spec: Spec, region: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """
    Sample an image at the points that a map [2, 3] says, padding what lies outside.

    :returns: the samples, and which of them lie so near to the edge that rounding decides.
    """
    y, x = np.mgrid[: spec.height, : spec.width] + 0.5
    px, py = (row[0] * x + row[1] * y + row[2] for row in region)
    height, width = image.shape[:2]
    near = np.zeros(px.shape, bool)
    outside = np.zeros(px.shape, bool)
    for position, count in ((px, width), (py, height)):
        near |= (np.abs(position) < 1e-3) | (np.abs(position - count) < 1e-3)
        outside |= (position < 0) | (position > count)
    px, py = (np.clip(p - 0.5, 0, n - 1) for p, n in ((px, width), (py, height)))
    x0, y0 = np.floor(px).astype(int), np.floor(py).astype(int)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    wx, wy = (px - x0)[..., None], (py - y0)[..., None]
    upper = image[y0, x0] * (1 - wx) + image[y0, x1] * wx
    lower = image[y1, x0] * (1 - wx) + image[y1, x1] * wx
    sampled = upper * (1 - wy) + lower * wy
    sampled[outside] = spec.pad_value
    return sampled, near


def resize(image: Floats, height: int, width: int) -> Floats:
    """Interpolate bilinearly with half-pixel centres, the edge repeated."""

    def axis(count: int, source: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        position = np.clip((np.arange(count) + 0.5) * source / count - 0.5, 0, source - 1)
        first = np.floor(position).astype(np.int64)
        return first, np.minimum(first + 1, source - 1), position - first

    y0, y1, wy = axis(height, image.shape[0])
    x0, x1, wx = axis(width, image.shape[1])
    rows = image[y0] * (1 - wy)[:, None, None] + image[y1] * wy[:, None, None]
    return rows[:, x0] * (1 - wx)[None, :, None] + rows[:, x1] * wx[None, :, None]


def letterbox(image: Floats, spec: Spec) -> Floats:
    """Fit into the input without distortion: round half up, at least a pixel, centred."""
    height, width = image.shape[:2]
    ratio = min(Fraction(spec.height, height), Fraction(spec.width, width))
    new_height, new_width = floor(height * ratio + HALF), floor(width * ratio + HALF)
    small = resize(image, max(1, new_height), max(1, new_width))
    canvas = np.full((spec.height, spec.width, image.shape[2]), spec.pad_value, np.float64)
    top, left = (spec.height - small.shape[0]) // 2, (spec.width - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def pixels_of(frame: NDArray[Any], encoding: str, spec: Spec) -> Floats:
    """Return the network's input before normalisation, [height, width, channels]."""
    image = network_colours(frame, encoding, spec)
    return letterbox(image, spec) if spec.letterbox else resize(image, spec.height, spec.width)


def network_colours(frame: NDArray[Any], encoding: str, spec: Spec) -> Floats:
    """Return a frame in the network's channels, [height, width, channels] in 0..255."""
    image = to_rgb(frame, encoding)
    if spec.channels == 1 and image.shape[2] == 3:
        image = image @ np.array([[0.299], [0.587], [0.114]])
    if spec.channels == 3 and image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    if spec.color == "bgr":
        image = image[:, :, ::-1]
    return image


def to_pixels(tensor: NDArray[np.float32], spec: Spec) -> Floats:
    """Undo the normalisation and return [height, width, channels]."""
    image = tensor[0] if spec.channels_last else tensor[0].transpose(1, 2, 0)
    return image / np.array(spec.scale[: spec.channels]) + np.array(spec.mean[: spec.channels])
