from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
import pytest

from edge_perception.core.source import CameraRequest, Frame, Skipped, SourceError, SourceFinished
from edge_perception.drivers import open_source

ONCE = CameraRequest(loop=False)


def save(path: Path, seed: int = 0, mode: str = "RGB", size: tuple[int, int] = (12, 8)) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).convert(mode).save(path)


def names(spec: Path | str, request: CameraRequest = ONCE) -> list[str]:
    source, found = open_source(str(spec), request), []
    while True:
        try:
            got = source.read(0.1)
        except SourceFinished:
            return found
        assert got is not None
        found.append(got.name if isinstance(got, Frame) else f"skipped {got.name}")


def test_a_folder_is_read_in_natural_order_and_once(tmp_path: Path) -> None:
    for name in ("10.png", "2.png", "a.jpg", "1.png"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    assert names(tmp_path) == ["1.png", "2.png", "10.png", "a.jpg"]
    assert names(tmp_path / "*.png") == ["1.png", "2.png", "10.png"]
    assert names(tmp_path / "2.png") == ["2.png"]


def test_a_round_begins_anew_and_sees_added_pictures(tmp_path: Path) -> None:
    save(tmp_path / "1.png")
    source = open_source(str(tmp_path))
    first = source.read(0.1)
    save(tmp_path / "2.png")
    seen = [first, *(source.read(0.1) for _ in range(3))]
    assert [frame.name for frame in seen if frame] == ["1.png", "1.png", "2.png", "1.png"]


def test_pixels_are_those_of_the_file(tmp_path: Path) -> None:
    save(tmp_path / "c.png", 3)
    save(tmp_path / "g.png", 3, "L")
    color = open_source(str(tmp_path / "c.png")).read(0)
    grey = open_source(str(tmp_path / "g.png")).read(0)
    assert isinstance(color, Frame)
    assert isinstance(grey, Frame)
    assert (color.encoding, grey.encoding) == ("rgb8", "mono8")
    np.testing.assert_array_equal(color.data, np.asarray(Image.open(tmp_path / "c.png")))
    np.testing.assert_array_equal(grey.data, np.asarray(Image.open(tmp_path / "g.png")))


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    data = np.zeros((8, 12, 3), np.uint8)
    data[:, :6] = 255  # the left half is white as stored; orientation 6: turn clockwise
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(data).save(tmp_path / "turned.png", exif=exif)
    frame = open_source(str(tmp_path / "turned.png")).read(0)
    assert isinstance(frame, Frame)
    assert frame.data.shape == (12, 8, 3)
    assert frame.data[:6].min() == 255
    assert frame.data[6:].max() == 0


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "header"])
def test_a_damaged_picture_is_skipped_with_its_reason(tmp_path: Path, damage: str) -> None:
    save(tmp_path / "1.jpg", size=(64, 64))
    save(tmp_path / "3.jpg", size=(64, 64))
    good = (tmp_path / "1.jpg").read_bytes()
    bad = {
        "truncated": good[: len(good) // 2],
        "empty": b"",
        "text": b"hello",
        "header": good[:30] + bytes(100),
    }[damage]
    (tmp_path / "2.jpg").write_bytes(bad)
    assert names(tmp_path) == ["1.jpg", "skipped 2.jpg", "3.jpg"]


def test_a_folder_of_damaged_pictures_is_an_error_after_one_round(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"no")
    source = open_source(str(tmp_path))
    assert isinstance(source.read(0), Skipped)
    with pytest.raises(SourceError, match=r"none of the 1 pictures .* 1\.jpg"):
        source.read(0)


def test_a_picture_of_absurd_size_is_skipped(tmp_path: Path) -> None:
    Image.new("1", (30000, 20000)).save(tmp_path / "bomb.png")
    got = open_source(str(tmp_path)).read(0)
    assert isinstance(got, Skipped)
    assert "too large" in got.reason


def test_size_and_encoding_as_asked(tmp_path: Path) -> None:
    save(tmp_path / "1.png", size=(64, 48))
    request = CameraRequest(width=32, height=24, encoding="bgr8")
    frame = open_source(str(tmp_path), request).read(0)
    assert isinstance(frame, Frame)
    assert (frame.data.shape, frame.encoding) == ((24, 32, 3), "bgr8")
    plain = open_source(str(tmp_path), CameraRequest(width=32, height=24)).read(0)
    assert isinstance(plain, Frame)
    np.testing.assert_array_equal(frame.data, plain.data[..., ::-1])


def test_an_impossible_conversion_says_what_is_possible(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 40000, np.uint16)).save(tmp_path / "depth.png")
    native = open_source(str(tmp_path)).read(0)
    assert isinstance(native, Frame)
    assert native.encoding == "mono16"
    assert (native.data == 40000).all()
    with pytest.raises(SourceError, match=r"mono16 and can't be converted to rgb8.*native"):
        open_source(str(tmp_path), CameraRequest(encoding="rgb8")).read(0)


def write_video(path: Path, pictures: int = 5, rate: float = 12.5) -> None:
    cv2 = pytest.importorskip("cv2")
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV can't write videos")
    for index in range(pictures):
        writer.write(np.full((48, 64, 3), (40 * index, 20, 200), np.uint8))
    writer.release()


def test_a_video_is_read_in_order_at_its_own_rate(tmp_path: Path) -> None:
    write_video(tmp_path / "v.avi")
    source = open_source(str(tmp_path / "v.avi"), ONCE)
    assert source.rate == pytest.approx(12.5)
    assert "64x48" in source.describe()
    for index in range(5):
        frame = source.read(0.1)
        assert isinstance(frame, Frame)
        assert frame.encoding == "bgr8"
        np.testing.assert_allclose(frame.data[20, 20], (40 * index, 20, 200), atol=6)
    with pytest.raises(SourceFinished):
        source.read(0.1)
    source.close()


def test_a_video_begins_again(tmp_path: Path) -> None:
    write_video(tmp_path / "v.avi", 2)
    source = open_source(str(tmp_path / "v.avi"))
    seen = [source.read(0.1) for _ in range(5)]
    assert [round(float(frame.data[0, 0, 0]) / 40) for frame in seen if frame] == [0, 1, 0, 1, 0]


def test_the_pattern_is_the_same_everywhere_and_moves() -> None:
    one, other = (open_source("pattern:64x48") for _ in range(2))
    first, second = one.read(0), one.read(0)
    again = other.read(0)
    assert isinstance(first, Frame)
    assert isinstance(second, Frame)
    assert isinstance(again, Frame)
    assert first.data.shape == (48, 64, 3)
    np.testing.assert_array_equal(first.data, again.data)
    assert (first.data != second.data).any()
    assert open_source("pattern").describe() == "test pattern, 640x480"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("pattern:640", r"write pattern:WIDTHxHEIGHT"),
        ("pattern:0x480", r"each 1 to 8192"),
        ("pattern:99999x99999", r"each 1 to 8192"),
        ("nothing.avi", r"the camera source 'nothing.avi' does not exist; give one of: pattern:"),
        ("", r"the camera source '' does not exist"),
        ("nothing.png", r"there is no picture nothing.png"),
        ("*.nothing", r"there are no pictures in \*\.nothing"),
        ("99", r"the camera /dev/video99 is not there"),
    ],
)
def test_a_wrong_source_is_one_clear_sentence(
    spec: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=message):
        open_source(spec)


def test_an_empty_folder_and_a_file_that_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there are no pictures in"):
        open_source(str(tmp_path))
    (tmp_path / "fake.avi").write_bytes(b"RIFF no video")
    with pytest.raises(SourceError, match="can't be read as a video"):
        open_source(str(tmp_path / "fake.avi"))


def test_a_folder_that_disappears_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    save(folder / "1.png")
    source = open_source(str(folder))
    source.read(0)
    (folder / "1.png").unlink()
    folder.rmdir()
    with pytest.raises(SourceError, match="there are no pictures"):
        source.read(0)
