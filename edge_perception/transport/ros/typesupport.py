"""The classes that rosidl generated: rclpy needs them for publishers, subscriptions, services."""

from __future__ import annotations

import importlib
from typing import Any

from edge_perception.core.node import ConfigurationError


def rosidl_class(name: str) -> Any:
    """
    Import the generated class of a message or service type.

    :param name: such as "sensor_msgs/msg/Image" or "std_srvs/srv/Empty"
    :raises ConfigurationError: if its package isn't installed
    """
    package, folder, kind = name.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.{folder}"), kind)
    except (ImportError, AttributeError) as error:
        sort = "service" if folder == "srv" else "message"
        raise ConfigurationError(
            f"the {sort} type {name} is not installed ({error}): build or install the package"
            f" {package} and source its workspace"
        ) from error
