"""What the run-time part must compute, written with numpy in the plainest way."""

from fractions import Fraction
from math import floor

from box_model import Spec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HALF = Fraction(1, 2)


def box_sum(doubled: Floats) -> Floats:
    """Sum 3x3 neighbourhoods, zeros outside."""
    padded = np.pad(doubled, ((0, 0), (0, 0), (1, 1), (1, 1)))
    height, width = doubled.shape[2:]
    return sum(padded[:, :, y : y + height, x : x + width] for y in range(3) for x in range(3))


def to_rgb(frame: NDArray[np.uint8], encoding: str) -> Floats:
    """Return [height, width, 3 or 1] in 0..255; the name of an encoding says what to do."""
    pixels = frame.astype(np.float64)
    if encoding == "mono8":
        return pixels.reshape(*frame.shape[:2], 1)
    if encoding == "yuyv":
        y = (pixels[:, :, 0] - 16) * 255 / 219
        u = np.repeat(pixels[:, 0::2, 1], 2, axis=1) - 128
        v = np.repeat(pixels[:, 1::2, 1], 2, axis=1) - 128
        red = y + 1.402 * 255 / 224 * v
        blue = y + 1.772 * 255 / 224 * u
        green = y - 0.344136 * 255 / 224 * u - 0.714136 * 255 / 224 * v
        return np.clip(np.rint(np.stack([red, green, blue], axis=2)), 0, 255)
    return pixels[:, :, :3] if encoding.startswith("rgb") else pixels[:, :, 2::-1]


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


def pixels_of(frame: NDArray[np.uint8], encoding: str, spec: Spec) -> Floats:
    """Return the network's input before normalisation, [height, width, channels]."""
    image = to_rgb(frame, encoding)
    if spec.channels == 1 and image.shape[2] == 3:
        image = image @ np.array([[0.299], [0.587], [0.114]])
    if spec.channels == 3 and image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    if spec.color == "bgr":
        image = image[:, :, ::-1]
    return letterbox(image, spec) if spec.letterbox else resize(image, spec.height, spec.width)


def to_pixels(tensor: NDArray[np.float32], spec: Spec) -> Floats:
    """Undo the normalisation and return [height, width, channels]."""
    image = tensor[0] if spec.channels_last else tensor[0].transpose(1, 2, 0)
    return image / np.array(spec.scale[: spec.channels]) + np.array(spec.mean[: spec.channels])
