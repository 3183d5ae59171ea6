"""Pictures of the moments at which a decision changed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
import io
from typing import Any

import PIL.Image

from edge_perception import messages
from edge_perception.core import compressed
from edge_perception.core.image import FrameError, to_message
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.messages.types import CompressedImage, Decision, DetectionArray, Image
from edge_perception.replay.observation import Roles
from edge_perception.transport.local.bus import End
from edge_perception.views.annotation import annotate

_REMEMBERED = 8
"""Pictures, of which one is that of the decision; a slow robot decides on none that is older."""
_MOST = 60
"""Thumbnails."""
_WIDTH = 320  # pixels


@dataclass(frozen=True)
class Thumbnail:
    """
    What was seen when a decision changed.

    :ivar time: seconds since the bag began.
    :ivar said: the decision and why.
    :ivar jpeg: the picture.
    """

    time: float
    said: str
    jpeg: bytes


class Album:
    """Takes them."""

    def __init__(self, roles: Roles) -> None:
        """
        Begin.

        :param roles: what to look at.
        """
        self.thumbnails: list[Thumbnail] = []
        self.left_out = 0
        self._roles = roles
        self._begin = 0
        self._images: deque[tuple[int, Any]] = deque(maxlen=_REMEMBERED)
        self._last: tuple[str, str] | None = None

    def listen(self, moment: int, end: End, data: bytes) -> None:
        """Take a message, if it is a picture or a decision."""
        self._begin = self._begin or moment
        kind = end.type.rpartition("/")[2]
        try:
            if kind in ("Image", "CompressedImage") and self._is_of_camera(end):
                image = messages.deserialize(data, messages.get(end.type))
                self._images.append((nanoseconds(image.header.stamp), image))
            elif kind == "Decision" and end.topic == self._roles.decision:
                self._decide(moment, messages.deserialize(data, Decision))
        except messages.MessageError:
            return  # the node that reads it has said so

    def _is_of_camera(self, end: End) -> bool:
        return end.topic in (self._roles.image, f"{self._roles.image}/compressed")

    def _decide(self, moment: int, decision: Decision) -> None:
        if (decision.action, decision.rule) == self._last:
            return
        self._last = (decision.action, decision.rule)
        stamp = nanoseconds(decision.header.stamp)
        image = next((one for taken, one in self._images if taken == stamp), None)
        if image is None:
            return
        if len(self.thumbnails) == _MOST:
            self.left_out += 1
            return
        try:
            jpeg = _drawn(image, decision)
        except FrameError:
            return  # perception has said so
        said = f"{decision.action}: {decision.reason}"
        self.thumbnails.append(Thumbnail((moment - self._begin) / SECOND, said, jpeg))


def _drawn(image: Image | CompressedImage, decision: Decision) -> bytes:
    """Return a picture with what the decision rests on, as JPEG."""
    if isinstance(image, CompressedImage):
        image = to_message(*compressed.frame(image), image.header)
    pixels = annotate(image, DetectionArray(detections=decision.evidence), decision, _WIDTH)
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "JPEG", quality=80)
    return file.getvalue()
