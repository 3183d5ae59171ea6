"""The lifecycle state of a node as its users should see it: what it waits for, what failed."""

from __future__ import annotations

from collections.abc import Callable
import enum

from edge_perception.core.node import Diagnostic, Level


class State(enum.Enum):
    """The primary states of a node, as ROS 2 names them."""

    UNCONFIGURED = "unconfigured"
    INACTIVE = "inactive"
    ACTIVE = "active"
    FINALIZED = "finalized"


_NEXT = {State.UNCONFIGURED: "configure", State.INACTIVE: "activate"}


class Condition:
    """The state that a node is in, and why it is not in a better one."""

    def __init__(self, remedy: Callable[[str], str]) -> None:
        """
        Begin unconfigured.

        :param remedy: returns what a person does to bring a transition about
        """
        self.state = State.UNCONFIGURED
        self.problem = ""
        self._remedy = remedy

    def reached(self, state: State) -> None:
        """Note that a transition succeeded."""
        self.state, self.problem = state, ""

    def failed(self, problem: str) -> None:
        """Note why a transition failed; the state stays as it was."""
        self.problem = problem

    def diagnose(self, needed: bool) -> Diagnostic:
        """
        Say what keeps the node from working and what changes that.

        :param needed: whether somebody reads what the node should publish
        """
        if self.problem:
            return Diagnostic(Level.ERROR, "lifecycle", self.problem)
        if self.state is State.ACTIVE:
            return Diagnostic(Level.OK, "lifecycle", "active")
        step = _NEXT.get(self.state)
        advice = self._remedy(step) if step else "start the node again"
        reader = " though others read its topics" if needed else ""
        return Diagnostic(
            Level.ERROR if needed else Level.WARN,
            "lifecycle",
            f"{self.state.value}{reader}, so nothing is processed: {advice}",
        )
