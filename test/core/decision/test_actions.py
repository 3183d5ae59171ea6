"""What actions publish beside limits and triggers."""

from __future__ import annotations

import pytest
from rule_files import BASE, MS, NOW, read, Robot, thing

from edge_perception.core.stamps import nanoseconds
from edge_perception.core.whole_file import FileError
from edge_perception.messages.types import Bool, Empty

RULES = BASE.replace(
    "  horn: {trigger: true}\n",
    "  horn: {publish: {topic: speech/say, text: hello}, steer: {linear: -0.2, angular: 0.5}}\n"
    "  bell: {publish: {topic: /bell, text: ding}}\n"
    "  light: {call: {service: light/set, data: true}}\n"
    "  dark: {call: {service: light/set, data: false}}\n"
    "  sound: {call: {service: /sound/play}}\n",
)
RULES += "  - {name: greet, when: {label: person}, action: horn}\n"
RULES += "  - {name: ring, when: {label: dog}, action: bell}\n"
RULES += "  - {name: light, when: {label: day}, action: light}\n"
RULES += "  - {name: dark, when: {label: night}, action: dark}\n"
RULES += "  - {name: sound, when: {label: noise}, action: sound}\n"


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


def test_a_service_is_called_once_each_time_that_its_action_begins() -> None:
    robot = Robot(RULES)
    ports = {port.name: (port.topic, port.service, port.type) for port in robot.ports.outputs}
    assert ports["call light/set"] == ("light/set", "std_srvs/srv/SetBool", "std_msgs/msg/Bool")
    assert ports["call /sound/play"] == (
        "/sound/play",
        "std_srvs/srv/Trigger",
        "std_msgs/msg/Empty",
    )
    called = []
    for step, shown in enumerate(["day", "day", "night", "noise", "noise", "day"]):
        robot.step(NOW + step * MS, thing(shown))
        called.append([(port, m) for port, m in robot.outputs.items() if port.startswith("call")])
    on, off = [("call light/set", Bool(data=True))], [("call light/set", Bool(data=False))]
    assert called == [on, [], off, [("call /sound/play", Empty())], [], on]


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
        ("data: false", "data: no thanks", "expected true or false"),
        (", data: false", "", "'light/set' is called with 'data' (std_srvs/SetBool) and without"),
        ("service: /sound/play", "service: sound play", "'sound play' can't be a name in ROS"),
        ("steer: {", "stear: {", "is 'steer' meant?"),
    ],
)
def test_mistakes(old: str, new: str, says: str) -> None:
    with pytest.raises(FileError) as caught:
        read(RULES.replace(old, new))
    assert says in str(caught.value)
