"""The subscription of an input: it takes what its publishers offer, and notices what gets lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription as RosSubscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

from edge_perception.core.node import Port
from edge_perception.transport.ros import qos
from edge_perception.transport.ros.losses import Losses
from edge_perception.transport.ros.topics import topic_of
from edge_perception.transport.ros.typesupport import rosidl_class

try:
    from rclpy.event_handler import (
        QoSSubscriptionEventType,
        SubscriptionEventCallbacks,
        UnsupportedEventTypeError,
    )

    _Event: Any = _rclpy.EventHandle
except ImportError:  # Humble's names
    from rclpy.qos_event import (
        QoSSubscriptionEventType,
        SubscriptionEventCallbacks,
        UnsupportedEventTypeError,
    )

    _Event = vars(_rclpy)["QoSEvent"]

NO_EVENTS = SubscriptionEventCallbacks(use_default_callbacks=False)
"""
For subscriptions that end while the executor spins.

Handlers of events, rclpy's own ones too, that are destroyed while it makes its wait set end it.
"""


class Subscription:
    """
    A subscription to the serialised messages of a port's topic.

    Those of a port that is `Qos.MATCHED` are as reliable as all publishers are, unless a parameter
    says otherwise: what is reliable comes again when it is lost, and nothing comes from
    a publisher that is less reliable than its subscriber.

    :ivar topic: fully qualified.
    :ivar taken: rclpy's own subscription, whose messages are to be taken.
    :ivar losses: messages that did not arrive.
    """

    def __init__(
        self, node: Node, group: CallbackGroup, port: Port, receive: Callable[..., None]
    ) -> None:
        """
        Subscribe.

        :param node: that the input belongs to
        :param group: of the subscription
        :param receive: is given each serialised message, and what the middleware tells of it
        :raises ConfigurationError: if a parameter asks for a quality of service that isn't one
        """
        self._node = node
        self._group = group
        self._port = port
        self._receive = receive
        self.losses = Losses()
        self._offered = qos.offered(())
        self._replaced: list[tuple[RosSubscription, _rclpy.EventHandle[Any] | None]] = []
        self._subscribe()
        self.topic = str(self.taken.topic_name)

    @property
    def profile(self) -> QoSProfile:
        """Return the quality of service that is asked for now."""
        return self.taken.qos_profile

    def follow(self, publishers: Sequence[TopicEndpointInfo]) -> None:
        """
        Subscribe anew if the publishers there are now offer another reliability.

        The subscription before is left open until the next call: a thread may be taking from it.
        """
        self._close_replaced()
        offered = qos.offered(publishers)
        if not publishers or offered == self._offered:
            return
        self._offered = offered
        name = f"qos_overrides.{self.topic}.subscription.reliability"
        if self._node.get_parameter(name).value == qos.AS_OFFERED.name.lower():
            self._replaced.append((self.taken, self._lost))
            self._subscribe()

    def count_losses(self) -> None:
        """Ask the middleware what got lost since the last call."""
        if self._lost is None:
            return
        with self._lost:
            if status := self._lost.take_event():
                self.losses.add(status.total_count_change)

    def close(self) -> None:
        """Unsubscribe."""
        self._replaced.append((self.taken, self._lost))
        self._close_replaced()

    def _close_replaced(self) -> None:
        while self._replaced:
            taken, lost = self._replaced.pop()
            if lost is not None:
                lost.destroy_when_not_in_use()
            self._node.destroy_subscription(taken)

    def _subscribe(self) -> None:
        with qos.explained(self._port.topic):
            self.taken: RosSubscription = self._node.create_subscription(
                rosidl_class(self._port.type),
                topic_of(self._node, self._port),
                self._receive,
                qos.profile(self._port),
                raw=True,
                callback_group=self._group,
                event_callbacks=NO_EVENTS,
                qos_overriding_options=qos.overrides(self._offered),
            )
        self._lost = self._count_lost()

    def _count_lost(self) -> _rclpy.EventHandle[Any] | None:
        """Return the middleware's count, which no executor waits for: messages would wake it."""
        kind = QoSSubscriptionEventType.RCL_SUBSCRIPTION_MESSAGE_LOST
        try:
            with self.taken.handle:
                lost: _rclpy.EventHandle[Any] = _Event(self.taken.handle, kind)
                return lost
        except UnsupportedEventTypeError:  # a middleware that can't tell
            return None
