"""The classes that rosidl generated: rclpy needs them to create publishers and subscriptions."""

from __future__ import annotations

import importlib
from typing import Any

from edge_perception.core.node import ConfigurationError


def rosidl_class(name: str) -> Any:
    """
    Import the generated class of a message type.

    :param name: such as "sensor_msgs/msg/Image"
    :raises ConfigurationError: if its package isn't installed
    """
    package, _, kind = name.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), kind)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"the message type {name} is not installed ({error}): build or install the package"
            f" {package} and source its workspace"
        ) from error
