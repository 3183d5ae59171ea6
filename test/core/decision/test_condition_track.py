"""For how long a thing has been seen, and when it is reached."""

from __future__ import annotations

from rule_files import labels, thing

NEAR = thing("near", track_id=1, track_age=2.0, time_to_contact=1.5)
AWAY = thing("away", track_id=2, track_age=0.2)
UNTRACKED = thing("untracked")


def test_the_time_to_contact_is_of_what_comes_nearer() -> None:
    assert labels("{time_to_contact: {max: 2}}", NEAR, AWAY) == ["near"]
    assert labels("{time_to_contact: {max: 1}}", NEAR, AWAY) is None
    assert labels("{time_to_contact: 1}", NEAR, AWAY) == ["near", "away"]


def test_the_age_of_a_track() -> None:
    assert labels("{track_age: 1}", NEAR, AWAY) == ["near"]
    assert labels("{track_age: {max: 1}, time_to_contact: 5}", NEAR, AWAY) == ["away"]


def test_what_is_not_tracked_is_not_known() -> None:
    assert labels("{time_to_contact: {max: 2}}", UNTRACKED) is None
    assert labels("{time_to_contact: {max: 2}}", UNTRACKED, cautious=True) == ["untracked"]
