"""
What every transport does with a node core: its lifecycle, its parameters, what is wrong with it.

``configure`` loads and tests, ``activate`` connects the inputs and starts the worker that calls
the core, ``deactivate`` stops both, ``clean_up`` gives everything back. A transport brings the
`Endpoints` that messages come from and go to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import threading
import traceback

from edge_perception import messages
from edge_perception.core.node import (
    ConfigurationError,
    Diagnostic,
    Level,
    NodeCore,
    Outputs,
    Ports,
)
from edge_perception.core.parameters import ParameterError
from edge_perception.core.stamps import to_time
from edge_perception.transport.condition import Condition, State
from edge_perception.transport.endpoints import Endpoints, Output
from edge_perception.transport.worker import (
    CLOCK_STANDS,
    STANDING,
    Standing,
    ThreadWorker,
    Worker,
)

CHECK_PERIOD = 0.2  # seconds between two looks at a node
FAILURE_SHOWN = 2.0  # seconds for which an exception stays an ERROR diagnostic


class Shell:
    """
    A node core on a transport; its transitions, changes and looks at it may come from any thread.

    :ivar core: is made anew for each configuration, so nothing survives `clean_up`.
    :ivar worker: while the node is active.
    """

    def __init__(
        self,
        make_core: Callable[[], NodeCore],
        endpoints: Endpoints,
        make_worker: Callable[..., Worker] = ThreadWorker,
    ) -> None:
        """
        Begin unconfigured.

        :param make_worker: is given what `Worker` is; who calls the core.
        """
        self._make_core = make_core
        self._make_worker = make_worker
        self._endpoints = endpoints
        self.core = make_core()
        self.worker: Worker | None = None
        self.condition = Condition(endpoints.remedy)
        self.outputs: dict[str, Output] = {}
        self._ports: Ports | None = None  # as far as they are known before `configure`
        self._latched: Outputs = ()
        self._outdated = False  # a parameter changed since the core was configured
        self._standing = Standing(endpoints.monotonic)
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        """Return the fully qualified name of the node."""
        return self._endpoints.name

    def configure(self) -> bool:
        """
        Configure the core and announce its outputs.

        :returns: whether it succeeded; the condition knows why not.
        """
        return self._transition(self._configure, State.INACTIVE)

    def activate(self) -> bool:
        """Publish what the configuration gave, connect the inputs, and start the core."""
        return self._transition(self._activate, State.ACTIVE)

    def deactivate(self) -> bool:
        """Stop the core and disconnect its inputs."""
        return self._transition(self._deactivate, State.INACTIVE)

    def clean_up(self, state: State = State.UNCONFIGURED) -> bool:
        """Give back all that the core took; FINALIZED: for good."""
        return self._transition(self._clean_up, state)

    def halt(self) -> None:
        """Let the core end after the step that is under way, and don't wait for that."""
        if (worker := self.worker) is not None:
            worker.halt()

    def change(self, changes: Mapping[str, object]) -> str:
        """
        Take new values of the core's parameters: at once if all are live, else when activated.

        :returns: why they are refused, and nothing changes; empty if they are taken.
        """
        with self._lock:
            return self._change(changes)

    def _change(self, changes: Mapping[str, object]) -> str:
        declared = {parameter.name: parameter for parameter in self.core.parameters}
        for name, value in changes.items():
            if self.condition.state is State.ACTIVE and not declared[name].live:
                remedy = self._endpoints.remedy("deactivate")
                return f"{name} can't change while the node is active: first {remedy}"
            try:
                declared[name].accept(value)
            except ParameterError as error:
                return f"the parameter {error}"
        if changes and (worker := self.worker) is not None:
            worker.adapt(self._endpoints.parameters(self.core.parameters, changes))
        elif changes:
            self._outdated = True
        return ""

    def diagnose(self) -> list[Diagnostic]:
        """Report on the lifecycle, and on an active node's step, inputs, outputs and core."""
        with self._lock:
            found = [self.condition.diagnose(self._is_needed())]
            if (worker := self.worker) is not None:
                worker.slots.fetch(CHECK_PERIOD)  # a step that hangs is no silence of the inputs
                found += [self._diagnose_step(worker), *self._endpoints.diagnose()]
                found += [state for one in self.outputs.values() if (state := one.diagnose())]
                found += worker.diagnostics
            return found

    def _transition(self, action: Callable[[], None], target: State) -> bool:
        with self._lock:
            try:
                action()
            except ConfigurationError as error:
                self.condition.failed(str(error))
                self._endpoints.fail(self.condition.problem)
            except Exception as error:
                self.condition.failed(f"{type(error).__name__}: {error}")
                self._endpoints.fail(self.condition.problem, traceback.format_exc())
            else:
                self.condition.reached(target)
                return True
            return False

    def _configure(self) -> None:
        given = self._endpoints.parameters(self.core.parameters)
        ports = self._ports = self.core.ports(given)
        self.core.topics = {port.name: self._endpoints.topic(port) for port in ports.inputs}
        self.core.is_simulated = self._endpoints.is_simulated
        self._latched = self.core.configure(given)
        self._outdated = False
        try:
            for port in ports.outputs:
                self.outputs[port.name] = self._endpoints.advertise(port)
            self.core.has_reader = lambda port: self.outputs[port].has_reader()
        except Exception:
            self._clean_up()
            raise

    def _activate(self) -> None:
        if self._outdated:
            self._clean_up()
            self._configure()
        self._publish(self._latched)
        ends, inputs = self._endpoints, self._known_ports().inputs
        worker = self._make_worker(
            self.core,
            inputs,
            ends.now,
            self._publish,
            ends.report,
            ends.name.rpartition("/")[2],
            ends.fetch,
            ends.monotonic,
        )
        self.worker = worker
        if ends.is_simulated():
            # a core's period is real time, which simulated time may outrun: every message counts
            worker.slots.prompt.update(worker.slots.traffic)
        try:
            ends.connect(inputs, worker)
        except Exception:
            self._deactivate()
            raise
        worker.start()
        self._hold_safe_state()

    def _deactivate(self) -> None:
        self._endpoints.disconnect()
        worker, self.worker = self.worker, None
        if worker is None:
            return
        ended = worker.stop()
        if not ended:
            worker.publish_safe_state("a step hangs while the node stops")
        self._endpoints.hold(())
        if not ended:
            raise RuntimeError(
                f"the step that has been running for {worker.busy():.0f} s does not end: the"
                " device or library that it waits for hangs; end the process"
            )

    def _clean_up(self) -> None:
        self._deactivate()
        while self.outputs:
            self.outputs.popitem()[1].close()
        self._latched = ()
        self.core.close()
        self.core = self._make_core()

    def _hold_safe_state(self) -> None:
        """
        Give the transport what to publish if the process is killed.

        It stamps anew what is stamped with the time of speaking; a header of what was seen, as a
        decision has, is not for it to change, and those who read it see it expire.
        """
        now = self._endpoints.now()
        words = [
            (self.outputs[port].topic, self.outputs[port].type, messages.serialize(message))
            for port, message in self.core.safe_state(now, "the process was killed")
            if not hasattr(message, "header") or message.header.stamp == to_time(now)
        ]
        if words:
            self._endpoints.hold(words)

    def _publish(self, outputs: Outputs) -> None:
        for port, message in outputs:
            self.outputs[port].publish(message)

    def _is_needed(self) -> bool:
        """Tell whether somebody reads one of the outputs; of an active node it is not asked."""
        return self.condition.state is not State.ACTIVE and any(
            self._endpoints.is_read(port) for port in self._known_ports().outputs
        )

    def _known_ports(self) -> Ports:
        """Return the ports: those that the core was configured with, or would have now."""
        if self._ports is None:
            try:
                self._ports = self.core.ports(self._endpoints.parameters(self.core.parameters))
            except ConfigurationError:  # which `configure` reports
                self._ports = Ports()
        return self._ports

    def _diagnose_step(self, worker: Worker) -> Diagnostic:
        failures = worker.failures
        values = {"failures": str(failures.count), "last failure": failures.reason or "none"}
        now = self._endpoints.now()
        if not now:
            return Diagnostic(Level.ERROR, "step", self._endpoints.clock_remedy(False), values)
        if self._standing.seconds(now) > CLOCK_STANDS:
            message = f"{STANDING}: {self._endpoints.clock_remedy(True)}"
            return Diagnostic(Level.ERROR, "step", message, values)
        if (busy := worker.busy()) > self.core.hangs_after:
            worker.publish_safe_state("a step hangs")
            message = "busy with one input for too long: a device or library hangs"
            values["busy [s]"] = f"{busy:.0f}"
            return Diagnostic(Level.ERROR, "step", message, values)
        if self._endpoints.monotonic() - failures.last < FAILURE_SHOWN:
            message = f"an input is lost, see the log: {failures.reason}"
            return Diagnostic(Level.ERROR, "step", message, values)
        return Diagnostic(Level.OK, "step", "working", values)
