"""Pictures of bags that rosbags wrote, as the compiler takes them, beside what went in."""

from __future__ import annotations

from collections.abc import Iterator
import io
from pathlib import Path
from typing import Any

from bags import BEGIN, drive, MCAP, Said, SQLITE, write
import numpy as np
from PIL import Image as Picture
import pytest

from edge_compiler.cli import main
from edge_compiler.errors import CompileError
from edge_compiler.samples.images import calibration_images, read_image
from edge_compiler.samples.recorded import as_pictures
from edge_perception.core.image import to_message
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages.types import CompressedImage, Header
from edge_perception.replay.pictures import MOST

Array = np.ndarray[Any, Any]
COUNT = 300


def _pixels(index: int) -> Array:
    """Return a picture that tells its number."""
    pixels = np.full((4, 6, 3), index % 256, np.uint8)
    pixels[..., 1] = index // 256
    pixels[0, 0] = (200, 100, 50)
    return pixels


def _frames(topic: str, encoding: str, count: int = COUNT) -> Iterator[Said]:
    for index in range(count):
        time = BEGIN + index * SECOND // 10
        header = Header(stamp=to_time(time), frame_id="camera")
        pixels = _pixels(index)
        if encoding == "png":
            file = io.BytesIO()
            Picture.fromarray(pixels).save(file, "png")
            data = np.frombuffer(file.getvalue(), np.uint8)
            yield time, topic, CompressedImage(header=header, format="rgb8; png", data=data)
        else:
            if encoding == "bgr8":
                pixels = pixels[..., ::-1]
            elif encoding == "rgb16":
                pixels = pixels.astype(np.uint16) * 257
            yield time, topic, to_message(pixels, encoding, header)


def _taken(path: Path, topic: str | None = None) -> list[Array]:
    with as_pictures(path, topic, lambda *_: None) as folder:
        taken = [read_image(picture) for picture in calibration_images(folder)]
    assert not folder.exists()
    return taken


@pytest.mark.parametrize("storage", [MCAP, SQLITE])
@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgb16", "png"])
def test_the_pictures_of_a_bag_are_taken_evenly(
    encoding: str, storage: Any, tmp_path: Path
) -> None:
    write(tmp_path / "bag", _frames("/camera", encoding), storage)
    taken = _taken(tmp_path / "bag")
    assert len(taken) == MOST
    numbers = [int(each[1, 1, 0]) + 256 * int(each[1, 1, 1]) for each in taken]
    assert (numbers[0], numbers[-1]) == (0, COUNT - 1)
    assert set(np.diff(numbers)) <= {2, 3}
    for number, picture in zip(numbers, taken, strict=True):
        np.testing.assert_array_equal(picture, _pixels(number))


def test_a_file_of_a_bag_is_enough_and_its_topic_may_be_said(tmp_path: Path) -> None:
    write(tmp_path / "bag", [*drive(1.0), *_frames("/other", "rgb8", 3)], MCAP)
    [file] = (tmp_path / "bag").glob("*.mcap")
    with pytest.raises(CompileError, match=r"images on /camera/image_raw, /other: say which"):
        _taken(file)
    with pytest.raises(CompileError, match=r"has no images on /odom: there are /camera"):
        _taken(file, "/odom")
    assert len(_taken(file, "/other")) == 3
    assert len(_taken(file, "/camera/image_raw")) == 10


def test_a_network_is_calibrated_as_on_the_same_pictures(
    tiny_onnx: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = write(tmp_path / "bag", drive(3.0), MCAP)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, picture in enumerate(_taken(bag)):
        Picture.fromarray(picture).save(folder / f"{number:02}.png")
    files = [tmp_path / "bag.onnx", tmp_path / "pictures.onnx"]
    for samples, file in zip((bag, folder), files, strict=True):
        words = ("quantise", tiny_onnx, "-o", file, "--calibration", samples)
        assert main([str(word) for word in words]) == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    assert "on 30 samples" in capsys.readouterr().out


def test_what_is_no_bag_of_pictures_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "bag", (said for said in drive(1.0) if said[1] == "/odom"), MCAP)
    with pytest.raises(CompileError, match="has no topic of images"):
        _taken(tmp_path / "bag")
    (tmp_path / "broken.mcap").write_bytes(b"nothing")
    with pytest.raises(CompileError, match=r"broken\.mcap"):
        _taken(tmp_path / "broken.mcap")
    with pytest.raises(CompileError, match="no bag"), as_pictures(tmp_path / "x", "/x", print):
        pass
    wrong = to_message(_pixels(0), "rgb8", Header(stamp=to_time(BEGIN), frame_id=""))
    wrong.encoding = "32FC1"
    write(tmp_path / "depth", [(BEGIN, "/depth", wrong)], MCAP)
    with pytest.raises(CompileError, match=r"can be used: .*32FC1"):
        _taken(tmp_path / "depth")
