"""Where the robot is."""

from __future__ import annotations

import pytest
from rule_files import BASE, condition, image, MS, NOW, Robot

from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.travel import Travel
from edge_perception.core.stamps import to_time
from edge_perception.core.whole_file import FileError
from edge_perception.messages.types import Header, Odometry


@pytest.mark.parametrize(("place", "holds"), [((11.0, 11.0), True), ((9.9, 11.0), False)])
def test_the_place_is_that_of_the_odometry(place: tuple[float, float], holds: bool) -> None:
    when = condition("{robot_zone: dock}")
    assert (when.evidence(Situation(image(), Travel(position=place))) is not None) == holds
    assert when.describe(Situation(image())) == ["the robot is in dock"]


def test_a_robot_that_enters_a_zone() -> None:
    robot = Robot(f"{BASE}  - {{name: docked, when: {{robot_zone: dock}}, action: stop}}\n")
    said = []
    for step, x in enumerate((9.5, 9.8, 10.1, 10.4)):
        now = NOW + step * 100 * MS
        odometry = Odometry(header=Header(stamp=to_time(now)))
        odometry.pose.pose.position.x, odometry.pose.pose.position.y = x, 11.0
        said.append(robot.step(now, odometry=odometry).action)
    assert said == ["go", "go", "stop", "stop"]


@pytest.mark.parametrize(
    ("zone", "says"),
    [
        ("dok", "line 14, column 35: unknown zone 'dok'"),
        ("path", "the zone 'path' is of 'ground'; expected 'odometry'"),
    ],
)
def test_another_zone(zone: str, says: str) -> None:
    with pytest.raises(FileError) as caught:
        condition(f"{{robot_zone: {zone}}}")
    assert says in str(caught.value)
