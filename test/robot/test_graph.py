"""The description of the robot: what it says, and mistakes in it."""

import os
import re
import signal
import subprocess
import sys

import pytest

from edge_perception import cli
from edge_perception.core.decision.audit import Trail
from edge_perception.core.whole_file import FileError
from edge_perception.drivers.audit_file import AuditFile
from edge_perception.robot import graph
from edge_perception.robot.drawing import draw
from edge_perception.robot.plan import doubts, plan, RequestError, StartRequest
from edge_perception.share import share_dir
from edge_perception.version import VERSION


def load(tmp_path, text):
    path = tmp_path / "robot.yaml"
    path.write_text(text)
    return graph.load(path)


def argument(what):
    return f"arguments: {{it: {{description: words, {what}}}}}\nnodes: {{camera: }}"


def arguments(starts, name):
    """Return the parameters and remappings of a node."""
    [start] = [start for start in starts if start.name == name]
    return {**start.parameters, **start.remap}


def test_shipped_graph_connects_camera_perception_and_decision():
    robot = graph.load()
    assert {entry.name for entry in robot.nodes} == {
        *("camera", "perception", "decision"),
        *("imu", "wheels", "pose", "velocity_gate", "annotate"),
    }
    drawn = draw(robot, parameters=True)
    assert "camera/image_raw  sensor_msgs/msg/Image  matched  from camera" in drawn
    assert "detections  edge_perception/msg/DetectionArray  default  from perception" in drawn


def test_ports_are_those_that_the_parameters_ask_for(tmp_path):
    text = (
        "nodes: {{wheels: {{kind: wheel_odometry, parameters: {{source: {}, publish_tf: {}}}}}}}"
    )
    told = draw(load(tmp_path, text.format("joint_states", "true")), parameters=False)
    assert "<- joint_states" in told
    assert "-> /tf" in told
    counted = draw(load(tmp_path, text.format("simulated", "false")), parameters=False)
    assert "joint_states" not in counted
    assert "/tf" not in counted


def test_transforms_can_be_remapped(tmp_path):
    robot = load(tmp_path, "nodes: {pose: {parameters: {publish_tf: true}, remap: {/tf: mine}}}")
    [start] = plan(robot, StartRequest({}, namespace="bot"))
    assert start.remap["/tf"] == "mine"


def test_rules_that_can_not_be_used_are_a_mistake_of_the_graph(tmp_path):
    with pytest.raises(FileError, match=r"robot\.yaml, line 1.*nowhere\.yaml"):
        load(tmp_path, "nodes: {decision: {parameters: {rules: nowhere.yaml}}}")


def test_example_of_the_guide(tmp_path):
    guide = (share_dir() / "docs" / "ros.md").read_text()
    [example] = re.findall(r"```yaml\n(arguments:.*?)```", guide, re.DOTALL)
    robot = load(tmp_path, example)
    drawn = draw(robot, parameters=False)
    assert "front/image_raw  sensor_msgs/msg/Image  matched  from front" in drawn
    assert "rear/image_raw  sensor_msgs/msg/Image  default  to outside" in drawn


def test_arguments_set_parameters_with_their_type():
    starts = plan(
        graph.load(), StartRequest({"model": "x.edge", "camera": "0"}, namespace="/bot/")
    )
    assert arguments(starts, "camera") == {"source": "0"}
    names = {"/bot/camera", "/bot/decision", "/bot/perception"}
    assert {start.full_name for start in starts} == names
    assert arguments(starts, "perception")["model"] == "x.edge"


def test_topic_in_place_of_the_camera():
    starts = plan(graph.load(), StartRequest({"model": "x", "image_topic": "/usb/image"}))
    assert [start.name for start in starts] == ["decision", "perception"]
    perception = arguments(starts, "perception")
    assert perception["camera/image_raw"] == "/usb/image"
    assert perception["camera/camera_info"] == "/usb/camera_info"


def test_parameters_and_remappings_of_the_file(tmp_path):
    robot = load(
        tmp_path,
        """
        arguments:
          speed: {description: pictures a second, sets: front.rate}
        nodes:
          front:
            kind: camera
            parameters: {rate: 5, loop: false, width: 640, source: "7", encoding: rgb8}
            remap: {camera/image_raw: front/image}
          perception: {remap: {camera/image_raw: front/image}}
        """,
    )
    starts = plan(robot, StartRequest({"speed": "12"}, use_sim_time=True))
    found = arguments(starts, "front")
    assert (found["rate"], found["width"], found["source"]) == (12.0, 640, "7")
    assert isinstance(found["rate"], float)
    assert isinstance(found["width"], int)
    assert found["loop"] is False
    assert all(start.use_sim_time for start in starts)
    assert found["camera/image_raw"] == "front/image"
    assert "front/image  sensor_msgs/msg/Image  matched  from front" in draw(robot, False)


def test_an_argument_tells_other_nodes_that_are_started(tmp_path):
    text = """
        arguments:
          rules: {description: the rules, sets: decision.rules, tells: [annotate.rules]}
          annotate: {description: pictures a second, starts: annotate.rate}
        nodes: {decision: {}, annotate: {}}
        """
    robot = load(tmp_path, text)
    both = plan(robot, StartRequest({"rules": "mine.yaml", "annotate": "5"}))
    assert [start.parameters.get("rules") for start in both] == ["mine.yaml", "mine.yaml"]
    [decision] = plan(robot, StartRequest({"rules": "mine.yaml"}))
    assert decision.parameters == {"rules": "mine.yaml"}
    with pytest.raises(FileError, match=r"annotate has no parameter 'rulez'; .*'rules' meant"):
        load(tmp_path, text.replace("annotate.rules", "annotate.rulez"))


def test_parameter_file_beats_the_graph_and_is_beaten_by_arguments(tmp_path):
    robot = load(
        tmp_path,
        "arguments: {a: {description: d, sets: camera.source}}\n"
        "nodes: {camera: {parameters: {rate: 5.0, loop: true}}}",
    )
    file = tmp_path / "parameters.yaml"
    file.write_text("'/**': {ros__parameters: {rate: 7.0, source: pattern}}")
    [start] = plan(robot, StartRequest({"a": "7"}, parameters_file=str(file)))
    assert start.parameters == {"loop": True, "source": "7"}
    assert start.parameters_file == str(file)


def test_value_in_a_parameter_file_that_its_node_does_not_take(tmp_path):
    robot = load(tmp_path, "nodes: {front: {kind: camera}}")
    file = tmp_path / "parameters.yaml"
    file.write_text("front: {ros__parameters: {rate: fast}}")
    with pytest.raises(
        RequestError, match="/front rate must be a number from 0 to 1000, received"
    ):
        plan(robot, StartRequest({}, parameters_file=str(file)))


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("nodes:\n  camrea: {}", "line 2, column 11", "is 'camera' meant?"),
        ("nodes:\n  x: {kind: perceptoin}", "line 2, column 13", "is 'perception' meant?"),
        ("nodes:\n  camera:\n    parameters: {rat: 5}", "line 3, column 18", "is 'rate' meant?"),
        ("nodes:\n  camera: {parameters: {rate: fast}}", "line 2, column 31", "a number from 0"),
        ("nodes:\n  camera: {parameters: {rate: -1}}", "line 2, column 31", "a number from 0"),
        ("nodes:\n  camera: {parameters: {width: 1.5}}", "line 2, column 32", "whole number"),
        ("nodes:\n  camera: {parameters: {loop: 3}}", "line 2, column 31", "true or false"),
        ("nodes:\n  camera: {parameters: {encoding: rgb}}", "column 35", "is 'rgb8' meant?"),
        ("nodes:\n  camera: {remap: {image: x}}", "line 2, column 20", "camera/image_raw"),
        ("nodes:\n  camera: {}\n  camera: {}", "line 3, column 3", "given twice"),
        ("nodes:\n  my-cam: {kind: camera}", "line 2", "letters, digits and _"),
        ("node: {}", "line 1, column 1", "is 'nodes' meant?"),
        ("arguments: {}", "line 1, column 1", "'nodes' is missing"),
        (argument("sets: camera.sauce"), "line 1", "'source'"),
        (argument("sets: cam.source"), "line 1", "'camera'"),
        (argument("replaces: camera.img"), "line 1", "image"),
        (argument("required: true"), "line 1", "'sets', 'starts', 'replaces', 'renames'"),
        (argument("renames: camera.img"), "line 1", "image"),
        ("nodes: [camera", "line 1", "not YAML"),
        ("nodes: &a\n  camera: *a", "line 2", "aliases"),
    ],
)  # fmt: skip
def test_mistake_is_shown_with_line_and_column(tmp_path, text, place, reason):
    with pytest.raises(FileError) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith("robot.yaml")
    assert place in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "nothing to start: give imu or wheels or cmd_vel_in or model or camera"),
        ({"model": ""}, "nothing to start"),
        (
            {"camera": "0", "rules": "mine.yaml"},
            "rules is for decision, which is left out: give model, too",
        ),
        ({"model": "x", "camera": "0", "image_topic": "/i"}, "camera, which is left out"),
    ],
)
def test_request_that_can_not_be_met(values, reason):
    with pytest.raises(RequestError, match=reason):
        plan(graph.load(), StartRequest(values))


def test_argument_that_a_graph_requires(tmp_path):
    robot = load(tmp_path, argument("sets: camera.source, required: true"))
    with pytest.raises(RequestError, match="no it is given: words"):
        plan(robot, StartRequest({}))


def test_argument_of_another_type(tmp_path):
    robot = load(
        tmp_path,
        "arguments: {r: {description: d, sets: camera.rate}}\nnodes: {camera: {}}",
    )
    with pytest.raises(RequestError, match="r must be a number from 0 to 1000, received 'fast'"):
        plan(robot, StartRequest({"r": "fast"}))


def test_check_and_graph_commands(tmp_path, capsys):
    assert cli.main(["check"]) == 0
    assert "nothing wrong" in capsys.readouterr().out
    assert cli.main(["graph", "--parameters"]) == 0
    assert "frame_id = 'camera_optical_frame'" in capsys.readouterr().out
    path = tmp_path / "mine.yaml"
    path.write_text("nodes: {camera: {colour: red}}")
    assert cli.main(["check", "--graph", str(path)]) == 1
    assert "mine.yaml, line 1, column 18: unknown key 'colour'" in capsys.readouterr().err


def test_reader_who_left_is_told_by_the_exit_code():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "edge_perception.cli", "graph"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"edge-robot {VERSION}\n"


def test_audit_command(tmp_path, capsys):
    path = tmp_path / "unlock.log"
    file = AuditFile(path)
    trail = Trail(file)
    for number in range(3):
        trail.record({"event": "unlocked", "number": number})
    file.close()
    assert cli.main(["audit", str(path)]) == 0
    assert "3 entries, none changed or missing" in capsys.readouterr().out
    path.write_text(path.read_text().replace('"number":1', '"number":7'))
    assert cli.main(["audit", str(path)]) == 1
    assert "line 2 was changed" in capsys.readouterr().err
    assert cli.main(["audit", str(tmp_path / "none")]) == 1
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "nodes"),
    [
        ({}, set()),
        ({"imu": "none", "wheels": "none"}, set()),
        ({"imu": "mpu:1"}, {"imu", "pose"}),
        ({"wheels": "joint_states", "imu": "none"}, {"wheels", "pose"}),
        ({"imu": "topic:/razor/imu", "wheels": "simulated"}, {"wheels", "pose"}),
    ],
)
def test_sensors_of_motion_run_only_if_they_are_given(values, nodes):
    starts = plan(graph.load(), StartRequest({"model": "x.edge", **values}))
    assert {start.name for start in starts} == {"camera", "perception", "decision"} | nodes


def test_topic_in_place_of_a_source():
    starts = plan(
        graph.load(),
        StartRequest({"model": "x", "imu": "topic:/razor/imu", "wheels": "simulated"}),
    )
    assert arguments(starts, "pose")["imu/data"] == "/razor/imu"
    assert arguments(starts, "wheels")["imu/data"] == "/razor/imu"
    assert arguments(starts, "wheels")["source"] == "simulated"
    with pytest.raises(RequestError, match="name a topic"):
        plan(graph.load(), StartRequest({"model": "x", "imu": "topic:"}))


@pytest.mark.parametrize(
    ("values", "nodes"),
    [
        ({"imu": "mpu:1", "wheels": "joint_states"}, {"imu", "wheels", "pose"}),
        ({"camera": "/dev/video0"}, {"camera"}),
        ({"model": "topic:/their/detections", "image_topic": "/i"}, {"decision"}),
    ],
)
def test_without_a_model_nothing_is_recognised_and_the_rest_runs(values, nodes):
    assert {start.name for start in plan(graph.load(), StartRequest(values))} == nodes


def test_output_under_another_name_keeps_its_node_and_its_readers():
    values = {"model": "x", "imu": "mpu:1", "odom_topic": "odom", "publish_tf": "true"}
    starts = plan(graph.load(), StartRequest(values))
    assert arguments(starts, "pose")["odometry/filtered"] == "odom"
    assert arguments(starts, "pose")["publish_tf"] is True
    assert arguments(starts, "decision")["odometry/filtered"] == "odom"


def test_pose_of_another_localisation():
    values = {"model": "x", "imu": "mpu:1", "wheels": "simulated", "pose_topic": "/ekf/odometry"}
    starts = plan(graph.load(), StartRequest(values))
    assert {start.name for start in starts} == {
        "imu",
        "wheels",
        "decision",
        "perception",
        "camera",
    }
    assert arguments(starts, "decision")["odometry/filtered"] == "/ekf/odometry"


def test_robots_with_namespaces_have_transforms_of_their_own():
    values = {"imu": "mpu:1", "wheels": "joint_states"}
    for request, topic in (
        (StartRequest(values, namespace="a"), "tf"),
        (StartRequest(values, namespace="a", tf_topic="/tf"), None),
        (StartRequest(values, tf_topic="/common/tf"), "/common/tf"),
        (StartRequest(values), None),
    ):
        starts = plan(graph.load(), request)
        assert arguments(starts, "pose").get("/tf") == topic
        assert arguments(starts, "wheels").get("/tf") == topic
        assert "/tf" not in arguments(starts, "imu")


@pytest.mark.parametrize("name", ["a b", "1st", "a//b", "arm-2", "ä", "~"])
def test_a_namespace_that_ros_would_refuse_is_refused(name):
    with pytest.raises(RequestError, match=f"'{name}' is no namespace: expected names of letters"):
        plan(graph.load(), StartRequest({"camera": "pattern"}, namespace=name))


def test_namespaces_are_absolute():
    for name in ("a/_b2", "/a/_b2", "a/_b2/"):
        starts = plan(graph.load(), StartRequest({"camera": "pattern"}, namespace=name))
        assert {start.namespace for start in starts} == {"/a/_b2"}


@pytest.mark.parametrize("content", ["", "version: 1\n", "camera: {rate: 3}\n"])
def test_a_file_without_parameters_is_doubted(content, tmp_path):
    path = tmp_path / "file.yaml"
    path.write_text(content)
    request = StartRequest({"camera": "pattern"}, parameters_file=str(path))
    [doubt] = doubts(request, plan(graph.load(), request))
    assert "file.yaml: it has no ros__parameters, so nothing in it has an effect" in doubt


@pytest.mark.parametrize("time", ["0", "-1", "nan", "soon"])
def test_a_robot_runs_for_some_time(time, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["up", "--duration", time])
    assert ended.value.code == 2
    assert f"expected seconds, more than 0, received '{time}'" in capsys.readouterr().err
