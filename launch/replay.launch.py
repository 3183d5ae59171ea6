"""
Replay a bag in ROS 2: ``ros2 launch edge_perception replay.launch.py bag:=BAG model:=MODEL``.

The robot's nodes, the player of the bag and what makes the numbers are `edge-robot replay` with
``--transport ros``, in simulated time; whatever else listens in ROS 2 sees the robot at work. The
launch ends with it: with an error if there was no replay, or if it is not as expected.
"""

import os

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch_ros.actions import Node

from edge_perception.ending import PARENT
from edge_perception.transport.ros import launching

BAG = DeclareLaunchArgument("bag", description="file or folder of rosbag2")
OWN = (
    BAG,
    launching.GRAPH,
    launching.PARAMS_FILE,
    DeclareLaunchArgument("from_bag", default_value="", description="take this node from the bag"),
    DeclareLaunchArgument("rate", default_value="1.0", description="times real time"),
    *(
        DeclareLaunchArgument(name, default_value="", description=said)
        for name, said in {
            "expect": "the range of each number",
            "labels": "what is true in the bag; BAG.labels.yaml beside it if it is not given",
            "json": "write the numbers as JSON",
            "junit": "write them as tests of JUnit",
            "html": "write them as a page",
        }.items()
    ),
)
"""The arguments that do not come from the graph."""


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; what is started follows from their values."""
    arguments = launching.declared(__file__, OWN)
    return LaunchDescription([*arguments, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[Action]:
    values = context.launch_configurations
    graph = launching.graph(values)
    names = [argument.name for argument in (*graph.arguments, *OWN) if argument is not BAG]
    given = launching.options({name: values.get(name, "") for name in names})
    replay = Node(
        package="edge_perception",
        executable="robot",
        arguments=["replay", values[BAG.name], "--transport=ros", *given],
        output="screen",
        additional_env={PARENT: str(os.getpid())},
    )
    ended = RegisterEventHandler(OnProcessExit(target_action=replay, on_exit=launching.ended))
    return [replay, ended]
