"""What the shell completes: the names of what runs now."""

from __future__ import annotations

from edge_perception.robot.plan import RequestError
from edge_perception.tools import nodes, topics
from edge_perception.tools.graph import known
from edge_perception.transport.sp import announcement
from edge_perception.transport.sp.process import Network


def names(network: Network, what: str, node: str) -> list[str]:
    """
    Return names; none if no robot runs.

    :param what: a topic, service, node or parameter is meant
    :param node: whose parameters
    """
    try:
        if what == "topic":
            return topics.listing(network, types=False).split()
        if what == "parameter":
            return nodes.names(network, node).split()
        said = known(network).said
    except RequestError:
        return []
    if what == "service":
        return list(announcement.services(said))
    return [name for one in said for name in one.nodes]
