"""A pipeline of stages: its description, its deadlines, and what a failing stage costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import json
from typing import Any

from fake_model import FakeDetector, FakeModel, PROOF
import numpy as np
import pytest

from edge_perception import messages
from edge_perception.core.node import ConfigurationError, Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.model import ModelRequest
from edge_perception.core.perception.node import PerceptionCore
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.environment import this_machine
from edge_perception.runtime import BundleError

Image = messages.get("sensor_msgs/msg/Image")
Header = messages.get("std_msgs/msg/Header")
NOW = 100 * SECOND
MS = SECOND // 1000
DESCRIPTION = """\
version: 1
stages:
  - {kind: detect, model: detector.edge, priority: 7}
  - {kind: classify, name: colour, model: /models/colour.edge, deadline: 0.1}
"""
LEFT, MIDDLE, RIGHT = (0, 0, 4, 2), (4, 0, 8, 2), (8, 0, 12, 2)


class Machine:
    """A clock, and models that take their time."""

    def __init__(self, text: str = DESCRIPTION, *boxes: Any) -> None:
        self.now = 0
        self.requests: list[ModelRequest] = []
        self.cost: Callable[[], int] = lambda: 0  # of a region [ns]
        self.fault: Exception | None = None
        self.models: list[FakeModel] = []
        machine = self

        class Colour(FakeModel):
            def run_regions(self, frame: Any, encoding: str, maps: Any) -> Any:
                machine.now += machine.cost() * len(maps)
                if machine.fault:
                    raise machine.fault
                return super().run_regions(frame, encoding, maps)

        def load(request: ModelRequest) -> FakeModel:
            self.requests.append(request)
            is_first = len(self.requests) == 1
            detects = is_first or request.path.endswith("more.edge")
            self.models.append(FakeDetector(*boxes) if detects else Colour(name="colours"))
            return self.models[-1]

        self.core = PerceptionCore(
            replace(
                this_machine(),
                load=load,
                monotonic=lambda: self.now,
                read_file=lambda path, most: text.encode(),
            )
        )

    def configure(self, **given: object) -> Any:
        given = {"model": "robot/pipeline.yaml"} | given
        return self.core.configure(Parameters(self.core.parameters, given))

    def look(self, now: int = NOW, age: int = 0) -> Any:
        """Return what is seen in an image of three colours side by side."""
        pixels = np.repeat(np.eye(3, dtype=np.uint8) * 255, 4, axis=0)
        image = Image(
            header=Header(stamp=to_time(now - age), frame_id="camera"),
            height=2,
            width=12,
            encoding="rgb8",
            step=36,
            data=np.tile(pixels, (2, 1)).reshape(-1),
        )
        found = dict(self.core.step({"image": image}, now))
        messages.serialize(found["detections"])
        return found["detections"]

    def state(self, now: int = NOW) -> Any:
        [found] = [one for one in self.core.diagnostics(now) if one.name == "stage colour"]
        return found


def said(result: Any) -> list[list[str]]:
    return [[one.label for one in thing.attributes] for thing in result.detections]


def test_a_second_model_adds_to_what_the_first_one_found() -> None:
    machine = Machine(DESCRIPTION, LEFT, RIGHT)
    [(_, labels)] = machine.configure()
    assert json.loads(labels.data)["labels"] == ["thing", "cat", "dog", "espresso"]
    result = machine.look()
    assert result.model == "detector"
    assert [(one.label, one.x, one.width) for one in result.detections] == [
        ("thing", 0, 4),
        ("thing", 8, 4),
    ]
    assert said(result) == [["cat"], ["espresso"]]
    assert {(one.stage, one.model) for one in result.detections[0].attributes} == {
        ("colour", "colours")
    }
    assert [(one.name, one.model, one.fault) for one in result.stages] == [
        ("wait", "", ""),
        ("run", "detector", ""),
        ("decode", "detector", ""),
        ("colour", "colours", ""),
    ]
    assert machine.state().level == Level.OK
    machine.core.close()
    assert all(model.closed for model in machine.models)


def test_two_detectors_stand_beside_each_other_and_the_second_may_be_late() -> None:
    two = DESCRIPTION + "  - {kind: detect, name: more, model: more.edge, deadline: 0.2}\n"
    machine = Machine(two, LEFT, RIGHT)
    machine.configure()
    machine.models[2].boxes = (MIDDLE,)  # type: ignore[attr-defined]
    result = machine.look()
    assert [(one.label, one.x, round(one.score, 2)) for one in result.detections] == [
        ("thing", 0, 0.9),
        ("thing", 4, 0.9),
        ("thing", 8, 0.8),
    ]
    assert said(result) == [["cat"], [], ["espresso"]]
    assert [one.name for one in result.stages] == ["wait", "run", "decode", "colour", "more"]
    result = machine.look(NOW + MS, age=200 * MS)
    assert [one.x for one in result.detections] == [0, 8]
    assert [bool(one.fault) for one in result.stages] == [False, False, False, True, True]


def test_models_are_found_from_the_folder_of_the_description_and_share_threads() -> None:
    machine = Machine()
    machine.configure(threads=2, processors=[1, 3], priority=-1)
    assert machine.requests == [
        ModelRequest("robot/detector.edge", 2, (1, 3), "", 7),
        ModelRequest("/models/colour.edge", 2, (1, 3), "", -1),
    ]


def test_the_time_of_a_stage_is_its_own() -> None:
    machine = Machine(DESCRIPTION, LEFT, RIGHT)
    machine.configure()
    machine.cost = lambda: 3 * MS
    times = {one.name: one.milliseconds for one in machine.look().stages}
    assert times == {"wait": 0, "run": 0, "decode": 0, "colour": 6}


def test_nothing_found_costs_a_later_stage_nothing() -> None:
    machine = Machine()
    machine.configure()
    machine.fault = BundleError("not to be called")
    result = machine.look()
    assert list(result.detections) == []
    assert result.stages[-1].fault == ""


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (BundleError("no memory left"), "no memory left"),
        (ValueError("odd shape"), "ValueError: odd shape"),
    ],
)
def test_a_stage_that_fails_costs_its_own_part(fault: Exception, says: str) -> None:
    machine = Machine(DESCRIPTION, LEFT, RIGHT)
    machine.configure()
    machine.fault = fault
    result = machine.look()
    assert said(result) == [[], []]
    assert result.stages[-1].fault == says
    assert machine.state().level == Level.ERROR
    assert f"its part is missing: {says}" in machine.state().message
    machine.fault = None
    later = NOW + 3 * SECOND
    assert said(machine.look(later)) == [["cat"], ["espresso"]]
    assert machine.state(later).level == Level.OK


def test_a_stage_works_on_as_much_as_its_deadline_allows() -> None:
    machine = Machine(DESCRIPTION, LEFT, MIDDLE, RIGHT)
    machine.configure()
    machine.cost = lambda: 30 * MS
    assert said(machine.look(age=50 * MS)) == [["cat"], ["dog"], ["espresso"]]  # to know the cost
    result = machine.look(NOW + MS, age=35 * MS)
    assert said(result) == [["cat"], ["dog"], []]  # the likeliest first
    assert result.stages[-1].fault.startswith("1 of 3 things were left out to be done 100 ms")
    state = machine.state(NOW + MS)
    assert state.level == Level.WARN
    assert "use a faster model" in state.message
    assert state.values["deadline"] == "100 ms"
    assert said(machine.look(NOW + 2 * MS, age=5 * MS)) == [["cat"], ["dog"], ["espresso"]]


def test_an_image_that_is_too_old_costs_a_late_stage_nothing() -> None:
    machine = Machine(DESCRIPTION, LEFT)
    machine.configure()
    machine.fault = BundleError("not to be called")
    result = machine.look(age=100 * MS)
    assert said(result) == [[]]
    assert "1 of 1 things" in result.stages[-1].fault


def test_one_slow_run_is_not_the_last_one() -> None:
    machine = Machine(DESCRIPTION, LEFT)
    machine.configure()
    costs = iter([200 * MS])
    machine.cost = lambda: next(costs, MS)
    assert said(machine.look()) == [["cat"]]
    seen = [said(machine.look(NOW + number * MS)) for number in range(1, 20)]
    assert seen[0] == [[]]
    assert seen[-1] == [["cat"]]


def test_a_later_model_that_is_not_proven_yet_is_a_warning() -> None:
    machine = Machine()
    machine.configure()
    machine.models[1].caveat = replace(PROOF, state="pending", missing="a slide rule").caveat
    assert machine.state().level == Level.WARN
    assert "works, but it is not proven yet" in machine.state().message


def test_a_failing_first_stage_gives_no_result() -> None:
    machine = Machine()
    machine.configure()
    machine.models[0].run_image = _fail  # type: ignore[method-assign]
    with pytest.raises(KeyError):
        machine.look()
    assert {one.name: one.level for one in machine.core.diagnostics(NOW)}["images"] == Level.ERROR


def _fail(*_: object) -> Any:
    raise BundleError("broken")


def test_a_mistake_in_the_description_refuses_the_configuration() -> None:
    with pytest.raises(
        ConfigurationError, match=r"the pipeline can't be used: pipeline\.yaml, line"
    ):
        Machine("version: 1").configure()


def test_a_model_that_can_not_be_loaded_frees_those_before_it() -> None:
    first = FakeDetector()

    def load(request: ModelRequest) -> FakeModel:
        if request.path.endswith("colour.edge"):
            raise BundleError("colour.edge is damaged")
        return first

    environment = replace(
        this_machine(), load=load, read_file=lambda path, most: DESCRIPTION.encode()
    )
    core = PerceptionCore(environment)
    with pytest.raises(ConfigurationError, match=r"colour\.edge is damaged"):
        core.configure(Parameters(core.parameters, {"model": "pipeline.yml"}))
    assert first.closed
