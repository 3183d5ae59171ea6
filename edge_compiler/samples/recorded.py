"""Bags of a robot as folders of pictures, which live as long as a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import tempfile

from PIL import Image

from edge_compiler.errors import CompileError
from edge_compiler.progress import Progress

_BAGS = (".mcap", ".db3")
"""What files of a bag are called, also in front of a suffix of compression."""


@contextmanager
def as_pictures(path: Path, topic: str | None, progress: Progress) -> Iterator[Path]:
    """
    Give a folder with the pictures of a bag, as the robot decodes them; what is none, as it is.

    :param topic: of the pictures; None: there is one only.
    :raises CompileError: if the bag or its pictures can't be read.
    """
    if not _is_bag(path):
        if topic is not None:
            raise CompileError(
                f"--topic {topic} is one of a bag's, but {path} is no bag: expected a file "
                f"*{' or *'.join(_BAGS)} or a folder of them"
            )
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="edgec-") as scratch:
        folder = Path(scratch, path.resolve().name)
        folder.mkdir()
        _write(path, topic, folder, progress)
        yield folder


def _is_bag(path: Path) -> bool:
    if path.is_dir():
        return any(not set(_BAGS).isdisjoint(file.suffixes) for file in path.iterdir())
    return not set(_BAGS).isdisjoint(path.suffixes[-2:])


def _write(path: Path, topic: str | None, folder: Path, progress: Progress) -> None:
    try:
        from edge_perception.bags.bag import Bag
        from edge_perception.bags.record import BagError
        from edge_perception.replay.pictures import image_topic, MOST, pictures
    except ImportError as error:
        raise CompileError(
            f"{path} is a bag, and what reads bags can't be imported ({error}); install it: "
            "pip install mcap lz4 zstandard PyYAML"
        ) from error
    try:
        bag = Bag(path)
        found = image_topic(bag, topic)
        for number, picture in enumerate(pictures(bag, found)):
            progress(f"taking pictures of {found}", number, MOST)
            # without loss, and fast
            Image.fromarray(picture).save(folder / f"{number:05}.png", compress_level=1)
    except BagError as error:
        raise CompileError(str(error)) from error
