"""
The thread in which a node's messages arrive.

rclpy's executors build their wait set anew for each message, from every timer, service and event
of every node: with the robot's nodes in one process that takes milliseconds, in which no other
thread runs Python. So they only serve what is seldom; the subscriptions of a node have a thread of
their own and a wait set that holds nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
import threading
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.guard_condition import GuardCondition
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.node import Node
from rclpy.subscription import Subscription

from edge_perception.transport.ros.exchange import EXCHANGE
from edge_perception.transport.threads import name_thread

PAUSE_AFTER_ERROR = 0.1  # seconds
FOR_EVER = -1  # nanoseconds


class OutOfExecutors(CallbackGroup):  # type: ignore[misc]
    """
    Keeps executors away from subscriptions.

    Subscriptions in it should have no handlers of events, not even rclpy's own, which only log
    what our diagnostics say: to Fast DDS a message is an event too, and would wake the executor.
    """

    def can_execute(self, entity: Any) -> bool:
        """Refuse."""
        return False


class Receiver:
    """Takes messages of a node's subscriptions, made in the group `OutOfExecutors`."""

    def __init__(self, node: Node, report: Callable[[Exception], None]) -> None:
        """
        Prepare the thread without starting it.

        :param report: is told of exceptions, after which receiving goes on
        """
        self.group = OutOfExecutors()
        self._context = node.context
        self._report = report
        self._subscriptions: Sequence[Subscription] = ()
        self._patient: Sequence[Subscription] = ()
        self._fetching = threading.Lock()
        self._changed = GuardCondition(None, None, node.context)
        self._stopping = False
        self._thread = threading.Thread(
            target=self._run, args=[node.get_name()], name=f"{node.get_name()} input", daemon=True
        )

    def start(self, prompt: Sequence[Subscription], patient: Sequence[Subscription] = ()) -> None:
        """
        Start giving messages to the callbacks of their subscriptions.

        Callbacks get what the middleware tells of a message, too.

        :param prompt: those whose messages wake the thread
        :param patient: those whose messages wait for `fetch`
        """
        self._subscriptions, self._patient = prompt, patient
        self._thread.start()

    def listen(self, prompt: Sequence[Subscription], patient: Sequence[Subscription] = ()) -> None:
        """Go on with these subscriptions; those that were destroyed are let go."""
        with self._fetching:
            self._patient = patient
        if prompt != self._subscriptions:
            self._subscriptions = prompt
            self._changed.trigger()

    def fetch(self) -> None:
        """Give to the callbacks what has come for patient subscriptions, in the calling thread."""
        with self._fetching:
            for subscription in () if self._stopping else self._patient:
                _hand_over(subscription)

    def stop(self) -> None:
        """End the thread, after which subscriptions may be destroyed."""
        with self._fetching:
            self._stopping = True
        self._changed.trigger()
        if self._thread.is_alive():
            self._thread.join()
        self._changed.destroy()

    def _run(self, name: str) -> None:
        name_thread(name)
        while not self._stopping:
            try:
                self._receive()
            except Exception as error:
                if not self._stopping:
                    self._report(error)
                    threading.Event().wait(PAUSE_AFTER_ERROR)

    def _receive(self) -> None:
        """Receive until told to stop, or to listen to other subscriptions."""
        subscriptions = self._subscriptions
        handles = [subscription.handle for subscription in subscriptions]
        with ExitStack() as kept:
            for handle in (self._context.handle, self._changed.handle, *handles):
                kept.enter_context(handle)
            waiting = _rclpy.WaitSet(len(handles), 1, 0, 0, 0, 0, self._context.handle)
            while not self._stopping and subscriptions is self._subscriptions:
                waiting.clear_entities()
                for handle in handles:
                    waiting.add_subscription(handle)
                waiting.add_guard_condition(self._changed.handle)
                waiting.wait(FOR_EVER)
                for index, subscription in enumerate(subscriptions):
                    if waiting.is_ready("subscription", index):
                        _hand_over(subscription)


def _hand_over(subscription: Subscription) -> None:
    """Give what has come to the callback: no more than the queue holds, others wait too."""
    take, give = subscription.handle.take_message, subscription.callback
    kind, raw = subscription.msg_type, subscription.raw
    for _ in range(subscription.qos_profile.depth):
        taken = take(kind, raw)
        if taken is None:
            return
        data, info = taken
        if not EXCHANGE.has_given(info):
            give(data, info)
