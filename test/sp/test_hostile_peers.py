"""
Peers that mean harm: what they send is refused, and costs neither memory nor those who behave.

Few of them in the usual tests; ``make test-hostile`` sends 10,000 frames.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
import os
from pathlib import Path
import random
import socket
import subprocess
import sys

from processes import PATIENCE, Process, TEXT, until
import pytest

from edge_perception import messages
from edge_perception.messages.type_hash import digest
from edge_perception.messages.types import String
from edge_perception.transport.sp import announcement, frames
from edge_perception.transport.sp.announcement import Announcement, AnnouncementError
from edge_perception.transport.sp.plain.connection import greeting, Protocol
from edge_perception.transport.sp.process import network

ALLOWED = 24 << 20  # bytes of growth, in which allocators breathe
VICTIM = """
import sys
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.sp.process import linked, network
from edge_perception.transport.sp.services import Services
bus = Bus()
bus.advertise(End("/node", "/image", "sensor_msgs/msg/Image", latched=True))
speaker = End("/node", "/words", "std_msgs/msg/String")
bus.advertise(speaker)
bus.read(End("/node", "/question", "std_msgs/msg/String", print, service="a/srv/B"))
with linked(bus, network("victim", listen="tcp://127.0.0.1:0"), Services(bus).answer) as link:
    print(link.homes[1].port, flush=True)
    for line in sys.stdin:
        bus.publish(speaker, bytes.fromhex(line))
"""


def pick(rng: random.Random, protocol: Protocol) -> bytes:
    """Return what a peer says that connects to a socket, after what it should say first."""
    text = messages.serialize(String(data="x"))
    frame = frames.head("/question", digest(TEXT), 0) + text
    size = rng.choice([0, 1, 8, len(frame), 1 << 16, 1 << 31, 1 << 40, (1 << 64) - 1])
    kind = rng.randrange(8)
    if kind == 0:
        return rng.randbytes(rng.randrange(200))
    hello = greeting(protocol)
    if kind == 1:
        return hello[: rng.randrange(8)]
    if kind == 2:
        return b"\0SP\0" + rng.randbytes(4)
    head = size.to_bytes(8, "big")
    if kind == 3:
        return hello + head
    if kind == 4:
        return hello + head + rng.randbytes(rng.randrange(3000))
    mark = rng.choice([b"", b"\x80\0\0\1", rng.randbytes(4), rng.randbytes(4) * 20])
    body = bytearray(mark + frame)
    if kind == 5:
        body = body[: rng.randrange(len(body))]
    if kind == 6:
        for _ in range(rng.randrange(1, 8)):
            body[rng.randrange(len(body))] = rng.randrange(256)
    if kind == 7:
        body += rng.randbytes(rng.randrange(1 << 16))
    return hello + len(body).to_bytes(8, "big") + bytes(body)


def memory(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in text.splitlines() if "VmRSS" in line)


def test_who_connects(implementation: str, stack: ExitStack, streams: int) -> None:
    rng = random.Random(f"{implementation} {streams}")
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as victim:
        stack.callback(victim.kill)
        assert victim.stdin is not None
        assert victim.stdout is not None
        home = int(victim.stdout.readline())
        friend = Process(stack, network("friend"))
        heard = friend.hear("/words")
        until(lambda: friend.bus.publishers("/words"))
        ports = listening(victim.pid)
        assert home in ports
        before, kept = 0, []
        for number in range(streams):
            if number == streams // 4:
                before = memory(victim.pid)
            protocol = rng.choice([Protocol.SUB, Protocol.REQ, Protocol.PUB])
            peer = socket.socket()
            peer.settimeout(PATIENCE)
            with suppress(OSError):
                peer.connect(("127.0.0.1", rng.choice(ports)))
                peer.sendall(pick(rng, protocol))
            if rng.random() < 0.05:
                kept.append(peer)  # and say nothing more
            else:
                peer.close()
            if len(kept) > 20:
                kept.pop(0).close()
        assert victim.poll() is None
        assert memory(victim.pid) - before < ALLOWED
        until(lambda: (speak(victim), heard.qsize())[1])
        assert heard.get() == messages.serialize(String(data="still there"))


def speak(victim: subprocess.Popen[str]) -> None:
    assert victim.stdin is not None
    victim.stdin.write(messages.serialize(String(data="still there")).hex() + "\n")
    victim.stdin.flush()


def listening(pid: int) -> list[int]:
    """Return the ports at which a process listens."""
    own = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()}
    lines = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return [
        int(line[1].rpartition(":")[2], 16)
        for line in lines
        if line[3] == "0A" and f"socket:[{line[9]}]" in own
    ]


def test_who_is_read(stack: ExitStack, streams: int) -> None:
    rng = random.Random(streams)
    good = frames.head("/words", digest(TEXT), 1) + messages.serialize(String(data="x"))
    for _ in range(streams):
        frame = bytearray(good)
        for _ in range(rng.randrange(1, 6)):
            frame[rng.randrange(len(frame))] = rng.randrange(256)
        with suppress(frames.FrameError):
            frames.parse(bytes(frame[: rng.randrange(len(frame) + 1)]))
    said = Announcement("a", 1, "h", "i", "ipc:///x", "", ("/n",), (), ())
    text = announcement.write(said)
    assert announcement.read(text) == said
    for _ in range(streams):
        position = rng.randrange(len(text))
        changed = text[:position] + rng.choice('{}[]":,0a\\') + text[position + 1 :]
        with suppress(AnnouncementError):
            announcement.read(changed)
    for wrong in ("[" * 100_000, "{}", "null", text.replace('"a"', f'"{"a" * 5000}"')):
        with pytest.raises(AnnouncementError):
            announcement.read(wrong)
