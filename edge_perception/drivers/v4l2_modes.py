"""What a camera of Video4Linux2 offers: formats, their sizes, and how many pictures a second."""

from __future__ import annotations

import ctypes
import errno
from typing import NamedTuple

from edge_perception.drivers import v4l2_abi as abi
from edge_perception.drivers.linux import System

_LONGEST = 256
"""No device has longer lists; a broken driver's may have no end."""

Pixels = tuple[int, int]
"""Width and height."""


class Size(NamedTuple):
    """
    A size of pictures, or all from one to another.

    :ivar least: the smallest
    :ivar most: the largest; the same if it is one size
    :ivar rates: pictures a second at the largest, fastest first; empty: the device doesn't say
    :ivar any_rate: the rates are the ends of a range
    """

    least: Pixels
    most: Pixels
    rates: tuple[float, ...]
    any_rate: bool = False


def identify(system: System, descriptor: int) -> tuple[str, int]:
    """
    Return the name of a device, and the bits of what it can do.

    :raises OSError: if it isn't there any more, or is nothing of Video4Linux2.
    """
    capability = abi.Capability()
    system.ioctl(descriptor, abi.QUERYCAP, capability)
    every = capability.capabilities
    can = capability.device_caps if every & abi.DEVICE_CAPS else every
    return str(capability.card.decode("utf-8", "replace")) or "camera", int(can)


def formats(system: System, descriptor: int) -> dict[str, int]:
    """
    Return the formats by what they are called, such as YUYV: the numbers that stand for them.

    :raises OSError: if the device isn't there any more, or is no camera.
    """
    found: list[int] = []
    entry = abi.FormatDescription(type=abi.VIDEO_CAPTURE)
    while _has(system, descriptor, abi.ENUM_FMT, entry, len(found)):
        found.append(int(entry.pixelformat))
    return {_called(number): number for number in found}


def sizes(system: System, descriptor: int, number: int) -> list[Size]:
    """
    Return the sizes of a format; none: the device doesn't say.

    :param number: of one of those that `formats` returned.
    :raises OSError: if the device isn't there any more.
    """
    found: list[Size] = []
    entry = abi.FrameSizes(pixel_format=number)
    while _has(system, descriptor, abi.ENUM_FRAMESIZES, entry, len(found)):
        if entry.type == abi.DISCRETE:
            least = most = (entry.discrete.width, entry.discrete.height)
        else:
            steps = entry.stepwise
            least, most = (steps.min_width, steps.min_height), (steps.max_width, steps.max_height)
        found.append(Size(least, most, *_rates(system, descriptor, number, most)))
        if entry.type != abi.DISCRETE:  # a range is the only entry
            break
    return found


def _rates(
    system: System, descriptor: int, number: int, size: Pixels
) -> tuple[tuple[float, ...], bool]:
    """Return the rates, and whether they are the ends of a range."""
    rates: list[float] = []
    entry = abi.FrameIntervals(pixel_format=number, width=size[0], height=size[1])
    while _has(system, descriptor, abi.ENUM_FRAMEINTERVALS, entry, len(rates)):
        if entry.type != abi.DISCRETE:
            return (_rate(entry.stepwise.min), _rate(entry.stepwise.max)), True
        rates.append(_rate(entry.discrete))
    return tuple(sorted(rates, reverse=True)), False


def _rate(interval: abi.Fraction) -> float:
    return float(interval.denominator / interval.numerator) if interval.numerator else 0.0


def _called(number: int) -> str:
    """Return a format's name as the kernel writes it: the highest bit means big-endian numbers."""
    code = (number & 0x7FFFFFFF).to_bytes(4, "little").decode("ascii", "replace").strip()
    return f"{code}-BE" if number >> 31 else code


def _has(
    system: System, descriptor: int, request: int, entry: ctypes.Structure, index: int
) -> bool:
    """Have an entry of a list filled in; tell whether there is one."""
    if index >= _LONGEST:
        return False
    entry.index = index
    try:
        system.ioctl(descriptor, request, entry)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTTY):  # its end, or there is no such list
            return False
        raise
    return True
