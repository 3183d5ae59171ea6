"""The processes of a comparison: the link to the server, and the robot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import json
import os
import subprocess
import sys
import tempfile
import threading

from edge_perception import ending
from edge_perception.cloud.link import LOOPBACK, Traffic
from edge_perception.cloud.profiles import Profile
from edge_perception.cloud.record import Order, Record
from edge_perception.core.perception.remote import RemoteRequest
from edge_perception.robot.plan import RequestError

_PATIENCE = 180.0  # seconds that a robot may take beyond those of its images
_LARGEST = 4096  # bytes of its complaint that are looked at


class LinkProcess:
    """
    A link in a process of its own.

    :ivar address: host and port at which it leads to the server.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.address = f"{LOOPBACK}:{int(self._line())}"

    def begin(self) -> None:
        """Let the time of the profile, and the account, begin now."""
        self._ask("begin\n")

    def end(self) -> Traffic:
        """End it, and return what went through since the begin."""
        return Traffic(**json.loads(self._ask("")))

    def _ask(self, line: str) -> str:
        """Send a line, or the end of them, and return what is answered."""
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):  # which the answer shows
            stdin.write(line)
            if line:
                stdin.flush()
            else:
                stdin.close()
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RequestError("the process of the link to the server has ended: try again")
        return line


@contextmanager
def linked(profile: Profile, server: RemoteRequest, seed: int) -> Iterator[LinkProcess]:
    """
    Lead to a server over a link of a profile, while the context lasts.

    :raises RequestError: if its process ends.
    """
    command = [server.name, str(server.port), profile.name, str(seed)]
    with _started("link", command, None) as process:
        yield LinkProcess(process)


def measured(order: Order, begin: Callable[[], None], progress: Callable[[], None]) -> Record:
    """
    Run a robot as ordered, and return what it has seen.

    :param begin: is called when its images begin to count.
    :param progress: is called after each of these.
    :raises RequestError: if it can't be started, or too few images come.
    """
    seconds = (order.warm_up + order.frames) / order.rate + _PATIENCE
    with (
        tempfile.TemporaryFile("w+", errors="replace") as complaints,
        _started("robot", [order.to_json()], complaints.fileno()) as process,
    ):
        watchdog = threading.Timer(seconds, process.kill)
        watchdog.daemon = True  # Ctrl-C may come before `cancel` would be called
        watchdog.start()
        last = ""
        try:
            assert process.stdout is not None
            for line in process.stdout:
                last = line
                if line == "begin\n":
                    begin()
                elif line.startswith("frame "):
                    progress()
            code = process.wait()
        finally:
            watchdog.cancel()
        if code == 0 and last.startswith("{"):
            return Record.of_json(last)
        complaints.seek(0)
        raise RequestError(_reason(complaints.read()))


def _reason(said: str) -> str:
    """Return why a robot ended, of what it wrote on standard error."""
    lines = [line for line in said[-_LARGEST:].splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (errors or lines or ["the robot ended without a word: is its memory enough?"])[-1]


@contextmanager
def _started(
    module: str, arguments: list[str], errors: int | None
) -> Iterator[subprocess.Popen[str]]:
    """Run one of the modules beside this one while the context lasts; it ends with us."""
    with subprocess.Popen(
        [sys.executable, "-m", f"edge_perception.cloud.{module}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={**os.environ, ending.PARENT: str(os.getpid())},
        start_new_session=True,  # Ctrl-C is for this process, which ends them
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            assert process.stdin is not None
            with suppress(BrokenPipeError):  # what it did not read any more
                process.stdin.close()
