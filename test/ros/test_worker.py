"""What all shells share: slots and the thread of a core."""

from collections import deque
from queue import Queue

from hypothesis import given
from hypothesis import strategies as st
from toy import Text, Toy

from edge_perception import messages
from edge_perception.core.node import Port
from edge_perception.core.parameters import Parameters
from edge_perception.transport.slots import Slots
from edge_perception.transport.worker import ThreadWorker

PORTS = (Port("a", "std_msgs/msg/String", "a"), Port("b", "std_msgs/msg/String", "b", queue=2))


@given(st.lists(st.one_of(st.none(), st.tuples(st.sampled_from("ab"), st.binary(max_size=3)))))
def test_slots_keep_the_newest_and_count_the_rest(actions):
    """None takes; a pair puts."""
    slots = Slots(PORTS)
    put: dict[str, list[bytes]] = {"a": [], "b": []}
    waiting: dict[str, list[bytes]] = {}
    taken = 0
    for action in actions:
        if action is None:
            assert {port: list(data) for port, data in slots.take(0).items()} == waiting
            taken += sum(map(len, waiting.values()))
            waiting = {}
        else:
            port, data = action
            slots.put(port, data)
            put[port].append(data)
            room = {"a": 1, "b": 2}[port]
            waiting[port] = [*waiting.get(port, []), data][-room:]
    for port, sent in put.items():
        assert slots.traffic[port].received == len(sent)
    dropped = sum(traffic.dropped for traffic in slots.traffic.values())
    assert dropped == sum(map(len, put.values())) - taken - sum(map(len, waiting.values()))


def test_slots_wake_for_prompt_messages_and_leave_what_changes_slowly():
    moment, fetched = [100.0], []
    slow = Port("slow", "std_msgs/msg/String", "slow", prompt=False, interval=1.0)
    slots = Slots((PORTS[0], slow), lambda: fetched.append(moment[0]), lambda: moment[0])
    slots.put("slow", b"1")
    assert slots.take(0) == {"slow": deque([b"1"])}
    slots.put("slow", b"2")
    slots.put("a", b"x")
    assert slots.take(60) == {"a": deque([b"x"])}
    slots.put("slow", b"3")
    assert slots.take(0) == {}
    moment[0] += 1.0
    assert slots.take(0) == {"slow": deque([b"3"])}
    assert fetched == [100.0, 101.0]
    slots.close()
    assert slots.take(60) == slots.take(60) == {}


def test_bytes_that_are_no_message_are_reported_and_the_next_message_is_worked_on():
    core, published, errors = Toy(), Queue(), Queue()
    given = Parameters(core.parameters, {"prefix": ""})
    core.configure(given)
    worker = ThreadWorker(
        core,
        core.ports(given).inputs,
        lambda: 1,
        lambda out: out and published.put(out),
        errors.put,
        "test",
    )
    worker.slots.put("text", b"\x00\x01")
    worker.start()
    assert isinstance(errors.get(timeout=60), messages.MessageError)
    worker.slots.put("text", messages.serialize(Text(data="y")))
    reason = "a step failed: MessageError: "
    [(_, safe)] = published.get(timeout=60)
    assert safe.data.startswith(reason)
    assert published.get(timeout=60) == [("echo", Text(data="y"))]
    assert worker.stop()
    assert worker.failures.count == 1
    assert published.get(timeout=60) == [("safe", Text(data="the node was stopped"))]


def test_stop_gives_up_on_a_step_that_hangs(monkeypatch):
    monkeypatch.setattr("edge_perception.transport.worker.STOP_TIMEOUT", 0.05)
    core = Toy()
    given = Parameters(core.parameters, {"prefix": ""})
    core.configure(given)
    published = Queue()
    worker = ThreadWorker(
        core, core.ports(given).inputs, lambda: 1, published.put, lambda error: None, "test"
    )
    worker.slots.put("text", messages.serialize(Text(data="wait")))
    worker.start()
    assert core.entered.wait(60)
    assert not worker.stop()
    assert worker.busy() > 0
    core.proceed.set()
    last = [("safe", Text(data="the node was stopped"))]
    assert published.get(timeout=60) == last  # what the step said comes too late
