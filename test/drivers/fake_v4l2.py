"""
A UVC camera as the kernel shows it: ioctls, mapped buffers, poll, errors.

Written against the kernel's V4L2 documentation, not against the driver that it tests.
"""

from __future__ import annotations

from collections import deque
import ctypes
from dataclasses import dataclass, field
import errno
import mmap
import os

from edge_perception.drivers import v4l2_abi as abi

SIZES = ((320, 240), (640, 480), (1280, 720))
DESCRIPTOR = 7


@dataclass
class FakeCamera:
    """The device and the system calls that reach it; time only passes when told or waited for."""

    formats: dict[str, dict[tuple[int, int], int]] = field(
        default_factory=lambda: {
            "YUYV": {(320, 240): 30, (640, 480): 30, (1280, 720): 10},
            "MJPG": {(320, 240): 30, (640, 480): 30, (1280, 720): 30},
        }
    )
    capabilities: int = abi.VIDEO_CAPTURE | abi.STREAMING
    padding: int = 0
    present: bool = True
    busy: bool = False
    has_rate: bool = True
    is_scaled: bool = False
    """Any size between the smallest and the largest, as of a sensor with a scaler."""

    def __post_init__(self) -> None:
        self.clock = 1_000_000_000_000
        self.epoch = 1_700_000_000_000_000_000  # system time minus monotonic time
        self.is_open = False
        self.streaming = False
        self.pixels = ("YUYV", 320, 240)
        self.buffers: list[mmap.mmap] = []
        self.queued: deque[int] = deque()
        self.filled: deque[abi.Buffer] = deque()
        self.sequence = 0
        self.opened = 0

    # what happens at the camera

    def take(self, picture: bytes, flags: int = abi.FLAG_TIMESTAMP_MONOTONIC) -> None:
        """Take a picture: it is lost when no buffer is queued, as in a real camera."""
        if self.streaming and self.queued:
            index = self.queued.popleft()
            self.buffers[index][: len(picture)] = picture
            buffer = abi.Buffer(index=index, type=1, memory=1, bytesused=len(picture), flags=flags)
            buffer.timestamp.tv_sec, nanoseconds = divmod(self.clock, 1_000_000_000)
            buffer.timestamp.tv_usec = nanoseconds // 1000
            buffer.sequence = self.sequence
            self.filled.append(buffer)
        self.sequence += 1

    def unplug(self) -> None:
        self.present = False
        self.streaming = False
        self.filled.clear()

    # System

    def open(self, path: str) -> int:
        if not self.present:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        assert not self.is_open, "opened twice"
        self.is_open = True
        self.opened += 1
        return DESCRIPTOR

    def close(self, descriptor: int) -> None:
        assert descriptor == DESCRIPTOR
        assert self.is_open
        assert all(buffer.closed for buffer in self.buffers), "closed with mapped buffers"
        self.is_open = self.streaming = False
        self.buffers.clear()
        self.queued.clear()
        self.filled.clear()

    def map(self, descriptor: int, length: int, offset: int) -> mmap.mmap:
        assert length == self._image_size()
        assert offset == len(self.buffers) * mmap.ALLOCATIONGRANULARITY
        self.buffers.append(mmap.mmap(-1, length))
        return self.buffers[-1]

    def wait(self, descriptor: int, timeout: float) -> bool:
        assert timeout >= 0
        if self.filled or not self.present:
            return True
        self.clock += round(timeout * 1e9)
        return False

    def monotonic(self) -> int:
        return self.clock

    def time(self) -> int:
        return self.clock + self.epoch

    def ioctl(
        self, descriptor: int, request: int, argument: ctypes.Structure | ctypes.c_int
    ) -> None:
        assert descriptor == DESCRIPTOR
        assert self.is_open
        if not self.present:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        code = self._handle(request, argument)
        if code:
            raise OSError(code, os.strerror(code))

    def _handle(self, request: int, argument) -> int:
        if request == abi.QUERYCAP:
            argument.card = b"Fake UVC camera"
            argument.capabilities = self.capabilities | abi.DEVICE_CAPS
            argument.device_caps = self.capabilities
            return 0
        if request in (abi.STREAMON, abi.STREAMOFF):
            assert argument.value == abi.VIDEO_CAPTURE
            self.streaming = request == abi.STREAMON
            return 0
        if request in (abi.ENUM_FRAMESIZES, abi.ENUM_FRAMEINTERVALS):
            sizes = self.formats[argument.pixel_format.to_bytes(4, "little").decode()]
            if request == abi.ENUM_FRAMESIZES:
                return self._enumerate_sizes(argument, sizes)
            return self._enumerate_intervals(argument, sizes)
        if argument.type != abi.VIDEO_CAPTURE:
            return errno.EINVAL
        return {
            abi.ENUM_FMT: self._enumerate,
            abi.S_FMT: self._set_format,
            abi.G_PARM: self._get_rate,
            abi.S_PARM: self._get_rate,
            abi.REQBUFS: self._request_buffers,
            abi.QUERYBUF: self._query_buffer,
            abi.QBUF: self._queue,
            abi.DQBUF: self._dequeue,
        }[request](argument)

    def _enumerate(self, entry: abi.FormatDescription) -> int:
        if entry.index >= len(self.formats):
            return errno.EINVAL
        entry.pixelformat = abi.fourcc(list(self.formats)[entry.index])
        return 0

    def _enumerate_sizes(self, entry: abi.FrameSizes, sizes: dict[tuple[int, int], int]) -> int:
        if entry.index >= (1 if self.is_scaled else len(sizes)):
            return errno.EINVAL
        if self.is_scaled:
            entry.type = 3
            entry.stepwise.min_width, entry.stepwise.min_height = min(sizes)
            entry.stepwise.max_width, entry.stepwise.max_height = max(sizes)
        else:
            entry.type = 1
            entry.discrete.width, entry.discrete.height = list(sizes)[entry.index]
        return 0

    def _enumerate_intervals(
        self, entry: abi.FrameIntervals, sizes: dict[tuple[int, int], int]
    ) -> int:
        """Give the fastest and half of it; in this order, as UVC cameras do."""
        if not self.has_rate:
            return errno.ENOTTY
        fastest = sizes.get((entry.width, entry.height))
        if fastest is None or entry.index >= (1 if self.is_scaled else 2):
            return errno.EINVAL
        if self.is_scaled:
            entry.type = 2
            entry.stepwise.min = abi.Fraction(1, fastest)
            entry.stepwise.max = abi.Fraction(1, 1)
        else:
            entry.type = 1
            entry.discrete = abi.Fraction(1 + entry.index, fastest)
        return 0

    def _get_format(self, wish: abi.Format) -> int:
        code, width, height = self.pixels
        wish.fmt.pix.width, wish.fmt.pix.height = width, height
        wish.fmt.pix.pixelformat = abi.fourcc(code)
        wish.fmt.pix.bytesperline = 0 if code == "MJPG" else 2 * width + self.padding
        wish.fmt.pix.sizeimage = self._image_size()
        return 0

    def _set_format(self, wish: abi.Format) -> int:
        if self.buffers:
            return errno.EBUSY
        code = wish.fmt.pix.pixelformat.to_bytes(4, "little").decode()
        sizes = self.formats.get(code) or self.formats[code := next(iter(self.formats))]
        asked = (wish.fmt.pix.width, wish.fmt.pix.height)
        nearest = min(sizes, key=lambda size: abs(size[0] - asked[0]) + abs(size[1] - asked[1]))
        self.pixels = (code, *nearest)
        return self._get_format(wish)

    def _get_rate(self, parameters: abi.StreamParameters) -> int:
        if not self.has_rate:
            return errno.ENOTTY
        code, width, height = self.pixels
        capture = parameters.parm.capture
        asked = capture.timeperframe
        fastest = self.formats[code][width, height]
        rate = min(fastest, asked.denominator / asked.numerator if asked.numerator else fastest)
        capture.capability = abi.TIMEPERFRAME
        capture.timeperframe = abi.Fraction(10, round(10 * rate))
        return 0

    def _request_buffers(self, request: abi.RequestBuffers) -> int:
        if self.busy:
            return errno.EBUSY
        request.count = min(request.count, 4)
        return 0

    def _query_buffer(self, buffer: abi.Buffer) -> int:
        buffer.length = self._image_size()
        buffer.m.offset = buffer.index * mmap.ALLOCATIONGRANULARITY
        return 0

    def _queue(self, buffer: abi.Buffer) -> int:
        if buffer.index >= len(self.buffers) or buffer.index in self.queued:
            return errno.EINVAL
        self.queued.append(buffer.index)
        return 0

    def _dequeue(self, buffer: abi.Buffer) -> int:
        if not self.filled:
            return errno.EAGAIN
        ctypes.pointer(buffer)[0] = self.filled.popleft()
        return 0

    def _image_size(self) -> int:
        _, width, height = self.pixels
        return (2 * width + self.padding) * height
