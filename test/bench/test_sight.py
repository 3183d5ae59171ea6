"""The evaluation of what the robot sees: its counts by hand, its marks as they lie in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.sight.__main__ import MARKS, missed
from bench.sight.faces import Face, pairs, PEOPLE, Trial
from bench.sight.score import Followed, Mark, read_marks, Score, score

ANNA, BERT, CLEO = (0, 0, 10, 40), (100, 0, 110, 40), (200, 0, 240, 100)
MARKED = {
    0: [Mark(1, ANNA, False), Mark(2, BERT, False), Mark(3, CLEO, True)],
    1: [Mark(1, ANNA, False), Mark(2, BERT, False)],
    2: [Mark(1, ANNA, False), Mark(3, CLEO, False)],
}
SEEN = {
    0: [Followed(7, ANNA), Followed(8, (300, 0, 310, 40))],  # bert is missed, 8 is nobody
    1: [Followed(7, (1, 0, 11, 40)), Followed(9, BERT), Followed(5, (0, 0, 10, 12))],
    2: [Followed(9, ANNA), Followed(6, (200, 0, 240, 49))],  # anna's track is bert's now
}


def test_people_are_counted_as_by_hand() -> None:
    found = score(MARKED, SEEN)
    assert (found.marked, found.found, found.false, found.switches) == (6, 4, 3, 1)
    assert found.people == 2
    assert found.recall == pytest.approx(4 / 6)
    assert found.precision == pytest.approx(4 / 7)
    assert found.overlap == pytest.approx((1 + 9 / 11 + 1 + 1) / 4)


def test_those_of_a_height_alone() -> None:
    tall = score(MARKED, SEEN, (50, np.inf))
    assert (tall.marked, tall.found, tall.switches) == (1, 0, 0)
    assert score({}, {}).recall == 1.0


def test_one_who_is_hidden_is_neither_asked_for_nor_false() -> None:
    found = score({0: [Mark(3, CLEO, True)]}, {0: [Followed(1, CLEO)]})
    assert (found.marked, found.found, found.false) == (0, 0, 0)


def test_the_marks_are_whole_people_in_the_image() -> None:
    marks = read_marks(MARKS)
    assert sorted(marks) == list(range(0, 800, 20))
    assert sum(map(len, marks.values())) >= 200
    for number, here in marks.items():
        people = [mark.person for mark in here]
        assert len(set(people)) == len(people), number
        for mark in here:
            left, top, right, bottom = mark.box
            assert 0 <= left < right <= 768
            assert 0 <= top < bottom <= 576
            assert 0.8 < (bottom - top) / (right - left) < 8


def face(picture: str, *embedding: float, box: tuple[float, ...] = (180, 60, 270, 175)) -> Face:
    [person] = PEOPLE[picture]
    left, top, right, bottom = box
    return Face(person, picture, (left, top, right, bottom), np.float32(embedding))


def test_what_is_missed_is_named() -> None:
    good = Score(100, 80, 0, 0.8, 3, 10)
    found = [face("obama.jpg", 1, 0), face("obama2.jpg", 0.8, 0.6), face("astronaut.png", 0, 1)]
    assert [pair.same for pair in pairs(found)] == [True, False, False]
    assert missed(good, found, pairs(found), [Trial("a", "b", True, True)], 0.3) == []
    moved = [*found[:2], face("astronaut.png", 0.8, 0.6, box=(0, 0, 90, 90))]
    poor = Score(100, 60, 0, 0.8, 3, 10)
    lines = missed(poor, moved, pairs(moved), [Trial("obama", "b.jpg", False, True)], 0.3)
    assert len(lines) == 5
    assert "0.60 of the people are followed" in lines[0]
    assert "astronaut's face is at" in lines[1]
    assert "are 0.200 apart" in lines[2]
    assert "the door of obama opens for b.jpg" in lines[4]


def test_the_photographs_are_those_that_are_fetched(tmp_path: Path) -> None:
    from edge_compiler.zoo import MEDIA

    carried = {name for media in MEDIA.values() for name in media.files}
    assert set(PEOPLE) <= carried | {"astronaut.png"}
