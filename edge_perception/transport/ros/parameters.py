"""The parameters of a core as ROS parameters: declared, described, checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import itertools
import math
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
import yaml

from edge_perception.core.names import one_of
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameter, ParameterError, Parameters
from edge_perception.robot import ros_yaml

INT64 = 2**63


def on_command_line(arguments: Sequence[str]) -> list[RosParameter]:
    """
    Return the parameters that ROS arguments give by themselves, ``-p NAME:=VALUE``.

    They are to have the last word. rcl adds them to the first section of a parameter file that is
    for all nodes, so that any section behind that one would beat them.

    :param arguments: what stands behind ``--ros-args``
    """
    given: dict[str, RosParameter] = {}
    for flag, rule in itertools.pairwise(arguments):
        name, assigned, text = rule.partition(":=")
        if flag not in ("-p", "--param") or not assigned or ":" in name:
            continue  # with a colon it is for a node of that name
        try:
            value = ros_yaml.load(text)
            if value not in ("", []):
                given[name] = RosParameter(name, value=value)
        except (yaml.YAMLError, TypeError, ValueError):
            continue  # rcl has refused it, or knows better what it is
    return list(given.values())


def declare(node: Node, parameters: Iterable[Parameter]) -> None:
    """
    Declare parameters with type, description, range and choices.

    :raises ConfigurationError: if a value that was given at the start is not allowed
    """
    given = node._parameter_overrides  # which rclpy takes without saying what is wrong with it
    for parameter in parameters:
        try:
            value = (
                parameter.accept(plain(given[parameter.name].value))
                if parameter.name in given
                else parameter.default
            )
        except ParameterError as error:
            raise ConfigurationError(f"the parameter {error}") from error
        node.declare_parameter(parameter.name, value, descriptor(parameter), ignore_override=True)


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


def values(node: Node, parameters: Sequence[Parameter], **changed: object) -> Parameters:
    """
    Return the present values.

    :param changed: what is about to take the place of some of them.
    """
    present = {
        parameter.name: plain(node.get_parameter(parameter.name).value) for parameter in parameters
    }
    return Parameters(parameters, present | changed)


def plain(value: Any) -> object:
    """Return a value as Python has it: rclpy's arrays as lists."""
    return value if isinstance(value, bool | int | float | str | None) else list(value)
