"""
Start the robot of config/robot.yaml: ``ros2 launch edge_perception robot.launch.py model:=X``.

``graph:=FILE`` starts another one; its arguments take the place of those of config/robot.yaml.
The nodes configure and activate themselves (their parameter ``autostart``). The launch ends when
one of them does: with an error if that node failed, since half a robot should not drive on. They
end with the launch, even if it is killed.
"""

from collections.abc import Collection, Iterable
import os
from pathlib import Path
import sys

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch_ros.actions import Node

from edge_perception.core.names import one_of
from edge_perception.ending import PARENT
from edge_perception.robot.graph import Graph, load
from edge_perception.robot.plan import doubts, plan, StartRequest
from edge_perception.transport.ros.arguments import arguments_of

GRAPH = "graph"
OWN = (
    DeclareLaunchArgument(
        GRAPH, default_value="", description="the robot, instead of config/robot.yaml"
    ),
    DeclareLaunchArgument(
        "params_file", default_value="", description="ROS parameter file for the nodes"
    ),
    DeclareLaunchArgument(
        "namespace", default_value="", description="ROS namespace of all nodes and topics"
    ),
    DeclareLaunchArgument(
        "tf_topic",
        default_value="tf",
        description="of transforms; tf, which is in the namespace, if not given",
    ),
    DeclareLaunchArgument(
        "use_sim_time",
        default_value="false",
        choices=["true", "false"],
        description="take the time from /clock",
    ),
    DeclareLaunchArgument(
        "log_level",
        default_value="info",
        choices=["debug", "info", "warn", "error", "fatal"],
        description="what the nodes log",
    ),
    DeclareLaunchArgument(
        "composed",
        default_value="true",
        choices=["true", "false"],
        description="all nodes in one process (uses less memory), or one process each",
    ),
)
"""The arguments that do not come from the graph."""


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; the nodes follow from their values."""
    given = dict(word.split(":=", 1) for word in sys.argv if ":=" in word)
    arguments = [
        DeclareLaunchArgument(
            argument.name,
            default_value=None if argument.required else "",
            description=argument.description,
        )
        for argument in _load(given.get(GRAPH, "")).arguments
    ]
    if any(Path(word).name == Path(__file__).name for word in sys.argv):
        _refuse_unknown(given, [argument.name for argument in (*arguments, *OWN)])
    return LaunchDescription([*arguments, *OWN, OpaqueFunction(function=_start)])


def _load(path: str) -> Graph:
    return load(Path(path) if path else None)


def _refuse_unknown(given: Iterable[str], known: Collection[str]) -> None:
    """Refuse misspelt arguments, which ros2 launch ignores, if it was given this very file."""
    for name in given:
        if name not in known:
            raise RuntimeError(f"unknown argument {name!r}; {one_of(name, known)}")


def _start(context: LaunchContext) -> list[Action]:
    """Start the nodes, and end with the first of them."""
    values = context.launch_configurations
    graph = _load(values[GRAPH])
    request = StartRequest(
        values={argument.name: values.get(argument.name, "") for argument in graph.arguments},
        parameters_file=values["params_file"],
        namespace=values["namespace"],
        use_sim_time=values["use_sim_time"] == "true",
        tf_topic=values["tf_topic"],
    )
    starts = plan(graph, request)  # finds mistakes, whoever starts the nodes
    said: list[Action] = []
    if values["composed"] == "true":
        programs = [("robot", ["up", *_options(values[GRAPH], request)], [])]
    else:
        said = [LogInfo(msg=f"warning: {doubt}") for doubt in doubts(request, starts)]
        programs = [(start.kind, [], arguments_of(start)) for start in starts]
    nodes = [
        Node(
            package="edge_perception",
            executable=executable,
            arguments=arguments,
            ros_arguments=[*ros_arguments, "--log-level", values["log_level"]],
            output="screen",
            additional_env={PARENT: str(os.getpid())},
        )
        for executable, arguments, ros_arguments in programs
    ]
    return [
        *said,
        *nodes,
        *(
            RegisterEventHandler(OnProcessExit(target_action=node, on_exit=_ended))
            for node in nodes
        ),
    ]


def _options(graph: str, request: StartRequest) -> list[str]:
    """Return the options of `edge-robot up` for a graph and a request."""
    options = {name.replace("_", "-"): value for name, value in request.values.items()}
    options["params-file"] = request.parameters_file
    options["namespace"] = request.namespace
    options["tf-topic"] = request.tf_topic
    options[GRAPH] = graph
    given = [f"--{name}={value}" for name, value in options.items() if value]
    return [*given, "--use-sim-time"] if request.use_sim_time else given


def _ended(event: ProcessExited, context: LaunchContext) -> list[Action]:
    """End the launch; an exception is what makes its exit code 1."""
    if context.is_shutdown:
        return []
    if event.returncode:
        raise RuntimeError(
            f"{event.process_name} ended with exit code {event.returncode}; its last lines above"
            " say why"
        )
    return [Shutdown(reason=f"{event.process_name} ended")]
