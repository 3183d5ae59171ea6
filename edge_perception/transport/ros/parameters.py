"""The parameters of a core as ROS parameters: declared, described, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import math
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
)
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from edge_perception.core.names import one_of
from edge_perception.core.node import ConfigurationError, Parameter, Value

INT64 = 2**63


def declare(node: Node, parameters: Iterable[Parameter]) -> None:
    """
    Declare parameters with type, description, range and choices.

    :raises ConfigurationError: if a value that was given at the start is not allowed
    """
    for parameter in parameters:
        try:
            value = node.declare_parameter(
                parameter.name, parameter.default, descriptor(parameter)
            ).value
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise ConfigurationError(f"{error}; expected {expectation(parameter)}") from error
        if reason := refusal(parameter, value):
            raise ConfigurationError(reason)


def unknown(node: Node, parameters: Iterable[Parameter]) -> list[str]:
    """Say which values were given at the start for parameters that the node does not have."""
    known = [parameter.name for parameter in parameters]
    return [
        f"there is no parameter {name!r}, its value is ignored; {one_of(name, known)}"
        for name in node._parameter_overrides  # rclpy ignores a misspelt name without a word
        if not name.startswith("qos_overrides.") and not node.has_parameter(name)
    ]


def descriptor(parameter: Parameter) -> ParameterDescriptor:
    """Describe a parameter as `ros2 param describe` shows it."""
    described = ParameterDescriptor(
        name=parameter.name,
        type=RosParameter.Type.from_parameter_value(parameter.default).value,
        description=parameter.description,
        read_only=parameter.read_only,
        additional_constraints=(
            f"one of: {', '.join(parameter.choices)}" if parameter.choices else ""
        ),
    )
    if parameter.minimum is None and parameter.maximum is None:
        return described
    low = -math.inf if parameter.minimum is None else parameter.minimum
    high = math.inf if parameter.maximum is None else parameter.maximum
    if isinstance(parameter.default, int):
        described.integer_range = [
            IntegerRange(
                from_value=int(max(low, -INT64)), to_value=min(int(min(high, INT64)), INT64 - 1)
            )
        ]
    else:
        described.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high))
        ]
    return described


def expectation(parameter: Parameter) -> str:
    """Say which values a parameter takes, e.g. "double from 0.1 up to 120"."""
    kind = RosParameter.Type.from_parameter_value(parameter.default).name.lower().replace("_", " ")
    low = f" from {parameter.minimum:g}" if parameter.minimum is not None else ""
    high = f" up to {parameter.maximum:g}" if parameter.maximum is not None else ""
    return f"{kind}{low}{high}"


def refusal(parameter: Parameter, value: Any) -> str:
    """
    Say why a value is not allowed; type and range are rclpy's to check.

    :returns: one sentence; empty if it is allowed
    """
    if parameter.choices and value not in parameter.choices:
        return (
            f"parameter {parameter.name} must be one of {', '.join(parameter.choices)},"
            f" received {value!r}"
        )
    return ""


def values(node: Node, parameters: Iterable[Parameter]) -> Mapping[str, Value]:
    """Return the present values, arrays as lists."""
    return {
        parameter.name: _plain(node.get_parameter(parameter.name).value)
        for parameter in parameters
    }


def _plain(value: Any) -> Value:
    return value if isinstance(value, bool | int | float | str) else list(value)
