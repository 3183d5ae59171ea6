"""The numbers of a replay, by cases that were counted by hand."""

from __future__ import annotations

from array import array
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from scipy.spatial.transform import Rotation
import yaml

from edge_perception.core.located_yaml import FileError
from edge_perception.replay import expectations, labels
from edge_perception.replay.expectations import judge, Range
from edge_perception.replay.labels import Box, Labels
from edge_perception.replay.metrics import measure, METRICS
from edge_perception.replay.observation import Decided, Observation
from edge_perception.replay.series import Pictures, Points, Seen, Track
from edge_perception.replay.trajectory import alignment, compare
from edge_perception.share import share_dir


def decided(*changes: tuple[float, str]) -> Observation:
    """Return an observation of 20 s with these decisions; "safe" is the safe one."""
    return Observation(
        end=20.0,
        decided=[Decided(at, what, what, "", what == "safe") for at, what in changes],
    )


def test_how_it_holds_and_goes_on() -> None:
    observed = decided((0, "safe"), (0.5, "go"), (5.2, "stop"), (9.5, "go"), (15, "stop"))
    truth = Labels(hold=((5, 9), (14, 18)))
    numbers = measure(observed, truth, ["stop"])
    assert numbers == pytest.approx(
        {
            "time_to_stop": 1.0,
            "hold": 100 * (3.8 + 3) / 8,
            "time_to_resume": 2.0,  # from 18 on it holds to the end
            "false_stops": 100 * (0.5 + 0.5 + 2) / 12,
            "time_blind": 0.5,
        }
    )


def test_what_it_never_does_counts_for_as_long_as_it_should() -> None:
    numbers = measure(decided((0, "go")), Labels(hold=((5, 9),)), ["stop"])
    assert numbers["time_to_stop"] == 4
    assert numbers["hold"] == numbers["false_stops"] == numbers["time_to_resume"] == 0
    assert "time_to_stop" not in measure(decided((0, "stop")), Labels(hold=()), ["stop"])
    assert measure(decided((0, "stop")), Labels(hold=()), ["stop"])["false_stops"] == 100


def test_latencies_and_drops() -> None:
    observed = Observation(latencies=array("d", range(101)), received=50, dropped=5)
    assert measure(observed, Labels(), []) == {
        "latency_p50": 50,
        "latency_p95": 95,
        "latency_p99": 99,
        "drops": 10,
    }


def test_pictures_with_and_without_a_thing() -> None:
    things = (("person", None),)
    seen = [Seen(0, ()), Seen(1, things), Seen(2, things), Seen(3, ()), Seen(4, things)]
    numbers = measure(Observation(seen=Pictures(seen)), Labels(see={"person": ((1, 3),)}), [])
    assert numbers == pytest.approx({"precision": 200 / 3, "recall": 200 / 3})


def test_what_was_seen_is_kept_as_messages_have_it() -> None:
    box = (0.1, 2.5, 1e6, 3.0)
    seen = [
        Seen(0.1, ()),
        Seen(1e9 + 1e-6, (("cat", box), ("dog", None), ("cat", box))),
        Seen(3, (("", None),)),
    ]
    left, *others = box
    as_sent = (float(np.float32(left)), *others)  # fields of a Detection are float32
    kept = list(Pictures(seen))
    assert kept[0] == seen[0]
    assert kept[1] == Seen(seen[1].time, (("cat", as_sent), ("dog", None), ("cat", as_sent)))
    assert kept[2] == seen[2]


def test_boxes() -> None:
    seen = [
        Seen(
            1.01,
            (
                ("cat", (0, 0, 10, 10)),
                ("cat", (0, 1, 10, 10)),
                ("cat", (50, 50, 9, 9)),
                ("dog", (0, 0, 10, 10)),
            ),
        )
    ]
    marked = (
        Box(1, "cat", (0, 0, 10, 10)),
        Box(1, "cat", (0, 2, 10, 10)),
        Box(5, "dog", (0,) * 4),
    )
    numbers = measure(Observation(seen=Pictures(seen)), Labels(boxes=marked), [])
    assert numbers["box_precision"] == pytest.approx(200 / 3)
    assert numbers["box_recall"] == pytest.approx(200 / 3)
    assert numbers["box_iou"] == pytest.approx(100 * (1 + 9 / 11) / 2)


def test_unlocks() -> None:
    observed = Observation(unlocked=[1.0, 2.0, 7.0])
    assert measure(observed, Labels(unlock=((0, 3),)), []) == {
        "unlocks_true": 2,
        "unlocks_false": 1,
    }


def path(count: int = 200) -> Points:
    angles = np.linspace(0, 3, count)
    track = Track(
        (0.1 * i, 3 * np.cos(a), 3 * np.sin(a), 0, 0, 0, np.sin(a / 2), np.cos(a / 2))
        for i, a in enumerate(angles)
    )
    return track.rows()


def test_a_path_in_another_frame_is_the_same_path() -> None:
    turn = Rotation.from_euler("z", 70, degrees=True)
    truth = path()
    places = turn.apply(truth[:, 1:4]) + np.array([5, -2, 0])
    turned = (turn * Rotation.from_quat(truth[:, 4:8])).as_quat()
    moved = np.column_stack([truth[:, 0], places, turned])
    error = compare(moved, truth)
    assert error is not None
    assert error == pytest.approx((0, 0), abs=1e-9)
    rotation, shift = alignment(moved[:, 1:4], truth[:, 1:4])
    assert rotation == pytest.approx(turn.inv().as_matrix())
    assert shift == pytest.approx(-turn.inv().apply((5, -2, 0)))


def test_errors_of_a_path_are_those_that_evo_finds() -> None:
    """They are what evo 1.38.1 prints of these paths: APE aligned, RPE over 1 m, all pairs."""
    times = np.arange(400) / 10
    turn = 0.12 * times
    way = np.stack([5 * np.sin(turn), 5 * (1 - np.cos(turn)), 0.2 * np.sin(times)], 1)
    zero = np.zeros_like(turn)
    truth = np.column_stack([times, way, zero, zero, np.sin(turn / 2), np.cos(turn / 2)])
    noise = [np.sin(1.7 * times), np.cos(2.3 * times), np.sin(0.9 * times)]
    ours = way * 1.01 + 0.02 * np.stack(noise, 1) + [3.0, -2.0, 0.5]
    heading = (turn * 1.02 + 0.3) / 2
    own = np.column_stack([times + 0.004, ours, zero, zero, np.sin(heading), np.cos(heading)])
    error = compare(own, truth)
    assert error is not None
    assert error == pytest.approx((0.05389014886364613, 0.3358304404792116), rel=1e-9)


def test_errors_of_a_path_are_those_that_were_made() -> None:
    truth = path()
    wide = truth * [1, 1.1, 1.1, 1, 1, 1, 1, 1]
    error = compare(wide, truth)
    assert error is not None
    assert error.relative == pytest.approx(0.1, rel=0.05)  # of a metre
    assert 0 < error.absolute < 0.3
    assert compare(truth[:2], truth[:2]) is None
    assert compare(Track().rows(), truth) is None


def test_what_is_expected_and_not_known_is_wrong() -> None:
    wanted = expectations.Expectations(ranges={"hold": Range(90), "drops": Range(most=1)})
    verdicts = {one.name: one.right for one in judge({"hold": 91.0, "ate": 3.0}, wanted)}
    assert verdicts == {"hold": True, "drops": False, "ate": True}


RIGHT: list[tuple[Any, str]] = [
    (expectations, "{version: 1, expect: {hold: {min: 90}, time_to_stop: {min: 0, max: 0.6}}}"),
    (expectations, "{version: 1, hold: [stop, wait], expect: {}}"),
    (labels, "{hold: [[1, 2.5]], see: {person: [[0, 3]]}, unlock: [], pose: /truth}"),
    (labels, "{boxes: [{at: 1, label: cat, box: [1, 2, 3, 4]}]}"),
    (labels, "{boxes: /truth}"),
]
WRONG: list[tuple[Any, str, str]] = [
    (expectations, "{version: 2, expect: {}}", "the version of the format must be 1"),
    (expectations, "{expect: {}}", "the key 'version' is missing"),
    (expectations, "{version: 1, expect: {speed: {min: 1}}}", "unknown key 'speed'"),
    (expectations, "{version: 1, expect: {hold: {}}}", "expected {min: NUMBER}"),
    (expectations, "{version: 1, expect: {hold: {min: x}}}", "expected a number"),
    (labels, "{hold: [[1]]}", "expected [begin, end] in seconds"),
    (labels, "{boxes: [{at: 1, label: cat, box: [1, 2]}]}", "expected [left, top, width, height]"),
    (labels, "{boxes: truth}", "expected a topic such as /truth"),
    (labels, "{}", "nothing is marked"),
]


@pytest.mark.parametrize(("kind", "text"), RIGHT)
def test_files_that_are_right(kind: Any, text: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    kind.load(tmp_path / "a.yaml")
    jsonschema.validate(yaml.safe_load(text), kind.schema())


@pytest.mark.parametrize(("kind", "text", "says"), WRONG)
def test_files_that_are_wrong(kind: Any, text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(FileError) as raised:
        kind.load(tmp_path / "a.yaml")
    assert says in str(raised.value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), kind.schema())


def test_the_schemas_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "tools")
    import replay_schemas

    for name in replay_schemas.SCHEMAS:
        assert (share_dir() / "config" / name).read_text() == replay_schemas.text(name)
    known = json.loads((share_dir() / "config" / "metrics.schema.json").read_text())
    assert known["properties"]["expect"]["properties"].keys() == METRICS.keys()
