"""What the files for service, container, display and example robot name is there."""

import configparser
from pathlib import Path
import re
import shlex
from xml.etree import ElementTree

import pytest
import yaml

from edge_perception import commands
from edge_perception.robot import graph

ROOT = Path(__file__).resolve().parents[2]
GRAPH = graph.load()


def ports(side: str) -> dict[str, str]:
    """Return the topics of the robot's inputs or outputs with their types."""
    return {
        entry.topic(port.topic): port.type
        for entry in GRAPH.nodes
        for port in getattr(entry.core, side)
    }


def default(kind: str, name: str) -> object:
    """Return the default of a node's parameter."""
    [entry] = [entry for entry in GRAPH.nodes if entry.kind == kind]
    return next(one.default for one in entry.core.parameters if one.name == name)


def test_service_starts_a_program_with_options_that_it_has() -> None:
    text = (ROOT / "deploy" / "edge-robot.service").read_text()
    parser = configparser.ConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    program, *words = shlex.split(parser["Service"]["ExecStart"])
    assert Path(program).name == "edge-robot"
    defaults = (ROOT / "deploy" / "edge-robot.default").read_text()
    [example] = re.findall(r"^EDGE_ROBOT_OPTIONS=(.*)$", defaults, re.MULTILINE)
    assert words.pop() == "$EDGE_ROBOT_OPTIONS"
    options = commands.build_parser(GRAPH).parse_args([*words, *shlex.split(example)])
    assert options.model == "/opt/models/model.edge"


def test_image_is_built_from_what_the_package_has() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no tomllib")
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [extras] = re.findall(r"'/src\[(.*)\]'", text)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    [program] = re.findall(r'^ENTRYPOINT \["(.*)"\]$', text, re.MULTILINE)
    assert program in project["scripts"]
    for path in re.findall(r"/src/([\w./-]+)", text):
        assert (ROOT / path).exists()


def test_displays_show_topics_that_the_nodes_have() -> None:
    rviz = yaml.safe_load((ROOT / "config" / "robot.rviz").read_text())["Visualization Manager"]
    shown = {
        display["Class"].rpartition("/")[2]: display["Topic"]["Value"]
        for display in rviz["Displays"]
        if "Topic" in display
    }
    outputs = ports("outputs")
    assert outputs[shown.pop("Odometry")] == "nav_msgs/msg/Odometry"
    assert outputs[shown.pop("Image")] == "sensor_msgs/msg/Image"
    assert outputs[shown.pop("MarkerArray")] == "visualization_msgs/msg/MarkerArray"
    assert not shown
    [tool] = [tool for tool in rviz["Tools"] if tool["Class"].endswith("SetInitialPose")]
    assert ports("inputs")[tool["Topic"]["Value"]].endswith("PoseWithCovarianceStamped")
    assert rviz["Global Options"]["Fixed Frame"] == default("pose", "odom_frame")


def test_example_robot_has_the_frames_and_joints_of_the_nodes() -> None:
    robot = ElementTree.parse(ROOT / "config" / "robot.urdf").getroot()
    links = {link.get("name") for link in robot.iter("link")}
    assert {
        default("camera", "frame_id"),
        default("imu", "frame_id"),
        default("pose", "base_frame"),
        default("wheel_odometry", "child_frame_id"),
    } <= links
    joints = {joint.get("name"): joint for joint in robot.iter("joint")}
    wheels = default("wheel_odometry", "joints")
    assert isinstance(wheels, list)
    left, right = (joints[name].find("origin") for name in wheels)
    assert left is not None
    assert right is not None
    offsets = [float(side.get("xyz", "").split()[1]) for side in (left, right)]
    assert offsets[0] - offsets[1] == default("wheel_odometry", "track")
    radii = {float(one.get("radius", 0)) for one in robot.iter("cylinder")}
    assert radii == {default("wheel_odometry", "wheel_radius")}
