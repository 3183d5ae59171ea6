"""Tracks against simulated people whose identity is known."""

from __future__ import annotations

from collections.abc import Iterable
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from walkers import FOCAL, RATE, SIZE, START, STEP, View, views, Walker

from edge_perception.core.rotation import matrix, quaternion
from edge_perception.core.stamps import SECOND
from edge_perception.core.tracking.association import matches, overlaps
from edge_perception.core.tracking.box_filters import BoxFilters
from edge_perception.core.tracking.camera_motion import homography
from edge_perception.core.tracking.track import Track
from edge_perception.core.tracking.tracker import Tracker, TrackerSettings


def follow(tracker: Tracker, seen: Iterable[View]) -> dict[int, list[int]]:
    """Return the numbers of the tracks that each walker has had, one after the other."""
    numbers: dict[int, list[int]] = {}
    for view in seen:
        found = tracker.update(view.boxes, view.scores, view.labels, SIZE, view.stamp)
        for owner, track in zip(view.owners, found, strict=True):
            if owner >= 0 and track is not None:
                had = numbers.setdefault(owner, [])
                if not had or had[-1] != track.number:
                    had.append(track.number)
    return numbers


def look(
    tracker: Tracker, stamp: int, *boxes: tuple[float, ...], score: float = 0.9
) -> list[Track | None]:
    return tracker.update(boxes, [score] * len(boxes), ["cat"] * len(boxes), SIZE, stamp)


def test_people_who_cross_keep_their_numbers() -> None:
    # they pass each other in front of the camera, one hiding the other for half a second
    people = [
        Walker(lambda t: -2 + 0.8 * t, lambda t: 6.0),
        Walker(lambda t: 2 - 0.8 * t, lambda t: 7.5),
        Walker(lambda t: 0.0, lambda t: 12.0),
    ]
    numbers = follow(Tracker(), views(people, 5))
    assert sorted(numbers.values()) == [[1], [2], [3]]


def test_few_switches_where_much_is_missed_and_much_is_nobody() -> None:
    switches = followed = 0
    for seed in range(10):
        random = np.random.default_rng(seed)
        people = [
            Walker(lambda t, x=x, v=v: x + v * t, lambda t, z=z: z)
            for x, v, z in zip(
                random.uniform(-3, 3, 6),
                random.uniform(-1, 1, 6),
                random.uniform(5, 14, 6),
                strict=True,
            )
        ]
        seen = list(views(people, 5, seed, missed=0.2, false=0.5))
        numbers = follow(Tracker(), seen)
        switches += sum(len(had) - 1 for had in numbers.values())
        followed += sum(owner >= 0 for view in seen for owner in view.owners)
    assert followed > 1500
    assert switches / followed < 0.01


def test_a_number_is_given_when_a_thing_is_seen_again_and_never_twice() -> None:
    tracker = Tracker()
    box = (100, 100, 150, 200)
    assert look(tracker, START, box) == [None]
    [track] = look(tracker, START + STEP, box)
    assert track is not None
    assert (track.number, track.label, track.age, track.unseen) == (1, "cat", 0.1, 0.0)
    assert look(tracker, START + 10**10, box) == [None]
    assert tracker.restarted == "no image came for 9.900 s"
    [track] = look(tracker, START + 10**10 + STEP, box)
    assert track is not None
    assert track.number == 2
    assert not tracker.restarted


def test_a_thing_that_is_hidden_for_a_while_is_the_same_afterwards() -> None:
    tracker = Tracker()
    [walker] = people = [Walker(lambda t: -1 + 0.7 * t)]
    for number, view in enumerate(views(people, 3)):
        hidden = 10 <= number < 17
        boxes = [] if hidden else view.boxes
        found = tracker.update(boxes, view.scores[: len(boxes)], ["person"], SIZE, view.stamp)
        if hidden:
            [lost] = tracker.lost
            assert lost.unseen == pytest.approx((number - 9) / RATE)
            [[alike]] = overlaps(np.array([lost.box]), np.array([walker.box(number / RATE)]))
            assert alike > 0.6
        elif number:
            assert not tracker.lost
            assert found[0] is not None
            assert found[0].number == 1


def test_a_track_ends_when_it_is_not_seen_for_long() -> None:
    tracker = Tracker(TrackerSettings(patience=3 * STEP))
    for image in range(2):
        look(tracker, START + image * STEP, (100, 100, 150, 200))
    lost = []
    for image in range(2, 7):
        look(tracker, START + image * STEP)
        lost.append(len(tracker.lost))
    assert lost == [1, 1, 1, 0, 0]


def test_a_low_score_goes_on_with_a_track_but_begins_none() -> None:
    tracker = Tracker()
    box = (100, 100, 150, 200)
    assert all(look(tracker, START + i * STEP, box, score=0.3) == [None] for i in range(5))
    for image in range(5, 8):
        look(tracker, START + image * STEP, box)
    [track] = look(tracker, START + 8 * STEP, box, score=0.3)
    assert track is not None
    assert track.number == 1
    assert look(tracker, START + 9 * STEP, box, score=0.05) == [None]


def test_only_what_has_the_same_label_is_the_same() -> None:
    tracker = Tracker()
    box = (100, 100, 150, 200)
    found = [
        tracker.update([box], [0.9], [label], SIZE, START + image * STEP)[0]
        for image, label in enumerate(["cat", "cat", "dog", "dog", "cat"])
    ]
    assert [track and track.number for track in found] == [None, 1, None, 2, 1]


@pytest.mark.parametrize(("way", "speed"), [(10, 1.0), (6, 1.2), (10, 2.5), (14, 4.0)])
def test_the_time_to_contact_is_that_of_the_walk(way: float, speed: float) -> None:
    tracker = Tracker()
    for view in views([Walker(lambda t: 0.3, lambda t: way - speed * t)], 2.5):
        [track] = tracker.update(view.boxes, view.scores, view.labels, SIZE, view.stamp)
    left = way / speed - (view.stamp - START) / SECOND
    assert track is not None
    assert track.growth == pytest.approx(1 / left, abs=3 * track.deviation)
    if left < 4:
        assert track.time_to_contact == pytest.approx(left, rel=0.3)


def test_what_stays_or_goes_away_has_no_time_to_contact() -> None:
    for speed in (0.0, 1.0):
        false = 0
        for seed in range(10):
            tracker = Tracker()
            for view in views([Walker(lambda t: 0.3, lambda t, v=speed: 6 + v * t)], 3, seed):
                [track] = tracker.update(view.boxes, view.scores, view.labels, SIZE, view.stamp)
            assert track is not None
            false += track.time_to_contact < math.inf
        assert false <= 1


def test_a_box_that_leaves_the_image_does_not_seem_to_go_away() -> None:
    # who comes near does not fit into the image any more: what is seen grows no further
    tracker = Tracker()
    for view in views([Walker(lambda t: 0.0, lambda t: 4.0 - 1.0 * t)], 2.6):
        left, top, right, bottom = view.boxes[0]
        seen = (max(left, 0), max(top, 0), min(right, SIZE[0]), min(bottom, SIZE[1]))
        [track] = tracker.update([seen], view.scores, view.labels, SIZE, view.stamp)
    assert track is not None
    assert track.time_to_contact < 3


def test_a_camera_that_turns_loses_nobody_if_it_is_said() -> None:
    intrinsics = np.array([[FOCAL, 0, SIZE[0] / 2], [0, FOCAL, SIZE[1] / 2], [0, 0, 1]])
    followed: dict[bool, list[int]] = {True: [], False: []}
    for said, numbers in followed.items():
        tracker = Tracker()
        angle = before = 0.0
        for number in range(30):
            angle += 0.12 if number % 8 < 4 else -0.12  # about the axis that points down
            turn = matrix(quaternion(0.0, angle - before, 0.0))
            camera = homography(turn, intrinsics) if said else None
            before = angle
            boxes = []
            for z in (6.0, 9.0):
                x = SIZE[0] / 2 + FOCAL * math.tan(angle)
                boxes.append((x - 125 / z, 240 - 350 / z, x + 125 / z, 240 + 500 / z))
            found = tracker.update(
                boxes, [0.9, 0.9], ["a", "b"], SIZE, START + number * STEP, camera
            )
            numbers += [track.number for track in found if track]
    assert sorted(followed[True]) == [1] * 29 + [2] * 29
    assert len(followed[False]) < 20


@given(st.tuples(*[st.floats(-0.1, 0.1)] * 3), st.floats(10, 600), st.floats(10, 400))
def test_a_box_moves_with_a_camera_that_turns_as_a_pinhole_sees_it(
    angles: tuple[float, float, float], x: float, y: float
) -> None:
    intrinsics = np.array([[FOCAL, 0, 310.0], [0, 480.0, 250.0], [0, 0, 1]])
    turn = matrix(quaternion(*angles))
    filters = BoxFilters()
    filters.add(np.array([[x, y, x + 2, y + 2]]))
    filters.move(homography(turn, intrinsics))
    corners = np.array([[x + i, y + j, 1] for i in (0, 2) for j in (0, 2)])
    seen = corners @ np.linalg.inv(intrinsics).T @ turn.T @ intrinsics.T
    seen = seen[:, :2] / seen[:, 2:]
    [box] = filters.boxes()
    assert (box[:2] + box[2:]) / 2 == pytest.approx(seen.mean(axis=0), abs=0.01)
    sides = np.stack([seen[1] - seen[0], seen[2] - seen[0]])
    assert np.prod(box[2:] - box[:2]) == pytest.approx(abs(np.linalg.det(sides)), rel=0.01)


def test_the_clock_jumps_back() -> None:
    tracker = Tracker()
    box = (100, 100, 150, 200)
    for image in range(3):
        look(tracker, START + image * STEP, box)
    assert look(tracker, START - 10**9, box) == [None]
    assert tracker.restarted == "the images' time jumped back by 1.200 s"
    [track] = look(tracker, START - 10**9 + STEP, box)
    assert track is not None
    assert (track.number, track.age) == (2, 0.1)


def test_the_same_image_again_teaches_nothing() -> None:
    tracker, other = Tracker(), Tracker()
    for view in views([Walker(lambda t: 0.1 * t)], 1):
        once = other.update(view.boxes, view.scores, view.labels, SIZE, view.stamp)
        for _ in range(3):
            again = tracker.update(view.boxes, view.scores, view.labels, SIZE, view.stamp)
            assert again == once


def test_of_many_detections_the_strongest_are_followed() -> None:
    tracker = Tracker(TrackerSettings(most=50))
    random = np.random.default_rng(3)
    corner = random.uniform(0, 400, (400, 2))
    boxes = np.concatenate([corner, corner + 40], axis=1)
    scores = random.uniform(0.5, 1, 400)
    for image in range(4):
        found = tracker.update(boxes, scores, ["cat"] * 400, SIZE, START + image * STEP)
    followed = {index for index, track in enumerate(found) if track}
    assert followed == set(np.argsort(-scores)[:50].tolist())


_BOXES = st.lists(
    st.tuples(
        *[st.sampled_from([0.0, 10.0, 50.0, 1e4, -3.0, 1e30, math.nan, math.inf])] * 4,
        st.sampled_from([0.0, 0.2, 0.9, math.nan, -1.0, 2.0]),
        st.sampled_from(["cat", "dog"]),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 1, STEP, 9 * STEP, 10**12, -STEP]), _BOXES)))
def test_whatever_comes(images: list[tuple[int, list[tuple[object, ...]]]]) -> None:
    tracker = Tracker()
    stamp, numbers = START, {0}
    for passed, seen in images:
        stamp = max(1, stamp + passed)
        boxes, scores = [one[:4] for one in seen], [one[4] for one in seen]
        found = tracker.update(boxes, scores, [str(one[5]) for one in seen], SIZE, stamp)
        assert len(found) == len(seen)
        here = [track.number for track in found if track] + [lost.number for lost in tracker.lost]
        assert len(here) == len(set(here))  # nobody is in two places
        if tracker.restarted:
            assert not here
        assert all(number in numbers or number > max(numbers) for number in here)
        numbers |= set(here)
        for track, one in zip(found, seen, strict=True):
            if track:
                assert all(map(math.isfinite, one[:4]))
                assert all(map(math.isfinite, track.box))
                assert math.isfinite(track.growth)
                assert track.deviation > 0
                assert track.label == one[5]
                assert track.unseen == 0 <= track.age


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 1000))
def test_pairs_are_the_best_of_all(rows: int, columns: int, seed: int) -> None:
    gain = np.random.default_rng(seed).uniform(0, 1, (rows, columns)).round(1)
    taken, matched = matches(gain, 0.3)
    assert len(set(taken)) == len(taken)
    assert len(set(matched)) == len(matched)
    assert all(gain[taken, matched] > 0.3)
    total = (gain[taken, matched] - 0.3).sum()
    assert total == pytest.approx(_best((gain - 0.3).clip(0)))


def _best(excess: np.ndarray) -> float:
    """Return the greatest sum, by trying all."""
    if not excess.size:
        return 0.0
    rest = excess[1:]
    tried = [excess[0, j] + _best(np.delete(rest, j, axis=1)) for j in range(excess.shape[1])]
    return max([*tried, _best(rest)])


def test_a_filter_is_as_sure_as_it_is_right() -> None:
    # where its model is that of the truth, the normalised squared error of two numbers is 2
    random = np.random.default_rng(1)
    filters = BoxFilters()
    number, seconds = 400, 0.1
    place, speed = np.full(number, 5e4), random.normal(0, 2 * 100, number)
    for image in range(30):
        if image:
            filters.predict(seconds)
            speed = speed + random.normal(0, math.sqrt(seconds) * 100, number)
            place = place + speed * seconds
        centre = place + random.normal(0, 0.06 * 100, number)
        boxes = np.stack([centre - 50, *[np.full(number, 200.0)], centre + 50], axis=1)
        boxes = np.insert(boxes, 3, 300.0, axis=1)
        if image:
            filters.update(np.arange(number), boxes, (10**6, 10**6))
        else:
            filters.add(boxes)
    error = filters.mean[:, 0] - np.stack([place, speed], axis=1)
    squared = np.einsum("ni,nij,nj->n", error, np.linalg.inv(filters.covariance[:, 0]), error)
    assert squared.mean() == pytest.approx(2, rel=0.25)
