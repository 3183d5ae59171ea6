"""Pictures to enrol somebody by: files, or what a camera sees while somebody looks into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge_perception.core.environment import Environment
from edge_perception.core.source import (
    CameraRequest,
    Frame,
    Skipped,
    Source,
    SourceError,
    SourceFinished,
)
from edge_perception.core.stamps import SECOND
from edge_perception.drivers.images import read_image, SUFFIXES

_WANTED = 5  # pictures of a camera
_APART = 3 * SECOND // 10  # ns between two of them, in which one moves a little
_PATIENCE = 20 * SECOND  # ns for all of them
_TIMEOUT = 0.5  # s for a picture

_Use = TypeVar("_Use")


class ShotError(Exception):
    """A picture is of no use: which, why, and what to do."""


def shots(
    spec: str, use: Callable[[str, Frame], _Use], environment: Environment
) -> list[tuple[str, _Use]]:
    """
    Return what pictures are used for, with their names.

    A picture file must be of use; of a camera those are taken that are.

    :param spec: a picture, or a camera or video as `open_camera` takes it.
    :param use: of a picture, by its name; raises ShotError if it is of none.
    :raises ShotError: if a picture can't be read, or there is none of use.
    """
    if Path(spec).suffix.lower() not in SUFFIXES:
        return _of_camera(spec, use, environment)
    try:
        frame = read_image(Path(spec))
    except ValueError as error:
        raise ShotError(f"{spec}: {error}") from error
    return [(spec, use(spec, frame))]


def _of_camera(
    spec: str, use: Callable[[str, Frame], _Use], environment: Environment
) -> list[tuple[str, _Use]]:
    try:
        source = environment.open_camera(spec, CameraRequest(loop=False))
        try:
            taken, why = _take(spec, source, use, environment.monotonic)
        finally:
            source.close()
    except SourceError as error:
        raise ShotError(str(error)) from error
    if not taken:
        raise ShotError(f"no picture of {spec} is of use within {_PATIENCE // SECOND} s; {why}")
    return taken


def _take(
    spec: str, source: Source, use: Callable[[str, Frame], _Use], clock: Callable[[], int]
) -> tuple[list[tuple[str, _Use]], str]:
    """Return the pictures that are of use, and why the last one was of none."""
    taken: list[tuple[str, _Use]] = []
    why, count, begin = "it gave none", 0, clock()
    due = begin
    while len(taken) < _WANTED and clock() - begin < _PATIENCE:
        try:
            frame = source.read(_TIMEOUT)
        except SourceFinished:
            break
        if frame is None or (source.live and clock() < due):
            continue
        count += 1
        name = f"{spec}, picture {count}"
        if isinstance(frame, Skipped):
            why = f"{frame.name}: {frame.reason}"
            continue
        try:
            taken.append((name, use(name, frame)))
        except ShotError as error:
            why = str(error)
        else:
            due = clock() + _APART
    return taken, why
