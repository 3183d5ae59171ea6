"""The topics of a process: who is given what, and what is too old for commands."""

from __future__ import annotations

import time

from edge_perception.core.stamps import SECOND
from edge_perception.transport.local.bus import Bus, End

TEXT = "std_msgs/msg/String"


def test_a_command_expires_by_the_time_of_its_publication() -> None:
    bus, heard, expired = Bus(), list[bytes](), list[int]()
    told = End("/driver", "/cmd", TEXT, process="other")
    bus.advertise(told)
    bus.read(
        End(
            "/gate",
            "/cmd",
            TEXT,
            heard.append,
            expires=SECOND // 2,
            expire=lambda: expired.append(1),
        )
    )
    everything: list[bytes] = []
    bus.read(End("/recorder", "/cmd", TEXT, everything.append))
    now = time.time_ns()
    for data, sent in ((b"late", now - SECOND), (b"new", now), (b"early", now + SECOND)):
        bus.publish(told, data, sent)
    bus.publish(told, b"of now")
    assert heard == [b"new", b"of now"]
    assert len(expired) == 2
    assert everything == [b"late", b"new", b"early", b"of now"]


def test_a_command_is_not_kept_for_who_comes_later() -> None:
    bus, heard, told = Bus(), list[bytes](), End("/driver", "/cmd", TEXT, latched=True)
    bus.advertise(told)
    bus.publish(told, b"before")
    bus.read(End("/gate", "/cmd", TEXT, heard.append, expires=SECOND))
    assert not heard
    bus.read(End("/listener", "/cmd", TEXT, heard.append))
    assert heard == [b"before"]
