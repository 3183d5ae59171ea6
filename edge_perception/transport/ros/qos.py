"""Quality of service of ports: profiles, overrides by parameters (REP-2003), and mismatches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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

from edge_perception.core.node import ConfigurationError, Port, Qos


def profile(port: Port) -> QoSProfile:
    """Return the default profile of a port."""
    if port.qos is Qos.SENSOR_DATA:
        return QoSProfile(
            depth=max(qos_profile_sensor_data.depth, port.queue),
            reliability=QoSReliabilityPolicy.BEST_EFFORT,
        )
    if port.qos is Qos.LATCHED:
        return QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    return QoSProfile(depth=max(10, port.queue))


def overrides() -> QoSOverridingOptions:
    """Let ``qos_overrides.<topic>.<publisher|subscription>.<policy>`` change a profile."""
    return QoSOverridingOptions(
        (
            QoSPolicyKind.HISTORY,
            QoSPolicyKind.DEPTH,
            QoSPolicyKind.RELIABILITY,
            QoSPolicyKind.DURABILITY,
        )
    )


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
