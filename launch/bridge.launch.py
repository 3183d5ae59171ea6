"""Start the bridge to a robot without ROS: ``ros2 launch edge_perception bridge.launch.py``."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from edge_perception.transport.bridge.process import default_path


def generate_launch_description() -> LaunchDescription:
    """Start its node; the launch ends when it does."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "config", default_value=str(default_path()), description="the topics"
            ),
            Node(
                package="edge_perception",
                executable="bridge",
                output="screen",
                arguments=["--config", LaunchConfiguration("config")],
                on_exit=Shutdown(reason="the bridge has ended"),
            ),
        ]
    )
