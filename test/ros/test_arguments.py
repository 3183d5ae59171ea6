"""A node to start as ROS arguments, compared with what rclpy takes from them."""

import pytest
import rclpy
from rclpy.context import Context

from edge_perception.robot.plan import Start
from edge_perception.transport.ros.arguments import arguments_of

pytestmark = pytest.mark.ros


def node(start):
    """Return the name, the topic in place of "image", and the values that rclpy reads."""
    context = Context()
    rclpy.init(context=context)
    try:
        made = rclpy.create_node(
            "anything", context=context, cli_args=["--ros-args", *arguments_of(start)]
        )
        values = {name: value.value for name, value in made._parameter_overrides.items()}
        return made.get_fully_qualified_name(), made.resolve_topic_name("image"), values
    finally:
        rclpy.shutdown(context=context)


def test_name_namespace_topics_and_types():
    values = {"source": "7", "rate": 5.0, "width": 640, "loop": False, "names": ["a", "ö: 1"]}
    start = Start(
        "front", "camera", "/bot", values, remap={"image": "view/image"}, use_sim_time=True
    )
    name, topic, found = node(start)
    assert (name, topic) == ("/bot/front", "/bot/view/image")
    assert found == {**values, "use_sim_time": True}
    assert all(type(found[name]) is type(value) for name, value in values.items())


@pytest.mark.parametrize("name", ["front", "**", "*"])
@pytest.mark.parametrize("namespace", ["", "/bot"])
def test_parameters_beat_the_file(tmp_path, name, namespace):
    file = tmp_path / "parameters.yaml"
    within = "{ros__parameters: {a: file, b: file, use_sim_time: false}}"
    file.write_text(f"'{namespace}/{name}': {within}")
    start = Start("front", "camera", namespace, {"b": "argument"}, str(file), use_sim_time=True)
    assert node(start)[2] == {"a": "file", "b": "argument", "use_sim_time": True}
