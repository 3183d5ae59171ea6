"""The part of linux/videodev2.h that capturing needs; a test compares it with the C header."""

from __future__ import annotations

import ctypes
from ctypes import c_int, c_long, c_ubyte, c_uint32, c_ulong

VIDEO_CAPTURE = 1
"""Both the buffer type and the capability bit."""
VIDEO_CAPTURE_MPLANE = 0x1000
VIDEO_OUTPUT_MPLANE = 0x2000
STREAMING = 0x04000000
DEVICE_CAPS = 0x80000000
MEMORY_MMAP = 1
DISCRETE = 1
"""The type of sizes and of intervals that are single ones; others are ranges."""
TIMEPERFRAME = 0x1000
FLAG_ERROR = 0x40
FLAG_TIMESTAMP_MASK = 0xE000
FLAG_TIMESTAMP_MONOTONIC = 0x2000


class Capability(ctypes.Structure):
    """struct v4l2_capability."""

    _fields_ = [
        ("driver", ctypes.c_char * 16),
        ("card", ctypes.c_char * 32),
        ("bus_info", ctypes.c_char * 32),
        ("version", c_uint32),
        ("capabilities", c_uint32),
        ("device_caps", c_uint32),
        ("reserved", c_uint32 * 3),
    ]


class FormatDescription(ctypes.Structure):
    """struct v4l2_fmtdesc."""

    _fields_ = [
        ("index", c_uint32),
        ("type", c_uint32),
        ("flags", c_uint32),
        ("description", ctypes.c_char * 32),
        ("pixelformat", c_uint32),
        ("mbus_code", c_uint32),
        ("reserved", c_uint32 * 3),
    ]


class PixelFormat(ctypes.Structure):
    """struct v4l2_pix_format."""

    _fields_ = [
        (name, c_uint32)
        for name in (
            *("width", "height", "pixelformat", "field", "bytesperline", "sizeimage"),
            *("colorspace", "priv", "flags", "ycbcr_enc", "quantization", "xfer_func"),
        )
    ]


class _FormatUnion(ctypes.Union):
    # The kernel's union also holds pointers, which align it.
    _fields_ = [("pix", PixelFormat), ("raw", c_ubyte * 200), ("align", c_ulong)]


class Format(ctypes.Structure):
    """struct v4l2_format."""

    _fields_ = [("type", c_uint32), ("fmt", _FormatUnion)]


class Fraction(ctypes.Structure):
    """struct v4l2_fract."""

    _fields_ = [("numerator", c_uint32), ("denominator", c_uint32)]


class DiscreteSize(ctypes.Structure):
    """struct v4l2_frmsize_discrete."""

    _fields_ = [("width", c_uint32), ("height", c_uint32)]


class SizeRange(ctypes.Structure):
    """struct v4l2_frmsize_stepwise."""

    _fields_ = [
        (f"{end}_{side}", c_uint32)
        for side in ("width", "height")
        for end in ("min", "max", "step")
    ]


class _SizesUnion(ctypes.Union):
    _fields_ = [("discrete", DiscreteSize), ("stepwise", SizeRange)]


class FrameSizes(ctypes.Structure):
    """struct v4l2_frmsizeenum."""

    _anonymous_ = ("either",)
    _fields_ = [
        ("index", c_uint32),
        ("pixel_format", c_uint32),
        ("type", c_uint32),
        ("either", _SizesUnion),
        ("reserved", c_uint32 * 2),
    ]


class IntervalRange(ctypes.Structure):
    """struct v4l2_frmival_stepwise."""

    _fields_ = [("min", Fraction), ("max", Fraction), ("step", Fraction)]


class _IntervalsUnion(ctypes.Union):
    _fields_ = [("discrete", Fraction), ("stepwise", IntervalRange)]


class FrameIntervals(ctypes.Structure):
    """struct v4l2_frmivalenum."""

    _anonymous_ = ("either",)
    _fields_ = [
        ("index", c_uint32),
        ("pixel_format", c_uint32),
        ("width", c_uint32),
        ("height", c_uint32),
        ("type", c_uint32),
        ("either", _IntervalsUnion),
        ("reserved", c_uint32 * 2),
    ]


class CaptureParameters(ctypes.Structure):
    """struct v4l2_captureparm."""

    _fields_ = [
        ("capability", c_uint32),
        ("capturemode", c_uint32),
        ("timeperframe", Fraction),
        ("extendedmode", c_uint32),
        ("readbuffers", c_uint32),
        ("reserved", c_uint32 * 4),
    ]


class _ParametersUnion(ctypes.Union):
    _fields_ = [("capture", CaptureParameters), ("raw", c_ubyte * 200)]


class StreamParameters(ctypes.Structure):
    """struct v4l2_streamparm."""

    _fields_ = [("type", c_uint32), ("parm", _ParametersUnion)]


class RequestBuffers(ctypes.Structure):
    """struct v4l2_requestbuffers."""

    _fields_ = [
        ("count", c_uint32),
        ("type", c_uint32),
        ("memory", c_uint32),
        ("capabilities", c_uint32),
        ("flags", c_ubyte),
        ("reserved", c_ubyte * 3),
    ]


class TimeValue(ctypes.Structure):
    """struct timeval."""

    _fields_ = [("tv_sec", c_long), ("tv_usec", c_long)]


class TimeCode(ctypes.Structure):
    """struct v4l2_timecode."""

    _fields_ = [
        ("type", c_uint32),
        ("flags", c_uint32),
        ("frames", c_ubyte),
        ("seconds", c_ubyte),
        ("minutes", c_ubyte),
        ("hours", c_ubyte),
        ("userbits", c_ubyte * 4),
    ]


class _MemoryUnion(ctypes.Union):
    _fields_ = [("offset", c_uint32), ("userptr", c_ulong)]


class Buffer(ctypes.Structure):
    """struct v4l2_buffer."""

    _fields_ = [
        ("index", c_uint32),
        ("type", c_uint32),
        ("bytesused", c_uint32),
        ("flags", c_uint32),
        ("field", c_uint32),
        ("timestamp", TimeValue),
        ("timecode", TimeCode),
        ("sequence", c_uint32),
        ("memory", c_uint32),
        ("m", _MemoryUnion),
        ("length", c_uint32),
        ("reserved2", c_uint32),
        ("request_fd", c_uint32),
    ]


def _request(direction: int, number: int, argument: type[ctypes._CData]) -> int:
    """Build an ioctl request number as _IOR, _IOW and _IOWR do."""
    return direction << 30 | ctypes.sizeof(argument) << 16 | ord("V") << 8 | number


_WRITE, _READ, _BOTH = 1, 2, 3
QUERYCAP = _request(_READ, 0, Capability)
ENUM_FMT = _request(_BOTH, 2, FormatDescription)
S_FMT = _request(_BOTH, 5, Format)
REQBUFS = _request(_BOTH, 8, RequestBuffers)
QUERYBUF = _request(_BOTH, 9, Buffer)
QBUF = _request(_BOTH, 15, Buffer)
DQBUF = _request(_BOTH, 17, Buffer)
STREAMON = _request(_WRITE, 18, c_int)
STREAMOFF = _request(_WRITE, 19, c_int)
G_PARM = _request(_BOTH, 21, StreamParameters)
S_PARM = _request(_BOTH, 22, StreamParameters)
ENUM_FRAMESIZES = _request(_BOTH, 74, FrameSizes)
ENUM_FRAMEINTERVALS = _request(_BOTH, 75, FrameIntervals)


def fourcc(code: str) -> int:
    """Return the number of a pixel format, e.g. "YUYV"."""
    return int.from_bytes(code.encode("ascii"), "little")
