"""
A bond: the sign of life that Nav2's lifecycle manager wants of the nodes that it manages.

Both sides publish bond/msg/Status on one topic, under the node's name and each with an identity
of its own. One that is told that the other has died answers once and falls silent. As in Nav2's
own nodes, a manager that dies without a word is not missed.
"""

from __future__ import annotations

import enum
import time
from typing import Any
import uuid

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameter
from edge_perception.transport.ros.typesupport import rosidl_class

TOPIC = "bond"
PERIOD = Parameter(
    "bond_heartbeat_period",
    0.25,
    "Seconds between two signs of life for Nav2's lifecycle manager, if autostart is false and"
    " the package bond is installed; 0: none.",
    minimum=0.0,
    maximum=10.0,
)

# as package bond has them in Constants.msg, but for the first, which is Nav2's
HEARTBEAT_TIMEOUT = 4.0
CONNECT_TIMEOUT = 10.0
DISCONNECT_TIMEOUT = 2.0
DEAD_PUBLISH_PERIOD = 0.05


class State(enum.Enum):
    """The states that the protocol has."""

    WAITING = "waiting for the sister"
    ALIVE = "alive"
    DYING = "waiting for the sister's death"
    DEAD = "dead"


_TIMEOUTS = {State.WAITING: CONNECT_TIMEOUT, State.DYING: DISCONNECT_TIMEOUT}


def form(node: Node, period: float) -> Bond | None:
    """
    Begin a bond of an active node, in the executor's thread.

    :param period: seconds between two signs of life; 0 for no bond
    :returns: None if there is to be none, or the package bond isn't installed
    """
    if not period:
        return None
    try:
        return Bond(node, rosidl_class("bond/msg/Status"), period)
    except ConfigurationError:
        node.get_logger().info(
            "there is no bond, as its package isn't installed: if Nav2's lifecycle manager waits"
            " for one, install the package bond, or set the manager's bond_timeout to 0.0"
        )
        return None


class Bond:
    """One side of a bond, from activation to deactivation."""

    def __init__(self, node: Node, kind: Any, period: float) -> None:
        """
        Begin to give signs of life.

        :param kind: the class bond.msg.Status
        """
        self._node = node
        self._kind = kind
        self._period = period
        self._me = str(uuid.uuid4())
        self._sister = ""
        self._enter(State.WAITING)
        self._publisher = node.create_publisher(kind, TOPIC, 5)
        self._subscription = node.create_subscription(kind, TOPIC, self._hear, 100)
        self._timer = self._beat_each(period)

    def end(self) -> None:
        """Tell the sister that this side dies, until it has understood."""
        if self.state is State.DEAD:
            return
        formed = self.state is State.ALIVE
        self._enter(State.DYING if formed else State.DEAD)
        self._publish(active=False)
        self._node.destroy_timer(self._timer)
        self._timer = self._beat_each(DEAD_PUBLISH_PERIOD)

    def close(self) -> None:
        """Say no more, and give everything back."""
        self.end()
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._subscription)
        self._node.destroy_publisher(self._publisher)

    def _beat_each(self, seconds: float) -> Any:
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        return self._node.create_timer(seconds, self._beat, clock=steady)

    def _enter(self, state: State) -> None:
        self.state = state
        self._ends = time.monotonic() + _TIMEOUTS.get(state, float("inf"))

    def _beat(self) -> None:
        if time.monotonic() > self._ends:
            self._enter(State.DEAD)
        if self.state is State.DEAD:
            self._timer.cancel()
        else:
            self._publish(active=self.state is not State.DYING)

    def _hear(self, status: Any) -> None:
        """Follow what the sister says; others are none of our business."""
        if status.id != self._node.get_name() or status.instance_id == self._me:
            return
        self._sister = self._sister or status.instance_id
        if status.instance_id != self._sister or self.state is State.DEAD:
            return
        if status.active:
            if self.state is State.WAITING:
                self._enter(State.ALIVE)
            return
        if self.state is not State.DYING:
            self._publish(active=False)
        self._enter(State.DEAD)

    def _publish(self, active: bool) -> None:
        status = self._kind()
        status.header.stamp = self._node.get_clock().now().to_msg()
        status.id = self._node.get_name()
        status.instance_id = self._me
        status.active = active
        status.heartbeat_timeout = HEARTBEAT_TIMEOUT
        status.heartbeat_period = self._period
        self._publisher.publish(status)
