"""Positions on the ground against OpenCV's projection, and their uncertainty against chance."""

from __future__ import annotations

import math
from typing import Any

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception.core.geometry.ground import Deviations, Ground, Mounting
from edge_perception.core.geometry.pinhole import calibrated, CalibrationError, Pinhole
from edge_perception.messages.types import CameraInfo

K = np.array([[520.0, 0, 330.0], [0, 500.0, 236.0], [0, 0, 1]])
D = np.array([-0.25, 0.08, 0.001, -0.0005, 0.0])
CAMERA = Pinhole(K, D, "plumb_bob", (640, 480))
PLAIN = Pinhole(K, np.zeros(0), "", (640, 480))
# rows: the camera's axes right, down and ahead in a base that it looks ahead from
RIGHT_DOWN_AHEAD = np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]])


def rotation(axis: str, angle: float) -> Any:
    """Return a rotation about an axis by Rodrigues' formula."""
    vector = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1)}[axis]
    return cv2.Rodrigues(np.array(vector, float) * angle)[0]


def seen(mounted: tuple[float, ...], x: float, y: float, camera: Pinhole = CAMERA) -> Any:
    """Return the pixel of a point on the ground, by OpenCV."""
    *place, roll, pitch, yaw = mounted
    turn = rotation("z", yaw) @ rotation("y", pitch) @ rotation("x", roll)
    world = RIGHT_DOWN_AHEAD @ turn.T
    pixels, _ = cv2.projectPoints(
        np.array([[x, y, 0.0]]),
        cv2.Rodrigues(world)[0],
        -world @ np.array(place),
        camera.matrix,
        camera.distortion,
    )
    return pixels[0]


@given(
    st.floats(0.3, 3),
    st.floats(-0.2, 0.2),
    st.floats(0.0, 0.4),
    st.floats(-3, 3),
    st.floats(1.0, 4.0),
    st.floats(-0.8, 0.8),
)
def test_places_are_where_opencv_projects_them_from(
    height: float, roll: float, pitch: float, yaw: float, ahead: float, side: float
) -> None:
    mounting = (0.2, -0.1, height, roll, pitch, yaw)
    ahead *= height
    x = 0.2 + math.cos(yaw) * ahead - math.sin(yaw) * side
    y = -0.1 + math.sin(yaw) * ahead + math.cos(yaw) * side
    pixel = seen(mounting, x, y)
    if not (np.abs(pixel - [320, 240]) < [320, 240]).all():
        return
    [place] = Ground(CAMERA, Mounting.at(*mounting), Deviations(0, 0, 0)).places(pixel)
    assert place is not None
    assert (place.x, place.y) == pytest.approx((x, y), abs=2e-3 * ahead)
    assert place.deviation == 0


def test_the_covariance_is_that_of_chance() -> None:
    random = np.random.default_rng(1)
    sure = Deviations(2.0, math.radians(0.5), 0.02)
    x, y, height, roll, pitch, yaw = 0.0, 0.0, 1.2, 0.02, 0.3, 0.1
    truth = (x, y, height, roll, pitch, yaw)
    pixel = seen(truth, 3.0, 0.7, PLAIN)
    [place] = Ground(PLAIN, Mounting.at(*truth), sure).places(pixel)
    assert place is not None
    found = []
    for _ in range(4000):
        tilt = random.normal(0, sure.angle, 2)
        lift = random.normal(0, sure.height)
        wrong = Mounting.at(x, y, height + lift, roll + tilt[0], pitch + tilt[1], yaw)
        [one] = Ground(PLAIN, wrong).places(pixel + random.normal(0, 2.0, 2))
        assert one is not None
        found.append((one.x, one.y))
    chance = np.cov(np.array(found).T)
    assert place.covariance == pytest.approx(chance, rel=0.12, abs=3e-4)


def test_near_the_horizon_things_are_far_and_above_it_nowhere() -> None:
    ground = Ground(PLAIN, Mounting.at(0.5, 0, 1.0, 0, 0, 0))
    horizon = K[1, 2]
    near, far, farther, last, above = ground.places(
        np.array([[330.0, horizon + offset] for offset in (100, 15, 0, -12, -50)])
    )
    assert near is not None
    assert near.x == pytest.approx(5.5)
    assert above is None
    distances = []
    for place in (far, farther, last):
        assert place is not None
        assert place.deviation == math.inf
        distances.append(place.distance)
    assert distances == sorted(distances)
    # two deviations of the pitch (1 degree) and of the pixel (3) below 15 pixels are 33.5 below
    assert distances[0] == pytest.approx(0.5 + 500 / (15 + 2 * math.hypot(3, 500 * 0.0175)), 0.01)


def test_the_uncertainty_grows_with_the_distance() -> None:
    ground = Ground(PLAIN, Mounting.at(0, 0, 1.0, 0, 0, 0))
    places = ground.places(np.array([[320.0, K[1, 2] + offset] for offset in (240, 120, 60)]))
    deviations = [place.deviation / place.distance for place in places if place]
    assert deviations == sorted(deviations)
    assert len(deviations) == 3


def test_an_image_of_another_size() -> None:
    mounting = (0, 0, 1.0, 0, 0.2, 0)
    pixel = seen(mounting, 3, 0.5, PLAIN)
    [place] = Ground(PLAIN.scaled((320, 240)), Mounting.at(*mounting)).places(pixel / 2)
    assert place is not None
    assert (place.x, place.y) == pytest.approx((3, 0.5))


def info(**changes: Any) -> CameraInfo:
    fields = {
        "width": 640,
        "height": 480,
        "k": K.reshape(-1),
        "d": D,
        "distortion_model": "plumb_bob",
    }
    return CameraInfo(**{**fields, **changes})


def test_a_calibration() -> None:
    camera = calibrated(info())
    assert camera.size == (640, 480)
    assert camera.focal_lengths() == (520, 500)
    assert camera.rays(np.empty((0, 2))).shape == (0, 3)


def test_a_fisheye() -> None:
    bent = np.array([0.1, -0.05, 0.0, 0.0])
    camera = calibrated(info(d=bent, distortion_model="equidistant"))
    point = np.array([[[0.4, -0.3]]])
    pixel = cv2.fisheye.distortPoints(point, K, bent)[0]
    assert camera.rays(pixel) == pytest.approx(np.array([[0.4, -0.3, 1]]), abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"k": np.zeros(9)}, "not calibrated (K is 0"),
        ({"k": K.reshape(-1) * math.nan}, "describes no camera"),
        ({"k": -K.reshape(-1)}, "describes no camera"),
        ({"width": 0}, "describes no camera: 0 x 480"),
        ({"d": np.array([math.inf])}, "describes no camera"),
        ({"d": np.zeros(3)}, "3 numbers in D; there are 0, 4, 5"),
        ({"distortion_model": "plumb_bop"}, "is 'plumb_bob' meant?"),
        ({"distortion_model": "equidistant"}, "5 numbers in D; equidistant has 4"),
    ],
)
def test_no_calibration(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(CalibrationError) as caught:
        calibrated(info(**changes))
    assert says in str(caught.value)
