"""
Cameras of Video4Linux2, spoken to directly.

The kernel's own time of capture is kept, pictures are passed on in the camera's format, the newest
one is always the one that is read, and no call blocks longer than it may. The formats that need
no unpacking are preferred; JPEG is used where only that reaches the size and rate asked for.
"""

from __future__ import annotations

import ctypes
import errno
from pathlib import Path

import numpy as np

from edge_perception.core.source import CameraRequest, Frame, Skipped, Source, SourceError
from edge_perception.drivers import v4l2_abi as abi
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.linux import explain, Linux, Mapping, System
from edge_perception.drivers.pixels import decode_jpeg, fit
from edge_perception.drivers.v4l2_modes import formats, identify

ENCODINGS = {
    "YUYV": ("yuv422_yuy2", 2),
    "UYVY": ("yuv422", 2),
    "RGB3": ("rgb8", 3),
    "BGR3": ("bgr8", 3),
    "GREY": ("mono8", 1),
    "MJPG": ("bgr8", 0),
}
"""ROS encoding and bytes a pixel (0: JPEG) of the formats in use, the preferred ones first."""

_USUAL_WIDTH, _USUAL_HEIGHT, _USUAL_RATE = 640, 480, 15.0
"""What to look for unless asked otherwise: not what the last program happened to use."""

_BUFFERS = 4
_STALE = 500_000_000
"""Older pictures [ns] were waiting while nobody read, e.g. since before the node was active."""


def multi_planar(can: int) -> str:
    """Return what to do if a device's pictures are in several planes; empty: they aren't."""
    if not can & abi.VIDEO_CAPTURE_MPLANE:
        return ""
    return (
        "it is multi-planar, as the cameras of a board's own connector are; use their "
        "ROS driver and give its topic to the perception node"
    )


class V4l2Camera:
    """A camera that is streaming."""

    live = True

    def __init__(self, path: str, request: CameraRequest, system: System | None = None) -> None:
        self._path = path
        self._request = request
        self._system = system or Linux()
        self._maps: list[Mapping] = []
        self._sequence: int | None = None
        self.rate = 0.0
        try:
            self._descriptor: int | None = self._system.open(path)
        except OSError as error:
            raise SourceError(explain(path, error)) from error
        try:
            self._name = self._identify()
            self._format, self._pixels, self.rate = self._negotiate()
            self._start()
        except OSError as error:
            self.close()
            raise SourceError(explain(path, error)) from error
        except SourceError:
            self.close()
            raise

    def describe(self) -> str:
        """Return name, path and format."""
        rate = f", {self.rate:.4g} pictures/s" if self.rate else ""
        size = f"{self._pixels.width}x{self._pixels.height}"
        return f"{self._name} ({self._path}), {size} {self._format}{rate}"

    def read(self, timeout: float) -> Frame | Skipped | None:
        """Return the newest picture that is not stale, or None if none came in time."""
        deadline = self._system.monotonic() + round(timeout * 1e9)
        try:
            while True:
                left = max(0, deadline - self._system.monotonic()) / 1e9
                if not self._system.wait(self._device(), left):
                    return None
                buffer = self._newest()
                if buffer is not None:
                    return self._take(buffer)
                if self._system.monotonic() >= deadline:
                    return None
        except OSError as error:
            raise SourceError(explain(self._path, error)) from error

    def close(self) -> None:
        """Stop streaming and release the camera; it may be gone already."""
        if self._descriptor is None:
            return
        try:
            kind = ctypes.c_int(abi.VIDEO_CAPTURE)
            self._system.ioctl(self._descriptor, abi.STREAMOFF, kind)
        except OSError:
            pass
        for memory in self._maps:
            memory.close()
        self._maps.clear()
        self._system.close(self._descriptor)
        self._descriptor = None

    def _device(self) -> int:
        if self._descriptor is None:
            raise SourceError(f"the camera {self._path} was closed")
        return self._descriptor

    def _ioctl(self, request: int, argument: ctypes.Structure | ctypes.c_int) -> None:
        self._system.ioctl(self._device(), request, argument)

    def _identify(self) -> str:
        name, can = identify(self._system, self._device())
        if not (can & abi.VIDEO_CAPTURE and can & abi.STREAMING):
            why = multi_planar(can) or (
                "one camera often has several devices; try the next lower number "
                "(v4l2-ctl --list-devices)"
            )
            raise SourceError(f"{self._path} ({name}) gives no pictures: {why}")
        return name

    def _negotiate(self) -> tuple[str, abi.PixelFormat, float]:
        """Find the format that comes closest to the size and rate asked for, and set it."""
        offered = formats(self._system, self._device())
        usable = [code for code in ENCODINGS if code in offered]
        if not usable:
            raise SourceError(
                f"{self._path} offers the formats {', '.join(offered) or 'none'}; "
                f"expected one of {', '.join(ENCODINGS)}"
            )
        wanted = (self._request.width or _USUAL_WIDTH, self._request.height or _USUAL_HEIGHT)
        fast_enough = self._request.rate or _USUAL_RATE

        def shortfall(code: str) -> tuple[int, float]:
            pixels, rate = self._set_format(code, wanted)
            missing = abs(pixels.width - wanted[0]) + abs(pixels.height - wanted[1])
            # Devices round their rates; half a picture a second is no reason for JPEG.
            slow = fast_enough - rate if rate else 0.0
            return missing, slow if slow > 0.5 else 0.0

        best = min(usable, key=shortfall)  # the first, preferred one of equals
        return best, *self._set_format(best, wanted)

    def _set_format(self, code: str, size: tuple[int, int]) -> tuple[abi.PixelFormat, float]:
        """Set a format; return what the device made of it, and the rate."""
        wish = abi.Format(type=abi.VIDEO_CAPTURE)
        wish.fmt.pix.width, wish.fmt.pix.height = size
        wish.fmt.pix.pixelformat = abi.fourcc(code)
        self._ioctl(abi.S_FMT, wish)
        parameters = abi.StreamParameters(type=abi.VIDEO_CAPTURE)
        try:
            self._ioctl(abi.G_PARM, parameters)
            interval = parameters.parm.capture.timeperframe
            if self._request.rate and parameters.parm.capture.capability & abi.TIMEPERFRAME:
                interval.numerator = 1000
                interval.denominator = round(1000 * self._request.rate)
                self._ioctl(abi.S_PARM, parameters)
        except OSError as error:
            if error.errno not in (errno.ENOTTY, errno.EINVAL):  # not every device has a rate
                raise
            return wish.fmt.pix, 0.0
        rate = interval.denominator / interval.numerator if interval.numerator else 0.0
        return wish.fmt.pix, rate

    def _start(self) -> None:
        request = abi.RequestBuffers(
            count=_BUFFERS, type=abi.VIDEO_CAPTURE, memory=abi.MEMORY_MMAP
        )
        self._ioctl(abi.REQBUFS, request)
        for index in range(request.count):
            buffer = self._buffer(index)
            self._ioctl(abi.QUERYBUF, buffer)
            self._maps.append(self._system.map(self._device(), buffer.length, buffer.m.offset))
            self._ioctl(abi.QBUF, buffer)
        self._ioctl(abi.STREAMON, ctypes.c_int(abi.VIDEO_CAPTURE))

    def _buffer(self, index: int = 0) -> abi.Buffer:
        return abi.Buffer(index=index, type=abi.VIDEO_CAPTURE, memory=abi.MEMORY_MMAP)

    def _newest(self) -> abi.Buffer | None:
        """Take all filled buffers from the queue and give all but the newest good one back."""
        newest: abi.Buffer | None = None
        while True:
            buffer = self._buffer()
            try:
                self._ioctl(abi.DQBUF, buffer)
            except BlockingIOError:
                return newest
            stale = self._system.monotonic() - self._captured(buffer) > _STALE
            if buffer.flags & abi.FLAG_ERROR or stale:
                self._ioctl(abi.QBUF, buffer)
                continue
            if newest is not None:
                self._ioctl(abi.QBUF, newest)
            newest = buffer

    def _captured(self, buffer: abi.Buffer) -> int:
        """Return when a picture was taken, on the monotonic clock."""
        if buffer.flags & abi.FLAG_TIMESTAMP_MASK != abi.FLAG_TIMESTAMP_MONOTONIC:
            return self._system.monotonic()
        seconds, micros = buffer.timestamp.tv_sec, buffer.timestamp.tv_usec
        return int(seconds) * 1_000_000_000 + int(micros) * 1000

    def _take(self, buffer: abi.Buffer) -> Frame | Skipped:
        """Copy a picture out of its buffer, so that the camera can fill that again."""
        age = self._system.monotonic() - self._captured(buffer)
        stamp = self._system.time() - age
        last, self._sequence = self._sequence, buffer.sequence
        lost = 0 if last is None else max(0, buffer.sequence - last - 1)
        memory = np.frombuffer(self._maps[buffer.index], np.uint8, buffer.bytesused).copy()
        self._ioctl(abi.QBUF, buffer)
        name = f"picture {buffer.sequence}"
        encoding, depth = ENCODINGS[self._format]
        if not depth:
            data = decode_jpeg(memory)
            if data is None:
                return Skipped(name, "its JPEG data is damaged; check the USB cable")
        else:
            height, width = self._pixels.height, self._pixels.width
            pitch = self._pixels.bytesperline or width * depth
            if memory.size < pitch * height:
                return Skipped(
                    name, f"it has {memory.size} of {pitch * height} bytes; check the USB cable"
                )
            rows = memory[: pitch * height].reshape(height, pitch)[:, : width * depth]
            data = rows.reshape((height, width, depth) if depth > 1 else (height, width))
        return fit(Frame(data, encoding, name, stamp, lost), self._request)


def _accepts(spec: str) -> bool:
    return spec.isdecimal() or spec.startswith("/dev/")


def _open(spec: str, request: CameraRequest) -> Source:
    path = f"/dev/video{spec}" if spec.isdecimal() else str(Path(spec))
    return V4l2Camera(path, request)


DRIVER = Driver("a camera's number or /dev/video path", _accepts, _open)
