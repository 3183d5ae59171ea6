"""What actions publish beside limits and triggers."""

from __future__ import annotations

import pytest
from rule_files import BASE, MS, NOW, read, Robot, thing

from edge_perception.core.located_yaml import FileError
from edge_perception.core.stamps import nanoseconds

RULES = BASE.replace(
    "  horn: {trigger: true}\n",
    "  horn: {publish: {topic: speech/say, text: hello}, steer: {linear: -0.2, angular: 0.5}}\n"
    "  bell: {publish: {topic: /bell, text: ding}}\n",
)
RULES += "  - {name: greet, when: {label: person}, action: horn}\n"
RULES += "  - {name: ring, when: {label: dog}, action: bell}\n"


def test_a_text_is_published_once_each_time_that_its_action_begins() -> None:
    robot = Robot(RULES)
    assert {"speech/say", "/bell"} <= {port.topic for port in robot.ports.outputs}
    said = []
    for step, shown in enumerate(["person", "person", "cat", "person", "dog", "dog"]):
        robot.step(NOW + step * MS, thing(shown))
        said.append([(port, m.data) for port, m in robot.outputs.items() if "publish" in port])
    hello, ding = ("publish speech/say", "hello"), ("publish /bell", "ding")
    assert said == [[hello], [], [], [hello], [ding], []]


def test_a_velocity_is_published_as_long_as_its_action_is_given() -> None:
    robot = Robot(RULES)
    for step in range(3):
        robot.step(NOW + step * MS, thing())
        steering = robot.outputs["steering"]
        assert nanoseconds(steering.header.stamp) == NOW + step * MS
        assert (steering.twist.linear.x, steering.twist.angular.z) == (-0.2, 0.5)
    robot.step(NOW + 3 * MS)
    assert "steering" not in robot.outputs


def test_the_last_words_begin_nothing() -> None:
    safe = RULES.replace("safe: stop", "safe: bell")
    assert [port for port, _ in Robot(safe).core.safe_state(NOW, "it ends")] == ["decision"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("topic: speech/say", "topic: speech say", "'speech say' can't be a name in ROS"),
        ("text: hello", "txt: hello", "unknown key 'txt'"),
        (", text: hello", "", "the key 'text' is missing"),
        ("linear: -0.2", "linear: fast", "expected a number from -100 to 100"),
        ("steer: {", "stear: {", "is 'steer' meant?"),
    ],
)
def test_mistakes(old: str, new: str, says: str) -> None:
    with pytest.raises(FileError) as caught:
        read(RULES.replace(old, new))
    assert says in str(caught.value)
