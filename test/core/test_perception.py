"""The perception core with a model that needs no library."""

from __future__ import annotations

from dataclasses import replace
import itertools
import json
from threading import Event
from typing import Any

from fake_model import FakeModel, PROOF
import numpy as np
import pytest

from edge_perception import messages
from edge_perception.core.node import ConfigurationError, Level, Traffic
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.model import ModelRequest
from edge_perception.core.perception.node import PerceptionCore
from edge_perception.core.stamps import nanoseconds, SECOND, to_time
from edge_perception.environment import this_machine
from edge_perception.runtime import BundleError
from edge_perception.runtime.manifest import Decoder

Image = messages.get("sensor_msgs/msg/Image")
Header = messages.get("std_msgs/msg/Header")
Empty = messages.get("std_msgs/msg/Empty")
NOW = 100 * SECOND
MS = SECOND // 1000


def parameters(**changes: object) -> Parameters:
    return Parameters(PerceptionCore.parameters, {"model": "x.edge"} | changes)


def make(model: FakeModel | None = None, **changes: object) -> PerceptionCore:
    """Return a configured core whose every look at the clock takes a millisecond."""
    ticks = itertools.count(step=MS)
    fake = model or FakeModel()
    core = PerceptionCore(
        replace(this_machine(), load=lambda _: fake, monotonic=lambda: next(ticks))
    )
    core.topics = {"image": "/camera/image_raw"}
    core.configure(parameters(**changes))
    return core


def image(colour: tuple[int, int, int] = (0, 0, 255), stamp: int = NOW, **changes: Any) -> Any:
    data = np.full((2, 4, 3), colour, np.uint8)
    fields = {
        "header": Header(stamp=to_time(stamp), frame_id="camera"),
        "height": 2,
        "width": 4,
        "encoding": "rgb8",
        "step": 12,
        "data": data,
    }
    return Image(**(fields | changes))


def of(port: str, outputs: Any) -> list[Any]:
    return [message for name, message in outputs if name == port]


def levels(core: PerceptionCore, now: int = NOW) -> dict[str, Level]:
    return {d.name: d.level for d in core.diagnostics(now)}


def test_an_image_gives_detections_with_its_header() -> None:
    outputs = make().step({"image": image(stamp=NOW - 30 * MS)}, NOW)
    [result] = of("detections", outputs)
    assert result.header == Header(stamp=to_time(NOW - 30 * MS), frame_id="camera")
    assert (result.model, result.image_width, result.image_height) == ("fake", 4, 2)
    best = result.detections[0]
    assert (best.label, best.class_id, best.score) == ("espresso", 2, 1.0)
    stages = {stage.name: stage.milliseconds for stage in result.stages}
    assert stages == pytest.approx({"wait": 30, "run": 1, "decode": 1})
    assert nanoseconds(result.age) == 34 * MS  # looks at the clock between the stages, too
    messages.serialize(result)


def test_nothing_seen_is_an_empty_array() -> None:
    [result] = of("detections", make(min_score=0.5).step({"image": image((0, 0, 0))}, NOW))
    assert len(result.detections) == 0


def test_the_encoding_reaches_the_model() -> None:
    outputs = make().step({"image": image(encoding="bgr8")}, NOW)
    assert of("detections", outputs)[0].detections[0].label == "cat"


def test_labels_are_published_once_for_late_joiners() -> None:
    core = PerceptionCore(replace(this_machine(), load=lambda _: FakeModel()))
    [(port, message)] = core.configure(parameters())
    assert port == "labels"
    assert json.loads(message.data) == {
        "model": "fake",
        "decoder": "classification",
        "labels": ["cat", "dog", "espresso"],
    }


def test_the_old_model_answers_until_the_new_one_can() -> None:
    old, new, ready = FakeModel(), FakeModel(name="new"), Event()

    def load(_: ModelRequest) -> FakeModel:
        if not asked:
            asked.append(old)
            return old
        assert ready.wait(60)
        return new

    asked: list[FakeModel] = []
    core = PerceptionCore(replace(this_machine(), load=load))
    core.configure(parameters())
    [result] = of("detections", core.step({"reload": Empty(), "image": image()}, NOW))
    assert result.model == "fake"
    ready.set()
    labels: list[Any] = []
    while not labels:
        labels = of("labels", core.step({}, NOW))
    assert json.loads(labels[0].data)["model"] == "new"
    assert old.closed
    assert of("detections", core.step({"image": image()}, NOW))[0].model == "new"
    core.close()
    assert new.closed


def test_a_model_that_is_not_proven_yet_is_a_warning() -> None:
    model = FakeModel()
    model.caveat = replace(PROOF, state="pending", missing="a slide rule").caveat
    [said] = [d for d in make(model).diagnostics(NOW) if d.name == "model"]
    assert said.level == Level.WARN
    assert "is not proven yet, which needs a slide rule; run edgec verify" in said.message
    assert levels(make())["model"] == Level.OK


def test_a_bad_image_is_counted_and_reported_and_the_next_good_one_works() -> None:
    core = make()
    assert of("detections", core.step({"image": image(step=3)}, NOW)) == []
    [fault] = [d for d in core.diagnostics(NOW) if d.name == "images"]
    assert fault.level == Level.ERROR
    for part in ("camera/image_raw", "12 bytes", "step is 3", "must fill in"):
        assert part in fault.message
    later = NOW + 2 * SECOND + 1
    outputs = core.step({"image": image(stamp=later)}, later)
    assert len(of("detections", outputs)) == 1
    assert of("status", outputs)[0].rejected == 1
    assert levels(core, later)["images"] == Level.OK


@pytest.mark.parametrize(
    ("error", "scores"),
    [(BundleError("out of memory"), None), (None, [np.nan] * 3)],
    ids=["model fails", "scores are no numbers"],
)
def test_a_failing_model_is_reported(error: Exception | None, scores: Any) -> None:
    class Failing(FakeModel):
        def run_image(self, frame: np.ndarray, encoding: str) -> dict[str, np.ndarray]:
            if error:
                raise error
            return {"scores": np.array(scores, np.float32)}

    core = make(Failing())
    assert of("detections", core.step({"image": image()}, NOW)) == []
    assert levels(core)["images"] == Level.ERROR


@pytest.mark.parametrize(
    ("stamp", "level"),
    [
        (0, Level.WARN),
        (NOW + SECOND, Level.WARN),
        (NOW + 50 * MS, Level.OK),
        (NOW - SECOND, Level.OK),
    ],
)
def test_implausible_times(stamp: int, level: Level) -> None:
    core = make()
    [result] = of("detections", core.step({"image": image(stamp=stamp)}, NOW))
    assert levels(core)["time"] == level
    if level == Level.WARN:
        assert nanoseconds(result.age) == 4 * MS  # what is known of it


def test_late_results_are_reported() -> None:
    core = make()
    core.step({"image": image(stamp=NOW - SECOND)}, NOW)
    assert levels(core)["latency"] == Level.WARN


def test_a_clock_that_counts_since_boot_is_no_slow_model() -> None:
    core = make()
    core.step({"image": image(stamp=5 * SECOND)}, NOW)
    found = {state.name: state for state in core.diagnostics(NOW)}
    ago = NOW // SECOND - 5
    fault = (
        f"the images are stamped {ago} s in the past, which is another clock rather than a delay"
    )
    assert fault in found["time"].message
    assert (found["time"].level, found["latency"].level) == (Level.WARN, Level.OK)


def test_least_score_changes_while_it_works() -> None:
    core = make()
    [result] = of("detections", core.step({"image": image()}, NOW))
    best, *others = result.detections
    assert others
    core.adapt(parameters(min_score=float(best.score)))
    [result] = of("detections", core.step({"image": image(stamp=NOW + MS)}, NOW + MS))
    assert [thing.label for thing in result.detections] == [best.label]


def test_no_more_images_a_second_are_looked_at_than_asked_for() -> None:
    core = make(rate=5.0)
    seen = [
        len(of("detections", core.step({"image": image(stamp=now)}, now)))
        for now in (NOW + index * SECOND // 30 for index in range(60))
    ]
    assert sum(seen) == 11  # the last of them a little early
    assert seen[0] == 1


def test_a_camera_that_is_frozen_but_goes_on_stamping_gives_no_results() -> None:
    core = make(frozen_after=1.0)
    for tenth in range(30):
        now = NOW + tenth * SECOND // 10
        seen = of("detections", core.step({"image": image(stamp=now)}, now))
        assert len(seen) == (1 if tenth < 10 else 0)
    [state] = [one for one in core.diagnostics(now) if one.name == "images"]
    assert state.level == Level.ERROR
    assert "have been the same for 2.9 s: the camera is frozen" in state.message
    other = image((0, 1, 255), stamp=now)
    assert of("detections", core.step({"image": other}, now))


def test_pictures_that_stay_the_same_are_a_warning_unless_it_is_said_that_they_must_not() -> None:
    core = make()
    for tenth in range(30):
        now = NOW + tenth * SECOND // 10
        assert of("detections", core.step({"image": image(stamp=now)}, now))
    [state] = [one for one in core.diagnostics(now) if one.name == "images"]
    assert state.level == Level.WARN
    assert "set the parameter frozen_after" in state.message


def test_status_once_a_second() -> None:
    core = make()
    traffic = Traffic()
    core.traffic = {"image": traffic}
    found = []
    for index in range(100):
        now = NOW + index * SECOND // 20
        traffic.received += 2
        traffic.dropped += 1
        outputs = core.step({"image": image(stamp=now)}, now)
        found += of("status", outputs)
    assert len(found) == 5
    last = found[-1]
    assert last.model == "fake"
    assert (last.received, last.dropped, last.processed, last.rejected) == (162, 81, 81, 0)
    assert last.input_rate == pytest.approx(40, rel=0.01)
    assert last.output_rate == pytest.approx(20, rel=0.01)
    assert last.latency_p50 == pytest.approx(4)
    assert last.run_p99 == pytest.approx(1)
    assert len(of("status", core.step({}, NOW + 10 * SECOND))) == 1


def test_same_inputs_give_the_same_bytes() -> None:
    def run() -> list[bytes]:
        core = make()
        outputs = [
            output
            for index in range(30)
            for output in core.step(
                {"image": image((index, 20, 7), NOW + index * 99 * MS)}, NOW + index * 100 * MS
            )
        ]
        return [messages.serialize(message) for _, message in outputs]

    assert run() == run()


@pytest.mark.parametrize(
    ("changes", "given", "says"),
    [
        ({}, {"model": ""}, "the parameter 'model' is empty; give the bundle"),
        ({"preprocess": None}, {}, "takes no camera image"),
        ({"decoder": Decoder("poems")}, {}, "wants the decoder 'poems'"),
    ],
)
def test_bundles_that_can_not_be_used(
    changes: dict[str, Any], given: dict[str, object], says: str
) -> None:
    model = FakeModel(**changes)
    core = PerceptionCore(replace(this_machine(), load=lambda _: model))
    with pytest.raises(ConfigurationError, match=says):
        core.configure(parameters(**given))
    assert model.closed or given
    assert core.diagnostics(NOW) == ()


def test_a_missing_bundle() -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.edge"):
        PerceptionCore(this_machine()).configure(parameters(model="nowhere.edge"))


def test_parameters_reach_the_loader_and_close_frees_the_model() -> None:
    model, seen = FakeModel(), []

    def load(request: ModelRequest) -> FakeModel:
        seen.append(request)
        return model

    core = PerceptionCore(replace(this_machine(), load=load))
    core.configure(parameters(threads=3, processors=[0, 2], variant="avx2", priority=5))
    assert seen == [ModelRequest("x.edge", 3, (0, 2), "avx2", 5)]
    core.close()
    core.close()
    assert model.closed
