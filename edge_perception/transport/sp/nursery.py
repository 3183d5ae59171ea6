"""
A process that has loaded what all nodes need, and forks them.

So they share its memory and start at once. It is forked itself before there are threads, has none,
and ends with the process that it starts others for.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import os
import random
import select
import signal
import socket
import struct
import sys
import traceback
from typing import NoReturn

from edge_perception import ending
from edge_perception.transport.sp.sharing import share_more
from edge_perception.transport.threads import keep_what_is_there, name_thread

PATIENCE = 10.0  # seconds in which a process is forked, and its end reported
_PID, _END = struct.Struct("i"), struct.Struct("ii")


class NurseryError(Exception):
    """No process can be started any more, and why."""


class Forked:
    """
    A process.

    :ivar pid: its number
    :ivar end: a descriptor that can be read when it has ended
    """

    def __init__(self, pid: int, end: int, wait: Callable[[int], int]) -> None:
        self.pid, self.end, self._wait = pid, end, wait

    def poll(self) -> int | None:
        """Return its exit code, negative the signal that killed it; None while it runs."""
        if not select.select([self.end], (), (), 0)[0]:
            return None
        return self._wait(self.pid)

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended; return whether it has."""
        return bool(select.select([self.end], (), (), seconds)[0])

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.end, number)

    def close(self) -> None:
        """Look at it no more."""
        os.close(self.end)


class Nursery:
    """Starts processes, from a process beside this one."""

    def __init__(self, run: Callable[[str, int], int]) -> None:
        """
        Fork that process; this one must not have threads yet.

        :param run: what a started one does, given its name and a descriptor to speak to this one;
            it returns the exit code
        """
        self._codes: dict[int, int] = {}
        self._requests, requests = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ends, ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests.settimeout(PATIENCE)
        self._ends.settimeout(PATIENCE)
        keep_what_is_there()  # or looking through it would copy what is shared
        share_more()
        parent = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            self._requests.close()
            self._ends.close()
            _serve(requests, ends, run, parent)
        requests.close()
        ends.close()

    def start(self, name: str, voice: int) -> Forked:
        """
        Start a process.

        :param voice: a descriptor that it gets
        :raises NurseryError: if nobody is there to start it
        """
        try:
            socket.send_fds(self._requests, [name.encode()], [voice])
            data, [end], _, _ = socket.recv_fds(self._requests, _PID.size, 1)
            os.set_inheritable(end, False)
            return Forked(_PID.unpack(data)[0], end, self._wait)
        except (OSError, ValueError, struct.error) as error:
            raise NurseryError(
                "the process that starts the others has ended: start the robot again"
            ) from error

    def close(self) -> None:
        """End it."""
        self._requests.close()
        self._ends.close()
        os.waitpid(self._pid, 0)

    def _wait(self, pid: int) -> int:
        while pid not in self._codes:
            try:
                ended, code = _END.unpack(self._ends.recv(_END.size))
            except (OSError, struct.error):
                return -signal.SIGKILL  # nobody has seen how it ended
            self._codes[ended] = code
        return self._codes.pop(pid)


def _serve(
    requests: socket.socket, ends: socket.socket, run: Callable[[str, int], int], parent: int
) -> NoReturn:
    """Fork when asked to, and report ends, until the process that asks is gone."""
    ending.not_again()  # a Ctrl-C is for that one
    name_thread("nursery")
    signal.signal(signal.SIGCHLD, lambda *_: None)
    reading, writing = socket.socketpair()
    reading.setblocking(False)
    writing.setblocking(False)
    signal.set_wakeup_fd(writing.fileno())
    while True:
        ready, _, _ = select.select([requests, reading], (), ())
        if reading in ready:
            reading.recv(4096)
            _report(ends)
        if requests not in ready:
            continue
        try:
            name, voices, _, _ = socket.recv_fds(requests, 256, 1)
        except OSError:
            name, voices = b"", []
        if not name:
            _report(ends)  # or those that have ended would be left to a process that may not care
            os._exit(0)
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            for file in (requests, ends, reading, writing):
                file.close()
            _become(name.decode(), voices[0], run, parent)
        os.close(voices[0])
        end = os.pidfd_open(pid)  # here, where it can't be gone: its exit code is asked for above
        socket.send_fds(requests, [_PID.pack(pid)], [end])
        os.close(end)


def _report(ends: socket.socket) -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with suppress(OSError):  # nobody wants to know any more
                ends.send(_END.pack(pid, os.waitstatus_to_exitcode(status)))


def _become(name: str, voice: int, run: Callable[[str, int], int], parent: int) -> NoReturn:
    """Be the process that was asked for."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ[ending.PARENT] = str(parent)
    ending.at_once()
    random.seed()
    name_thread(name)
    code = 1
    try:
        code = run(name, voice)
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
