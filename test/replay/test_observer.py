"""What is heard of a robot on a transport: from when on it counts, and what is in force then."""

from __future__ import annotations

from edge_perception import messages
from edge_perception.core.node import Port
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages.types import Decision, Header
from edge_perception.replay.labels import Labels
from edge_perception.replay.metrics import measure
from edge_perception.replay.observation import Observer, Roles
from edge_perception.replay.observer_core import ObserverCore
from edge_perception.transport.local.bus import End

BEGIN = 1_700_000_000 * SECOND
DECISION = Port("said_0", "edge_perception/msg/Decision", "/decision")
ROLES = Roles(decision="/decision")


def said(action: str, at: float) -> Decision:
    """Return a decision on a picture of so many seconds after the begin."""
    return Decision(header=Header(stamp=to_time(BEGIN + round(at * SECOND))), action=action)


def test_what_is_in_force_when_it_begins_counts_from_then_on() -> None:
    """A robot repeats its decision; what it says next may be long after the begin."""
    observer = Observer(ROLES)
    core = ObserverCore([DECISION], BEGIN, lambda: False, {"/decision"}, [observer.listen])
    core.step({"said_0": [said("go", -0.9)]}, BEGIN - SECOND)
    core.step({"said_0": [said("go", -0.2), said("halt", -0.1)]}, BEGIN - SECOND // 10)
    core.step({"said_0": [said("halt", -0.1)]}, BEGIN + SECOND // 10)
    core.step({"said_0": [said("go", 1.9), said("go", 1.95)]}, BEGIN + 2 * SECOND)
    observed = observer.observed
    assert (observed.begin, core.counts) == (BEGIN, {"/decision": 3})
    assert [(one.time, one.action) for one in observed.decided] == [(0, "halt"), (2, "go")]
    numbers = measure(observed, Labels(hold=((0.0, 2.0),)), ["halt"])
    assert (numbers["hold"], numbers["time_to_stop"]) == (100, 0)


def test_other_topics_are_heard_from_the_begin_to_the_end_alone() -> None:
    done, heard = False, []

    def listen(moment: int, end: End, data: bytes) -> None:
        heard.append((moment, messages.deserialize(data, Decision).action))

    core = ObserverCore([DECISION], BEGIN, lambda: done, (), [listen])
    core.step({"said_0": [said("early", -1)]}, BEGIN - 1)
    core.step({"said_0": [said("first", 0), said("second", 0)]}, BEGIN)
    done = True
    core.step({"said_0": [said("late", 1)]}, BEGIN + SECOND)
    assert heard == [(BEGIN, "first"), (BEGIN, "second")]
