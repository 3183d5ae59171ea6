"""The ports of all kinds of nodes, whatever their parameters."""

from __future__ import annotations

from itertools import product

import pytest

from edge_perception.core.node import NodeCore
from edge_perception.core.parameters import Parameter, Parameters, Value
from edge_perception.environment import this_machine
from edge_perception.nodes import base

VALUES = {
    "source": ("joint_states", "simulated"),
    "nav2_max_speed": (0.0, 0.5),
}
"""What decides on ports beside flags and choices."""

ASKED = {
    "decision": ("odometry", "diagnostics", "steering", "unlock"),
    "perception": ("camera_info", "tf_static", "odometry", "depth"),
}
"""Ports that some rules and stages ask for, by kind of node."""


def core(kind: str) -> NodeCore:
    return base.find(kind).make_core(this_machine())


def values(parameter: Parameter) -> tuple[Value, ...]:
    if parameter.name in VALUES:
        return VALUES[parameter.name]
    if isinstance(parameter.default, bool):
        return (True, False)
    return parameter.choices or (parameter.default,)


@pytest.mark.parametrize("kind", base.names())
def test_a_node_has_no_ports_but_those_that_it_declares(kind: str) -> None:
    node = core(kind)
    possible = {(port.name, port.topic) for port in (*node.inputs, *node.outputs)}
    found = set()
    for given in product(*map(values, node.parameters)):
        names = (parameter.name for parameter in node.parameters)
        ports = node.ports(Parameters(node.parameters, dict(zip(names, given, strict=True))))
        found |= {(port.name, port.topic) for port in (*ports.inputs, *ports.outputs)}
    asked = {port for port in possible if port[0] in ASKED.get(kind, ())}
    assert found | asked == possible


@pytest.mark.parametrize("kind", base.names())
def test_asking_for_ports_changes_nothing(kind: str) -> None:
    node = core(kind)
    before = dict(vars(node))
    node.ports(Parameters(node.parameters))
    assert vars(node) == before
