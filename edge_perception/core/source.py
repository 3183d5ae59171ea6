"""
What a core expects of whatever gives it pictures or measurements: the drivers implement this.

A source is opened by the function that the shell hands to the core, read from one thread, and
closed. Reading never blocks longer than it was told to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

NATIVE = "native"
"""The wish for whatever encoding needs no conversion."""


class SourceError(Exception):
    """The source can't be opened or was lost: what, why and what to do, in one sentence."""


class SourceFinished(Exception):  # noqa: N818 - the end of a file is no error
    """All of a source that does not repeat itself was read."""


@dataclass(frozen=True)
class CameraRequest:
    """
    What is wanted of a source; zero means as the source likes best.

    :ivar width: of the pictures [pixel].
    :ivar height: of the pictures [pixel].
    :ivar rate: pictures a second; a hint to devices that can be told.
    :ivar encoding: as in sensor_msgs/image_encodings, or "native".
    :ivar loop: begin again after the last picture of a file or folder.
    """

    width: int = 0
    height: int = 0
    rate: float = 0.0
    encoding: str = NATIVE
    loop: bool = True


@dataclass(frozen=True)
class Frame:
    """
    One picture.

    :ivar data: rows x columns, with a third axis if a pixel has several channels.
    :ivar encoding: as in sensor_msgs/image_encodings.
    :ivar name: where it comes from, e.g. a file name; empty if there is nothing to tell.
    :ivar stamp: when it was taken, nanoseconds of system time; None if only the reader knows.
    :ivar lost: pictures that the device took since the last frame but that nobody fetched in time.
    """

    data: npt.NDArray[np.generic]
    encoding: str
    name: str = ""
    stamp: int | None = None
    lost: int = 0


@dataclass(frozen=True)
class Skipped:
    """A reading that can't be used, e.g. of a corrupt file; the next one may be fine."""

    name: str
    reason: str


Reading = TypeVar("Reading", covariant=True)


class Device(Protocol[Reading]):
    """An opened source of readings: pictures, or the measurements of a sensor."""

    @property
    def live(self) -> bool:
        """Return whether readings come when the device has them, instead of when asked for."""

    @property
    def rate(self) -> float:
        """Return the readings a second that the source has by nature; 0: unknown."""

    def describe(self) -> str:
        """Return what it is, for a person, e.g. "USB camera (/dev/video0), 640x480 yuyv"."""

    def read(self, timeout: float) -> Reading | Skipped | None:
        """
        Return the newest reading of a device, the next one of a file.

        :param timeout: seconds that it may take at most.
        :returns: None if there was none in that time.
        :raises SourceError: if the source is lost; it must be closed and opened anew.
        :raises SourceFinished: if there is none left.
        """

    def close(self) -> None:
        """Release the device or file. May be called twice."""


Source = Device[Frame]
"""A source of pictures."""
OpenCamera = Callable[[str, CameraRequest], Source]
