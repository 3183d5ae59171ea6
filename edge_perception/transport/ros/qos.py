"""Quality of service of ports: profiles, overrides by parameters (REP-2003), and mismatches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import ParameterException
from rclpy.qos import (
    qos_check_compatible,
    qos_profile_sensor_data,
    QoSCompatibility,
    QoSDurabilityPolicy,
    QoSPolicyKind,
    QoSProfile,
    QoSReliabilityPolicy,
)
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.topic_endpoint_info import TopicEndpointInfo

from edge_perception.core.node import ConfigurationError, Port, Qos

AS_OFFERED = QoSReliabilityPolicy.SYSTEM_DEFAULT
"""The reliability of a port that takes what its publishers offer, until it is known."""

_FEW = 2
"""
How many large messages to keep: one being read while the next one is put together.

A reader that keeps one loses a 4K image now and then; each that is kept takes its size in memory.
"""

_UNREAD = 50
"""How many messages may wait for the next step: only to be counted, the newest is looked at."""


def profile(port: Port) -> QoSProfile:
    """Return the default profile of a port."""
    waiting = port.queue if port.prompt else max(port.queue, _UNREAD)
    if port.qos is Qos.SENSOR_DATA:
        return QoSProfile(
            depth=max(qos_profile_sensor_data.depth, waiting),
            reliability=QoSReliabilityPolicy.BEST_EFFORT,
        )
    if port.qos is Qos.MATCHED:
        return QoSProfile(depth=max(_FEW, port.queue), reliability=AS_OFFERED)
    if port.qos is Qos.LATCHED:
        return QoSProfile(depth=max(1, port.queue), durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    return QoSProfile(depth=max(10, waiting))


def overrides(
    offered: QoSReliabilityPolicy = QoSReliabilityPolicy.BEST_EFFORT,
) -> QoSOverridingOptions:
    """
    Let ``qos_overrides.<topic>.<publisher|subscription>.<policy>`` change a profile.

    :param offered: what AS_OFFERED means, unless a parameter says otherwise
    """

    def settle(profile: QoSProfile) -> SetParametersResult:  # is asked when parameters are read
        if profile.reliability is AS_OFFERED:
            profile.reliability = offered
        return SetParametersResult(successful=True)

    return QoSOverridingOptions(
        (
            QoSPolicyKind.HISTORY,
            QoSPolicyKind.DEPTH,
            QoSPolicyKind.RELIABILITY,
            QoSPolicyKind.DURABILITY,
        ),
        callback=settle,
    )


def offered(publishers: Iterable[TopicEndpointInfo]) -> QoSReliabilityPolicy:
    """Return the reliability that fits all publishers: reliable if every one of them is."""
    policies = {info.qos_profile.reliability for info in publishers}
    if policies == {QoSReliabilityPolicy.RELIABLE}:
        return QoSReliabilityPolicy.RELIABLE
    return QoSReliabilityPolicy.BEST_EFFORT


@contextmanager
def explained(topic: str) -> Iterator[None]:
    """Turn what rclpy raises at a wrong override or a type conflict into one sentence."""
    try:
        yield
    except (RuntimeError, ParameterException) as error:
        raise ConfigurationError(
            f"the topic {topic} can't be used: {error}; see qos_overrides in docs/ros.md"
        ) from error


def mismatch(offered: QoSProfile, requested: QoSProfile, topic: str) -> str:
    """
    Say why a subscription gets nothing from a publisher, and what to do.

    :param offered: by the publisher
    :param requested: by the subscription on ``topic``
    :returns: cause and fix; empty if they fit
    """
    verdict, reason = qos_check_compatible(offered, requested)
    if verdict != QoSCompatibility.ERROR:
        return ""
    weaker = {"reliability": "best_effort", "durability": "volatile"}
    fixes = [
        f"qos_overrides.{topic}.subscription.{policy}: {value}"
        for policy, value in weaker.items()
        if getattr(offered, policy).name.lower() == value
        and getattr(requested, policy).name.lower() != value
    ]
    cause = reason.strip().rstrip(".;").removeprefix("ERROR: ")
    return f"incompatible QoS ({cause}); set {' and '.join(fixes) or 'the same on both sides'}"
