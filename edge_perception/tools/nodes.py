"""``edge-robot param`` and ``call``: what `ros2 param` and `ros2 service call` do, without ROS."""

from __future__ import annotations

from typing import Any

import yaml

from edge_perception import messages
from edge_perception.core.names import one_of
from edge_perception.messages import MessageError
from edge_perception.robot.plan import RequestError
from edge_perception.tools.display import as_yaml, from_yaml
from edge_perception.tools.graph import Known, known
from edge_perception.transport.sp import address as addresses
from edge_perception.transport.sp import announcement, services
from edge_perception.transport.sp.announcement import Announcement
from edge_perception.transport.sp.choice import choose
from edge_perception.transport.sp.process import Network

PATIENCE = 5.0  # seconds that an answer may take
_WORDS = {bool: "Boolean", int: "Integer", float: "Double", str: "String", list: "Array"}
"""What `ros2 param` calls the types of values."""


def names(network: Network, node: str) -> str:
    """Return the parameters of a node, or of all, a line each."""
    there = known(network)
    lines = []
    for name in [_node(there, node)] if node else sorted(_nodes(there)):
        lines += [] if node else [f"{name}:"]
        lines += [f"{'' if node else '  '}{one}" for one in sorted(_ask(network, there, name))]
    return "\n".join(lines)


def value(network: Network, node: str, parameter: str) -> str:
    """Return the value of a parameter."""
    found = _one(network, node, parameter)["value"]
    return f"{_WORDS[type(found)]} value is: {found}"


def change(network: Network, node: str, parameter: str, text: str) -> str:
    """Set a parameter; the text is YAML."""
    there = known(network)
    name = _node(there, node)
    present = _ask(network, there, name).get(parameter, {}).get("value")
    try:
        given = text if isinstance(present, str) else yaml.safe_load(text)
    except yaml.YAMLError:
        given = text
    _ask(network, there, name, **{parameter: given})
    return "Set parameter successful"


def description(network: Network, node: str, parameter: str) -> str:
    """Return what a parameter is for, and which values it takes."""
    found = _one(network, node, parameter)
    how = "read only" if found["read_only"] else "at once" if found["live"] else "when inactive"
    return (
        f"Parameter name: {parameter}\n"
        f"  Type: {_WORDS[type(found['value'])].lower()}\n"
        f"  Description: {found['description']}\n"
        f"  Constraints:\n"
        f"    Takes: {found['expected']}\n"
        f"    Changes: {how}"
    )


def call(network: Network, service: str, text: str) -> str:
    """
    Call a service.

    :param text: the request's fields, YAML
    :raises RequestError: if there is no such service, or it refuses
    """
    there = known(network)
    offered = announcement.services(there.said)
    name = service if service in offered else f"/{service}"
    if name not in offered:
        raise RequestError(f"there is no service {service!r}; {one_of(service, offered)}")
    want, address = offered[name]
    try:
        request = from_yaml(want.type, text)
        data = messages.serialize(request)
    except MessageError as error:
        raise RequestError(str(error)) from error
    where = addresses.parse(address)
    answer = services.call(choose(), where, network.identity, name, want.type, data, PATIENCE)
    return (
        f"requester: making request: {want.service}\n{as_yaml(request)}\n\n"
        f"response:\n{services.outcome(want.service, answer)}"
    )


def _one(network: Network, node: str, parameter: str) -> dict[str, Any]:
    there = known(network)
    name = _node(there, node)
    found = _ask(network, there, name)
    if parameter not in found:
        raise RequestError(f"{name} has no parameter {parameter!r}; {one_of(parameter, found)}")
    return found[parameter]


def _ask(network: Network, there: Known, node: str, **changes: Any) -> dict[str, dict[str, Any]]:
    """
    Change parameters of a node, and return what it says of all.

    :raises RequestError: if it refuses
    """
    address = addresses.parse(_nodes(there)[node].services)
    return services.ask_parameters(choose(), address, network.identity, node, changes, PATIENCE)


def _nodes(there: Known) -> dict[str, Announcement]:
    return {node: said for said in there.said for node in said.nodes}


def _node(there: Known, name: str) -> str:
    """Return a node's full name."""
    nodes = _nodes(there)
    for full in (name, f"/{name}"):
        if full in nodes:
            return full
    raise RequestError(f"there is no node {name!r}; {one_of(name, nodes)}")
