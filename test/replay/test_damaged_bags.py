"""Bags that were damaged at random: what is left of them is used, and what isn't is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import random

from bags import BEGIN, drive, MCAP, SQLITE, write
import pytest
from rosbags.rosbag2 import CompressionMode

from edge_perception.bags.bag import Bag
from edge_perception.bags.record import BagError
from edge_perception.bags.summary import summarise
from edge_perception.commands import main
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages.types import Detection, DetectionArray, Header

LOTS = 20
"""Parts of the test, so that processes share it."""
Damage = Callable[[random.Random, bytearray], None]


def flip(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.choice((1, 3, 30))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut_off(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


def clear(chance: random.Random, data: bytearray) -> None:
    begin = chance.randrange(len(data))
    length = min(chance.choice((8, 100, 4096)), len(data) - begin)
    data[begin : begin + length] = bytes(length)


def lose(chance: random.Random, data: bytearray) -> None:
    begin = chance.randrange(len(data))
    del data[begin : begin + chance.choice((1, 50, 5000))]


def insert(chance: random.Random, data: bytearray) -> None:
    begin = chance.randrange(len(data))
    data[begin:begin] = chance.randbytes(chance.choice((1, 50, 5000)))


def exaggerate(chance: random.Random, data: bytearray) -> None:
    """Write a huge number where there may be a length or a time."""
    begin = chance.randrange(len(data) - 8)
    size = chance.choice((4, 8))
    data[begin : begin + size] = chance.choice((b"\xff", b"\x7f")) * size


def head(chance: random.Random, data: bytearray) -> None:
    """Damage the first bytes, where lengths and definitions are."""
    for _ in range(chance.choice((1, 3))):
        data[8 + chance.randrange(min(200, len(data) - 8))] = chance.randrange(256)


DAMAGES: tuple[Damage, ...] = (flip, cut_off, clear, lose, insert, exaggerate, head)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return small bags in several forms, with detections for the decision node."""
    folder = tmp_path_factory.mktemp("whole")
    said = list(drive(0.6))
    for index in range(10):
        stamp = BEGIN + index * SECOND // 10
        header = Header(stamp=to_time(stamp), frame_id="camera")
        seen = DetectionArray(header=header, image_width=40, image_height=30)
        seen.detections = [Detection(label="cat", score=0.9)]
        said.append((stamp + 9_000_000, "/detections", seen))
    said.sort(key=lambda one: one[0])
    own = folder / "own.mcap"
    forms = [
        write(folder / "plain", said, MCAP, types=True) / "plain.mcap",
        write(folder / "packed", said, MCAP, CompressionMode.STORAGE, types=True) / "packed.mcap",
        write(folder / "base", said, SQLITE, types=True) / "base.db3",
    ]
    assert main(["bag", "cut", str(forms[0]), str(own)]) == 0
    return [*forms, own]


@pytest.mark.parametrize("lot", range(LOTS))
def test_damaged_bags(
    lot: int,
    whole: list[Path],
    tmp_path: Path,
    pytestconfig: pytest.Config,
    capsys: pytest.CaptureFixture[str],
) -> None:
    count = pytestconfig.getoption("bags")
    for number in range(lot, count, LOTS):
        chance = random.Random(number)
        original = chance.choice(whole)
        data = bytearray(original.read_bytes())
        chance.choice(DAMAGES)(chance, data)
        path = tmp_path / f"{number}{original.suffix}"
        path.write_bytes(data)
        try:
            sentences = list(summarise(Bag(path)).problems)
        except BagError as error:
            sentences = [str(error)]
        assert all("\n" not in one for one in sentences), number
        code = main(["replay", str(path), "--pose-topic=/odom"])
        said = capsys.readouterr()
        assert code in (0, 1), number
        assert "Traceback" not in said.err, number
        lines = [line for line in said.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == (code == 1), number
        path.unlink()
