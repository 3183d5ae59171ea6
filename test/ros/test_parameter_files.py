"""Names in ROS parameter files, compared with what rcl itself takes from such a file."""

import pytest
import rclpy
from rclpy.context import Context

from edge_perception.parameter_files import overlooked

pytestmark = pytest.mark.ros
NODES = ("/bot/camera", "/bot/perception")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("/bot/camera", True),
        ("bot/camera", True),
        ("/**", True),
        ("/**/camera", True),
        ("/*/camera", True),
        ("/bot/*", True),
        ("camera", False),
        ("/camera", False),
        ("/bot/camrea", False),
        ("/*", False),
        ("/other/camera", False),
    ],
)
def test_name_means_what_rcl_takes_it_for(tmp_path, name, meant):
    path = tmp_path / "parameters.yaml"
    path.write_text(f"{name}:\n  ros__parameters: {{rate: 5.0}}\n")
    context = Context()
    rclpy.init(context=context)
    node = rclpy.create_node(
        "camera",
        namespace="/bot",
        context=context,
        cli_args=["--ros-args", "--params-file", str(path)],
    )
    taken = bool(node._parameter_overrides)
    node.destroy_node()
    rclpy.shutdown(context=context)
    said = overlooked(str(path), NODES)
    assert (taken, not said) == (meant, meant)
    if said:
        [sentence] = said
        assert "expected one of /bot/camera, /bot/perception" in sentence
        if "cam" in name and "other" not in name:
            assert sentence.endswith("is '/bot/camera' meant?")


def test_others_may_be_in_the_file(tmp_path):
    path = tmp_path / "parameters.yaml"
    values = "ros__parameters: {a: 1}"
    path.write_text(f"bot: {{camera: {{{values}}}}}\namcl: {{{values}}}\nperception: {{{values}}}")
    [sentence] = overlooked(str(path), NODES)
    assert "no node of this robot is called /perception" in sentence


@pytest.mark.parametrize("text", ["- a", "a: [", "", "a: 5"])
def test_what_is_no_parameter_file_is_left_to_ros(tmp_path, text):
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    assert overlooked(str(path), NODES) == []
