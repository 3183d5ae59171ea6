"""The ROS 2 node around a node core: a lifecycle node that is the same for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter

from edge_perception import messages
from edge_perception.core.node import NodeCore
from edge_perception.core.parameters import Parameter
from edge_perception.transport import diagnostics
from edge_perception.transport.condition import State
from edge_perception.transport.ros import bond, parameters
from edge_perception.transport.ros.endpoints import RosEndpoints
from edge_perception.transport.ros.typesupport import rosidl_class
from edge_perception.transport.shell import Shell

AUTOSTART = Parameter(
    "autostart",
    True,
    "Configure and activate at the start; false: wait for a lifecycle manager.",
    read_only=True,
)


class RosNode(LifecycleNode):  # type: ignore[misc]
    """
    A node core as a ROS 2 lifecycle node.

    :ivar endpoints: where its messages come from and go to.
    :ivar shell: the core's lifecycle.
    """

    def __init__(
        self,
        name: str,
        make_core: Callable[[], NodeCore],
        ros_arguments: Sequence[str] = (),
    ) -> None:
        """
        Create the node, unconfigured.

        :param name: of the node, unless remapped
        :param make_core: is called for each configuration, so nothing survives a cleanup
        :param ros_arguments: such as -p and -r, for this node alone
        :raises ConfigurationError: if a parameter is given a value that isn't allowed
        """
        super().__init__(
            name,
            cli_args=["--ros-args", *ros_arguments],
            parameter_overrides=parameters.on_command_line(ros_arguments),
        )
        self.endpoints = RosEndpoints(self)
        self.shell = Shell(make_core, self.endpoints)
        self._bond: bond.Bond | None = None
        declared = self.shell.core.parameters
        parameters.declare(self, (AUTOSTART, bond.PERIOD, *declared))
        for mistake in parameters.unknown(self, declared):
            self.get_logger().warning(mistake)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self._reporter = diagnostics.Reporter(self.shell.name)
        self._diagnostics = self.create_publisher(
            rosidl_class(diagnostics.TYPE), diagnostics.TOPIC, 10
        )

    def start(self) -> bool:
        """
        Configure and activate, unless the parameter ``autostart`` says otherwise.

        :returns: whether nothing failed
        """
        if not self.get_parameter(AUTOSTART.name).value:
            return True
        return all(
            trigger() == TransitionCallbackReturn.SUCCESS
            for trigger in (self.trigger_configure, self.trigger_activate)
        )

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Configure the core and announce its outputs."""
        return _returned(self.shell.configure())

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Publish what the configuration gave, subscribe, and start the core."""
        done = self.shell.activate()
        if done:
            self._form_bond()
        return _returned(done)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop the core and unsubscribe."""
        self._end_bond()
        return _returned(self.shell.deactivate())

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back all that the core took."""
        self._end_bond()
        return _returned(self.shell.clean_up())

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop for good."""
        self._end_bond()
        return _returned(self.shell.clean_up(State.FINALIZED))

    def look(self) -> None:
        """Look what is wrong, and publish it; to be called each `CHECK_PERIOD` in one thread."""
        report = self._reporter.report(
            self.shell.diagnose(), self.shell.core.hardware, self.endpoints.now()
        )
        if report is not None:
            self._diagnostics.publish(messages.serialize(report))

    def halt(self) -> None:
        """Let the core end after the step that is under way, and don't wait for that."""
        self.shell.halt()

    def close(self) -> None:
        """Stop the core for good, before the node is destroyed; what fails is logged."""
        self._end_bond()
        self.shell.clean_up(State.FINALIZED)
        if self._bond is not None:
            self._bond.close()
            self._bond = None

    def _form_bond(self) -> None:
        """Let a manager know for as long as the node is active that it lives."""
        if self._bond is not None:
            self._bond.close()
        if not self.get_parameter(AUTOSTART.name).value:
            self._bond = bond.form(self, self.get_parameter(bond.PERIOD.name).value)

    def _end_bond(self) -> None:
        if self._bond is not None:
            self._bond.end()

    def _on_set_parameters(self, changes: list[RosParameter]) -> SetParametersResult:
        declared = {parameter.name for parameter in self.shell.core.parameters}
        own = {one.name: parameters.plain(one.value) for one in changes if one.name in declared}
        reason = self.shell.change(own)
        return SetParametersResult(successful=not reason, reason=reason)


def _returned(done: bool) -> TransitionCallbackReturn:
    return TransitionCallbackReturn.SUCCESS if done else TransitionCallbackReturn.FAILURE
