"""Names in ROS parameter files, compared with what rcl itself takes from such a file."""

from array import array

import pytest
import rclpy
from rclpy.context import Context

from edge_perception.robot.parameter_files import ParameterFile, ParameterFileError

pytestmark = pytest.mark.ros
NODES = ("/bot/camera", "/bot/perception")


def _plain(value):
    return list(value) if isinstance(value, array) else value


def taken_by_rcl(path):
    """Return the values that a node /bot/camera is given."""
    context = Context()
    rclpy.init(context=context)
    node = rclpy.create_node(
        "camera",
        namespace="/bot",
        context=context,
        cli_args=["--ros-args", "--params-file", str(path)],
    )
    taken = {name: _plain(value.value) for name, value in node._parameter_overrides.items()}
    node.destroy_node()
    rclpy.shutdown(context=context)
    return taken


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
    path.write_text(f"{name}:\n  ros__parameters: {{rate: 5.0, a: {{b.c: [1, 2]}}}}\n")
    taken = taken_by_rcl(path)
    said = ParameterFile(str(path)).overlooked(NODES)
    assert (bool(taken), not said) == (meant, meant)
    assert ParameterFile(str(path)).values("/bot/camera") == taken
    if said:
        [sentence] = said
        assert "expected one of /bot/camera, /bot/perception" in sentence
        if "cam" in name and "other" not in name:
            assert sentence.endswith("is '/bot/camera' meant?")


VALUES = (
    "1e-3 1.0e3 +.5 1. 09 -0.0 .inf -inf .nan nan 012 0x1F -5 0 9223372036854775807 1_000 12:30 "
    "2001-01-01 0b11 0o17 ~ null y N Yes off TRUE tRUE '1e-3' \"5\" 1e [1,2] [1e-3,2.0] [a,'1']"
)


def test_a_value_means_what_rcl_takes_it_for(tmp_path):
    path = tmp_path / "parameters.yaml"
    lines = [f"    v{index}: {value}\n" for index, value in enumerate(VALUES.split())]
    path.write_text(f"/**:\n  ros__parameters:\n{''.join(lines)}")
    found, taken = ParameterFile(str(path)).values("/bot/camera"), taken_by_rcl(path)
    assert {name: repr(value) for name, value in found.items()} == {
        name: repr(value) for name, value in taken.items()
    }


@pytest.mark.parametrize(
    "text",
    [
        "/bot/camera: {ros__parameters: {a: 1, b: 2}}\n"
        "/bot/camera: {ros__parameters: {b: 3, c: 4}}",
        "/bot: {camera: {ros__parameters: {a: 1}}}\n/bot: {camera: {ros__parameters: {b: 2}}}",
        "/**: {ros__parameters: {a: 1}, ros__parameters: {b: 2}}",
        "/**: {ros__parameters: {a: {b: 1}, a: {c: 2, b: 3}, d: 1, d: 2}}",
    ],
)
def test_what_stands_twice_means_what_rcl_takes_it_for(tmp_path, text):
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    assert ParameterFile(str(path)).values("/bot/camera") == taken_by_rcl(path)


def test_others_may_be_in_the_file(tmp_path):
    path = tmp_path / "parameters.yaml"
    values = "ros__parameters: {a: 1}"
    path.write_text(f"bot: {{camera: {{{values}}}}}\namcl: {{{values}}}\nperception: {{{values}}}")
    [sentence] = ParameterFile(str(path)).overlooked(NODES)
    assert "no node of this robot is called /perception" in sentence


@pytest.mark.parametrize("text", ["- a", "", "a: 5"])
def test_what_is_no_parameter_file_has_nothing_for_a_node(tmp_path, text):
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    [sentence] = ParameterFile(str(path)).overlooked(NODES)
    assert f"{path}: it has no ros__parameters, so nothing in it has an effect" in sentence
    assert ParameterFile(str(path)).values(NODES[0]) == {}


def test_a_file_that_can_not_be_read_is_one_sentence(tmp_path):
    path = tmp_path / "parameters.yaml"
    path.write_text("a: [")
    with pytest.raises(ParameterFileError, match=r"parameters\.yaml can't be read.*line 1"):
        ParameterFile(str(path)).values(NODES[0])
