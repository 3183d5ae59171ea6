"""What was seen, as messages."""

from __future__ import annotations

import math

import numpy as np

from edge_perception.core.image import to_message
from edge_perception.core.perception.masks import numbered
from edge_perception.decode.detections import Detections, Placed
from edge_perception.messages.types import (
    Attribute,
    Detection,
    Header,
    Image,
    LostTrack,
    Place,
    Point,
)


def to_messages(found: Detections) -> list[Detection]:
    """Return a message for each detection."""
    results = [
        Detection(label=label, class_id=int(index), score=float(score), track_id=-1)
        for label, index, score in zip(found.labels, found.classes, found.scores, strict=True)
    ]
    for number, result in enumerate(results):
        if found.boxes is not None:
            left, top, right, bottom = found.boxes[number].tolist()
            result.has_box = True
            result.x, result.y = left, top
            result.width, result.height = right - left, bottom - top
        if found.landmarks is not None:
            known = np.isfinite(found.landmarks[number]).all(axis=1)
            result.landmarks = found.landmarks[number][known].reshape(-1)
            if found.landmark_scores is not None:
                scores = found.landmark_scores[number][known]
                result.landmark_scores = scores[np.isfinite(scores)]  # NaN: of who gives none
        if found.embeddings is not None:
            result.embedding = found.embeddings[number]
        if found.attributes:
            said = found.attributes[number]
            result.attributes = [
                Attribute(one.stage, one.model, one.label, one.class_id, one.score) for one in said
            ]
        if found.tracks and (track := found.tracks[number]):
            result.track_id, result.track_age = track.number, track.age
            result.growth, result.growth_deviation = track.growth, track.deviation
            if math.isfinite(track.time_to_contact):
                result.time_to_contact = track.time_to_contact
        if found.places and (place := found.places[number]):
            result.place = [_place(place)]
    return results


def lost_tracks(found: Detections) -> list[LostTrack]:
    """Return a message for each thing that is followed without being seen."""
    return [
        LostTrack(
            label=one.label,
            track_id=one.number,
            x=one.box[0],
            y=one.box[1],
            width=one.box[2] - one.box[0],
            height=one.box[3] - one.box[1],
            track_age=one.age,
            unseen=one.unseen,
        )
        for one in found.lost
    ]


def mask_image(found: Detections, header: Header, size: tuple[int, int]) -> Image:
    """
    Return the masks of things as one image: mono8, a pixel is the number of its thing from 1.

    :param found: with masks and boxes.
    :param header: of the image that was looked at.
    :param size: its width and height.
    """
    return to_message(numbered(found, size), "mono8", header)


def _place(place: Placed) -> Place:
    x, y, z = place.position
    return Place(
        frame_id=place.frame,
        position=Point(x, y, z),
        covariance=np.array(place.covariance),
        distance=math.hypot(x, y),
        deviation=place.deviation,
        source=place.source,
    )
