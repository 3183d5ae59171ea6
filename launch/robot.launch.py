"""
Start the robot of config/robot.yaml: ``ros2 launch edge_perception robot.launch.py model:=X``.

``graph:=FILE`` starts another one; its arguments take the place of those of config/robot.yaml.
The nodes configure and activate themselves (their parameter ``autostart``). The launch ends when
one of them does: with an error if that node failed, since half a robot should not drive on. They
end with the launch, even if it is killed.
"""

import os

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch_ros.actions import Node

from edge_perception.ending import PARENT
from edge_perception.robot.plan import doubts, plan, StartRequest
from edge_perception.transport.ros import launching
from edge_perception.transport.ros.arguments import arguments_of

OWN = (
    launching.GRAPH,
    launching.PARAMS_FILE,
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
    arguments = launching.declared(__file__, OWN)
    return LaunchDescription([*arguments, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[Action]:
    """Start the nodes, and end with the first of them."""
    values = context.launch_configurations
    graph = launching.graph(values)
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
        programs = [("robot", ["up", *_options(values[launching.GRAPH.name], request)], [])]
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
            RegisterEventHandler(OnProcessExit(target_action=node, on_exit=launching.ended))
            for node in nodes
        ),
    ]


def _options(graph: str, request: StartRequest) -> list[str]:
    """Return the options of `edge-robot up` for a graph and a request."""
    given = launching.options(
        {
            **request.values,
            "params_file": request.parameters_file,
            "namespace": request.namespace,
            "tf_topic": request.tf_topic,
            "graph": graph,
        }
    )
    return [*given, "--use-sim-time"] if request.use_sim_time else given
