"""A node to start as ROS arguments, compared with what rclpy takes from them."""

import itertools
import math

import pytest
import rclpy
from rclpy.context import Context
from toy import Toy

from edge_perception.robot.plan import Start
from edge_perception.transport.ros.arguments import arguments_of, ros_arguments
from edge_perception.transport.ros.node import RosNode
from edge_perception.transport.ros.parameters import on_command_line, plain

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


SECTIONS = ("{}/front", "/**", "{}/*", "/**/front")


@pytest.mark.parametrize("sections", [*itertools.permutations(SECTIONS, 2), *zip(SECTIONS)])
@pytest.mark.parametrize("namespace", ["", "/bot"])
def test_the_command_line_beats_the_file_whatever_its_sections_are(
    robot, tmp_path, sections, namespace
):
    file = tmp_path / "parameters.yaml"
    within = "{ros__parameters: {gain: 2.0, mode: fast, prefix: file}}"
    names = [section.format(namespace) for section in sections]
    file.write_text("".join(f"'{name}': {within}\n" for name in names))
    values = {"gain": 5e-3, "prefix": "1:30", "names": ["a", "b"]}
    arguments = arguments_of(Start("front", "toy", namespace, values, str(file)))
    made = RosNode("toy", Toy, arguments)
    robot.nodes.append(made)
    found = {name: made.get_parameter(name).value for name in (*values, "mode")}
    assert found == {**values, "mode": "fast"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("7", 7), ("-3", -3), ("1e-3", 1e-3), ("2.", 2.0), (".5", 0.5), ("-.inf", -math.inf)),
        *(("true", True), ("No", False), ("1:30", "1:30"), ("2026-11-28", "2026-11-28")),
        *(("'5'", "5"), ("a b", "a b"), ("[1, 2]", [1, 2]), ("[1.5, 2e3]", [1.5, 2000.0])),
    ],
)
def test_a_value_means_the_same_as_in_rcl(text, value):
    context = Context()
    rclpy.init(context=context)
    words = ["-p", f"a:={text}"]
    taken = rclpy.create_node("n", context=context, cli_args=["--ros-args", *words])
    rcls = taken._parameter_overrides["a"]
    rclpy.shutdown(context=context)
    [ours] = on_command_line(words)
    assert plain(rcls.value) == plain(ours.value) == value
    assert rcls.type_ is ours.type_


def test_the_last_of_several_holds_and_other_nodes_and_files_are_let_alone():
    line = "run -p a:=1 --ros-args -p a:=2 -r b:=c --param a:=3 -p other:a:=4 -- -p a:=5"
    [only] = on_command_line(ros_arguments(line.split()))
    assert (only.name, only.value) == ("a", 3)
