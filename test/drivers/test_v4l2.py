from __future__ import annotations

import ctypes
from pathlib import Path
import shutil
import subprocess

from fake_v4l2 import FakeCamera
import numpy as np
import pytest

from edge_perception.core.source import CameraRequest, Frame, Skipped, SourceError
from edge_perception.drivers import v4l2_abi as abi
from edge_perception.drivers.v4l2 import V4l2Camera

VGA = 640 * 480 * 2


def camera(fake: FakeCamera, **wanted: object) -> V4l2Camera:
    return V4l2Camera("/dev/video0", CameraRequest(**wanted), fake)  # type: ignore[arg-type]


def picture(seed: int, size: int = VGA) -> bytes:
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8).tobytes()


def read(source: V4l2Camera) -> Frame:
    got = source.read(0.4)
    assert isinstance(got, Frame)
    return got


def test_structures_and_requests_are_those_of_the_kernel_header(tmp_path: Path) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler or not Path("/usr/include/linux/videodev2.h").exists():
        pytest.skip("needs a C compiler and the kernel's headers")
    structures = {
        "capability": abi.Capability,
        "fmtdesc": abi.FormatDescription,
        "pix_format": abi.PixelFormat,
        "format": abi.Format,
        "captureparm": abi.CaptureParameters,
        "streamparm": abi.StreamParameters,
        "requestbuffers": abi.RequestBuffers,
        "timecode": abi.TimeCode,
        "buffer": abi.Buffer,
        "frmsize_stepwise": abi.SizeRange,
        "frmsizeenum": abi.FrameSizes,
        "frmival_stepwise": abi.IntervalRange,
        "frmivalenum": abi.FrameIntervals,
    }
    ours, lines = [], []
    for name, structure in structures.items():
        ours.append(ctypes.sizeof(structure))
        lines.append(f"sizeof(struct v4l2_{name})")
        for member, *_ in structure._fields_:
            if member not in ("reserved", "reserved2", "request_fd", "either"):
                ours.append(getattr(structure, member).offset)
                lines.append(f"offsetof(struct v4l2_{name}, {member})")
    for request in (
        *("QUERYCAP", "ENUM_FMT", "S_FMT", "G_PARM", "S_PARM"),
        *("REQBUFS", "QUERYBUF", "QBUF", "DQBUF", "STREAMON", "STREAMOFF"),
        *("ENUM_FRAMESIZES", "ENUM_FRAMEINTERVALS"),
    ):
        ours.append(getattr(abi, request))
        lines.append(f"VIDIOC_{request}")
    for constant, name in (
        (abi.VIDEO_CAPTURE, "V4L2_CAP_VIDEO_CAPTURE"),
        (abi.VIDEO_CAPTURE, "V4L2_BUF_TYPE_VIDEO_CAPTURE"),
        (abi.VIDEO_CAPTURE_MPLANE, "V4L2_CAP_VIDEO_CAPTURE_MPLANE"),
        (abi.STREAMING, "V4L2_CAP_STREAMING"),
        (abi.DEVICE_CAPS, "V4L2_CAP_DEVICE_CAPS"),
        (abi.VIDEO_OUTPUT_MPLANE, "V4L2_CAP_VIDEO_OUTPUT_MPLANE"),
        (abi.MEMORY_MMAP, "V4L2_MEMORY_MMAP"),
        (abi.DISCRETE, "V4L2_FRMSIZE_TYPE_DISCRETE"),
        (abi.DISCRETE, "V4L2_FRMIVAL_TYPE_DISCRETE"),
        (abi.TIMEPERFRAME, "V4L2_CAP_TIMEPERFRAME"),
        (abi.FLAG_ERROR, "V4L2_BUF_FLAG_ERROR"),
        (abi.FLAG_TIMESTAMP_MASK, "V4L2_BUF_FLAG_TIMESTAMP_MASK"),
        (abi.FLAG_TIMESTAMP_MONOTONIC, "V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC"),
        (abi.fourcc("YUYV"), "V4L2_PIX_FMT_YUYV"),
        (abi.fourcc("MJPG"), "V4L2_PIX_FMT_MJPEG"),
        (abi.fourcc("RGB3"), "V4L2_PIX_FMT_RGB24"),
        (abi.fourcc("BGR3"), "V4L2_PIX_FMT_BGR24"),
        (abi.fourcc("GREY"), "V4L2_PIX_FMT_GREY"),
        (abi.fourcc("UYVY"), "V4L2_PIX_FMT_UYVY"),
    ):
        ours.append(constant)
        lines.append(name)
    source = tmp_path / "abi.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdio.h>\n#include <linux/videodev2.h>\nint main(void) {\n"
        + "".join(f'printf("%lu\\n", (unsigned long)({line}));\n' for line in lines)
        + "}\n"
    )
    program = tmp_path / "abi"
    subprocess.run([compiler, source, "-o", program], check=True)
    printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    theirs = [int(line) & 0xFFFFFFFF for line in printed.split()]
    assert dict(zip(lines, ours, strict=True)) == dict(zip(lines, theirs, strict=True))


@pytest.mark.parametrize("padding", [0, 64])
def test_a_picture_arrives_as_taken_with_the_time_of_its_capture(padding: int) -> None:
    fake = FakeCamera(padding=padding)
    source = camera(fake)
    data = picture(1, (1280 + padding) * 480)
    taken = fake.time()
    fake.take(data)
    fake.clock += 20_000_000
    frame = read(source)
    assert frame.encoding == "yuv422_yuy2"
    assert frame.stamp == taken
    rows = np.frombuffer(data, np.uint8).reshape(480, 1280 + padding)[:, :1280]
    np.testing.assert_array_equal(frame.data.reshape(480, 1280), rows)
    assert source.describe() == "Fake UVC camera (/dev/video0), 640x480 YUYV, 30 pictures/s"


def test_the_newest_picture_wins_and_the_others_are_counted() -> None:
    fake = FakeCamera()
    source = camera(fake)
    fake.take(picture(0))
    assert read(source).lost == 0
    for seed in (1, 2, 3):
        fake.take(picture(seed))
    frame = read(source)
    assert frame.data.tobytes() == picture(3)
    assert frame.lost == 2
    assert len(fake.queued) == 4  # every buffer went back to the camera


def test_pictures_from_before_the_node_was_active_are_not_given() -> None:
    fake = FakeCamera()
    source = camera(fake)
    for seed in range(6):
        fake.take(picture(seed))
    fake.clock += 5_000_000_000
    assert source.read(0.1) is None
    fake.take(picture(9))
    assert read(source).data.tobytes() == picture(9)


def test_a_read_is_bounded_when_nothing_comes() -> None:
    fake = FakeCamera()
    source = camera(fake)
    before = fake.clock
    assert source.read(0.4) is None
    assert fake.clock - before == 400_000_000


def test_a_picture_that_the_kernel_marks_as_bad_is_not_given() -> None:
    fake = FakeCamera()
    source = camera(fake)
    fake.take(picture(1), abi.FLAG_ERROR | abi.FLAG_TIMESTAMP_MONOTONIC)
    assert source.read(0.1) is None
    assert len(fake.queued) == 4


def test_an_incomplete_picture_is_skipped() -> None:
    fake = FakeCamera()
    source = camera(fake)
    fake.take(picture(1)[:1000])
    got = source.read(0.1)
    assert isinstance(got, Skipped)
    assert "1000 of 614400 bytes" in got.reason


def test_jpeg_is_used_only_where_it_is_needed_for_the_rate() -> None:
    slow = camera(FakeCamera(), width=1280, height=720, rate=10.0)
    assert "1280x720 YUYV, 10 " in slow.describe()
    lively = camera(FakeCamera(), width=1280, height=720)
    assert "1280x720 MJPG, 30 " in lively.describe()
    fake = FakeCamera()
    source = camera(fake, width=1280, height=720, rate=30.0)
    assert "1280x720 MJPG, 30 " in source.describe()
    cv2 = pytest.importorskip("cv2")
    grey = np.full((720, 1280, 3), 99, np.uint8)
    fake.take(cv2.imencode(".jpg", grey)[1].tobytes())
    frame = read(source)
    assert frame.encoding == "bgr8"
    np.testing.assert_allclose(frame.data, grey, atol=2)
    fake.take(b"\xff\xd8 damaged")
    assert isinstance(source.read(0.1), Skipped)


def test_a_lower_rate_is_asked_of_the_camera() -> None:
    assert camera(FakeCamera(), rate=7.5).rate == 7.5


def test_a_camera_without_a_rate_works() -> None:
    fake = FakeCamera(has_rate=False)
    source = camera(fake, rate=30.0)
    assert source.rate == 0
    fake.take(picture(1))
    assert read(source)


def test_the_encoding_asked_for_is_given() -> None:
    fake = FakeCamera()
    source = camera(fake, encoding="rgb8")
    fake.take(bytes([235, 128]) * (VGA // 2))  # white in BT.601
    frame = read(source)
    assert (frame.encoding, frame.data.shape) == ("rgb8", (480, 640, 3))
    assert frame.data.min() >= 254


def test_unplugging_is_an_error_and_the_camera_can_be_opened_again() -> None:
    fake = FakeCamera()
    source = camera(fake)
    fake.unplug()
    with pytest.raises(SourceError, match=r"/dev/video0 was unplugged; plug it in again"):
        source.read(0.4)
    source.close()
    with pytest.raises(SourceError, match="is not there"):
        camera(fake)
    fake.present = True
    again = camera(fake)
    fake.take(picture(1))
    assert read(again)
    again.close()
    again.close()
    assert not fake.is_open


@pytest.mark.parametrize(
    ("fake", "message"),
    [
        (FakeCamera(busy=True), "in use by another program"),
        (FakeCamera(capabilities=abi.STREAMING), "try the next lower number"),
        (FakeCamera(capabilities=abi.STREAMING | abi.VIDEO_CAPTURE_MPLANE), "multi-planar"),
        (FakeCamera(formats={"H264": {(640, 480): 30}}), "offers the formats H264"),
    ],
)
def test_what_can_not_be_used_is_refused_and_released(fake: FakeCamera, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        camera(fake)
    assert not fake.is_open


def test_the_real_system_gives_one_clear_sentence() -> None:
    with pytest.raises(SourceError, match=r"the camera /dev/video99 is not there; plug it in"):
        V4l2Camera("/dev/video99", CameraRequest())
    with pytest.raises(SourceError, match=r"/dev/null is no camera"):
        V4l2Camera("/dev/null", CameraRequest())
