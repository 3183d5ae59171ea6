"""
The ROS 2 node around a node core: a lifecycle node that is the same for all of them.

``configure`` loads and tests, ``activate`` subscribes and starts the thread in which the core
works, ``deactivate`` stops both, ``cleanup`` gives everything back. Messages go in and out as the
bytes that ROS 2 exchanges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import time
import traceback

from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter
from rclpy.subscription import Subscription

from edge_perception import messages
from edge_perception.core.node import (
    ConfigurationError,
    Diagnostic,
    Level,
    NodeCore,
    Outputs,
    Ports,
)
from edge_perception.core.parameters import Parameter, ParameterError
from edge_perception.core.stamps import to_time
from edge_perception.transport.ros import bond, parameters
from edge_perception.transport.ros.condition import Condition, State
from edge_perception.transport.ros.diagnostics import DiagnosticsPublisher
from edge_perception.transport.ros.guard import Guard
from edge_perception.transport.ros.inputs import Input
from edge_perception.transport.ros.outputs import Output
from edge_perception.transport.ros.receiver import Receiver
from edge_perception.transport.ros.topics import topic_of
from edge_perception.transport.ros.upstream import Upstream
from edge_perception.transport.worker import CLOCK_STANDS, STANDING, Standing, Worker

CHECK_PERIOD = 0.2  # seconds between two looks at inputs and core
HANGING = 1.5  # seconds after which a step that did not return is reported
FAILURE_SHOWN = 2.0  # seconds for which an exception stays an ERROR diagnostic
LOG_PERIOD = 1.0  # seconds between two tracebacks in the log

AUTOSTART = Parameter(
    "autostart",
    True,
    "Configure and activate at the start; false: wait for a lifecycle manager.",
    read_only=True,
)


class RosNode(LifecycleNode):  # type: ignore[misc]
    """
    A node core as a ROS 2 lifecycle node.

    :ivar guard: publishes the core's safe state if the process is killed.
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
        super().__init__(name, cli_args=["--ros-args", *ros_arguments])
        self._make_core = make_core
        self._core = make_core()
        self.condition = Condition(self.get_fully_qualified_name())
        self._outdated = False  # a parameter changed since the core was configured
        self._latched: Outputs = ()
        self._outputs: dict[str, Output] = {}
        self._inputs: list[Input] = []
        self._receiver: Receiver | None = None
        self._worker: Worker | None = None
        self._bond: bond.Bond | None = None
        self._standing = Standing()
        self.guard: Guard | None = None
        parameters.declare(self, (AUTOSTART, bond.PERIOD, *self._core.parameters))
        self._ports = self._possible_ports()
        for mistake in parameters.unknown(self, self._core.parameters):
            self.get_logger().warning(mistake)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self._diagnostics = DiagnosticsPublisher(self)
        self._upstream = Upstream(self)
        self._check = self.create_timer(
            CHECK_PERIOD, self._diagnose_all, clock=Clock(clock_type=ClockType.STEADY_TIME)
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
        return self._transition(self._configure, State.INACTIVE)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Publish what the configuration gave, subscribe, and start the core."""
        return self._transition(self._activate, State.ACTIVE)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop the core and unsubscribe."""
        return self._transition(self._deactivate, State.INACTIVE)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back all that the core took."""
        return self._transition(self._clean_up, State.UNCONFIGURED)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop for good."""
        return self._transition(self._clean_up, State.FINALIZED)

    def halt(self) -> None:
        """Let the core end after the step that is under way, and don't wait for that."""
        if (worker := self._worker) is not None:
            worker.halt()

    def destroy_node(self) -> None:
        """Stop the core before the node goes."""
        try:
            self._clean_up()
        except Exception as error:  # the other nodes of the process have to end, too
            self.get_logger().error(str(error))
        if self._bond is not None:
            self._bond.close()
        super().destroy_node()

    def _transition(self, action: Callable[[], None], target: State) -> TransitionCallbackReturn:
        """Act, and report exceptions, which rclpy swallows."""
        try:
            action()
        except ConfigurationError as error:
            self.condition.failed(str(error))
        except Exception as error:
            self.get_logger().error(traceback.format_exc())
            self.condition.failed(f"{type(error).__name__}: {error}")
        else:
            self.condition.reached(target)
            return TransitionCallbackReturn.SUCCESS
        self.get_logger().fatal(self.condition.problem)
        return TransitionCallbackReturn.FAILURE

    def _configure(self) -> None:
        given = parameters.values(self, self._core.parameters)
        self._ports = self._core.ports(given)
        self._core.topics = {
            port.name: self.resolve_topic_name(topic_of(self, port)) for port in self._ports.inputs
        }
        self._latched = self._core.configure(given)
        self._outdated = False
        try:
            for port in self._ports.outputs:
                self._outputs[port.name] = Output(self, port)
            self._core.has_reader = lambda port: self._outputs[port].has_reader()
        except Exception:
            self._clean_up()
            raise

    def _possible_ports(self) -> Ports:
        """Return the ports as far as they are known before the node is configured."""
        try:
            return self._core.ports(parameters.values(self, self._core.parameters))
        except ConfigurationError:  # which `configure` reports
            return Ports()

    def _activate(self) -> None:
        if self._outdated:
            self._clean_up()
            self._configure()
        self._publish(self._latched)
        receiver = Receiver(self, self._report)
        worker = Worker(
            self._core,
            self._ports.inputs,
            self._now,
            self._publish,
            self._report,
            self.get_name(),
            receiver.fetch,
        )
        self._worker, self._receiver = worker, receiver
        try:
            for port in self._ports.inputs:
                traffic = worker.slots.traffic[port.name]
                put = worker.slots.put
                self._inputs.append(
                    Input(self, receiver.group, port, put, traffic, self._upstream)
                )
        except Exception:
            self._deactivate()
            raise
        worker.start()
        self._hold_safe_state()
        if self.get_parameter("use_sim_time").value:
            # a core's period is real time, which simulated time may outrun: every message counts
            worker.slots.prompt.update(worker.slots.traffic)
        receiver.start(**self._subscriptions_of(worker))
        self._form_bond()

    def _subscriptions_of(self, worker: Worker) -> dict[str, list[Subscription]]:
        """Return the subscriptions of prompt and patient inputs."""
        sorts: dict[str, list[Subscription]] = {"prompt": [], "patient": []}
        for port, one in zip(self._ports.inputs, self._inputs, strict=True):
            sort = "prompt" if port.name in worker.slots.prompt else "patient"
            sorts[sort].append(one.subscription)
        return sorts

    def _form_bond(self) -> None:
        """Let a manager know for as long as the node is active that it lives."""
        if self._bond is not None:
            self._bond.close()
        if not self.get_parameter(AUTOSTART.name).value:
            self._bond = bond.form(self, self.get_parameter(bond.PERIOD.name).value)

    def _deactivate(self) -> None:
        if self._bond is not None:
            self._bond.end()
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.stop()
        while self._inputs:
            self._inputs.pop().close()
        self._upstream.close()
        worker, self._worker = self._worker, None
        if worker is None:
            return
        ended = worker.stop()
        if not ended:
            worker.publish_safe_state("a step hangs while the node stops")
        if self.guard is not None:
            self.guard.hold(self.get_fully_qualified_name(), ())
        if not ended:
            raise RuntimeError(
                f"the step that has been running for {worker.busy():.0f} s does not end: the"
                " device or library that it waits for hangs; end the process"
            )

    def _hold_safe_state(self) -> None:
        """
        Give the guard what to publish if the process is killed.

        It stamps anew what is stamped with the time of speaking; a header of what was seen, as a
        decision has, is not for it to change, and those who read it see it expire.
        """
        now = self._now()
        words = [
            (self._outputs[port].topic, self._outputs[port].type, messages.serialize(message))
            for port, message in self._core.safe_state(now, "the process was killed")
            if not hasattr(message, "header") or message.header.stamp == to_time(now)
        ]
        if self.guard is not None and words:
            self.guard.hold(self.get_fully_qualified_name(), words)

    def _clean_up(self) -> None:
        self._deactivate()
        while self._outputs:
            self._outputs.popitem()[1].close()
        self._latched = ()
        self._core.close()
        self._core = self._make_core()

    def _publish(self, outputs: Outputs) -> None:
        for port, message in outputs:
            self._outputs[port].publish(message)

    def _now(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _report(self, error: Exception) -> None:
        self.get_logger().error(
            f"an input is lost: {''.join(traceback.format_exception(error))}",
            throttle_duration_sec=LOG_PERIOD,
        )

    def _on_set_parameters(self, changes: list[RosParameter]) -> SetParametersResult:
        declared = {parameter.name: parameter for parameter in self._core.parameters}
        own = [change for change in changes if change.name in declared]
        active = self.condition.state is State.ACTIVE
        for change in own:
            if active and not declared[change.name].live:
                return SetParametersResult(
                    successful=False,
                    reason=f"{change.name} can't change while the node is active: first"
                    f" ros2 lifecycle set {self.get_fully_qualified_name()} deactivate",
                )
            try:
                declared[change.name].accept(parameters.plain(change.value))
            except ParameterError as error:
                return SetParametersResult(successful=False, reason=f"the parameter {error}")
        if own and (worker := self._worker) is not None:
            changed = {change.name: parameters.plain(change.value) for change in own}
            worker.adapt(parameters.values(self, self._core.parameters, **changed))
        elif own:
            self._outdated = True
        return SetParametersResult(successful=True)

    def _diagnose_all(self) -> None:
        """Look at all nodes of the executor at once: that it wakes up costs more than a look."""
        for node in self.executor.get_nodes():
            if isinstance(node, RosNode):
                node._check.reset()
                node._diagnose()

    def _diagnose(self) -> None:
        found = [self.condition.diagnose(self._is_needed())]
        if self._receiver is not None:
            self._receiver.fetch()  # a step that hangs is no silence of the inputs
        if (worker := self._worker) is not None:
            found += [self._diagnose_step(worker), *(port.diagnose() for port in self._inputs)]
            if self._receiver is not None:
                self._receiver.listen(**self._subscriptions_of(worker))
            found += [state for one in self._outputs.values() if (state := one.diagnose())]
            found += worker.diagnostics
        self._upstream.rest()
        self._diagnostics.publish(found, self._core.hardware)

    def _is_needed(self) -> bool:
        """Tell whether somebody reads one of the outputs; of an active node it is not asked."""
        return self.condition.state is not State.ACTIVE and any(
            self.count_subscribers(self.resolve_topic_name(port.topic))
            for port in self._ports.outputs
        )

    def _diagnose_step(self, worker: Worker) -> Diagnostic:
        failures = worker.failures
        values = {"failures": str(failures.count), "last failure": failures.reason or "none"}
        now = self._now()
        if not now:
            return Diagnostic(
                Level.ERROR,
                "step",
                "use_sim_time is set but nobody publishes /clock, so time stands still: start the"
                " simulator, play the bag with --clock, or set use_sim_time to false",
                values,
            )
        if self._standing.seconds(now) > CLOCK_STANDS:
            message = (
                f"{STANDING}: /clock does not advance; let the simulator or bag go on, or set"
                " use_sim_time to false"
            )
            return Diagnostic(Level.ERROR, "step", message, values)
        if (busy := worker.busy()) > HANGING:
            worker.publish_safe_state("a step hangs")
            message = "busy with one input for too long: a device or library hangs"
            values["busy [s]"] = f"{busy:.0f}"
            return Diagnostic(Level.ERROR, "step", message, values)
        if time.monotonic() - failures.last < FAILURE_SHOWN:
            message = f"an input is lost, see the log: {failures.reason}"
            return Diagnostic(Level.ERROR, "step", message, values)
        return Diagnostic(Level.OK, "step", "working", values)
