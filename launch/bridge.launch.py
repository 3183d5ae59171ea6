"""
Start the bridge to a robot without ROS: ``ros2 launch edge_perception bridge.launch.py``.

The launch ends when the bridge does: with an error if it failed.
"""

import os

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from edge_perception.ending import PARENT
from edge_perception.transport.bridge.process import default_path
from edge_perception.transport.ros import launching


def generate_launch_description() -> LaunchDescription:
    """Declare the argument, and start the node."""
    config = DeclareLaunchArgument(
        "config", default_value=str(default_path()), description="the topics and services"
    )
    bridge = Node(
        package="edge_perception",
        executable="bridge",
        arguments=["--config", LaunchConfiguration("config")],
        output="screen",
        additional_env={PARENT: str(os.getpid())},
    )
    ended = RegisterEventHandler(OnProcessExit(target_action=bridge, on_exit=launching.ended))
    return LaunchDescription([config, bridge, ended])
