"""The other side of worker.py: starts an engine's process and talks to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import json
import os
from pathlib import Path
import select
import signal
import subprocess
import tempfile
import time
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.cache import BenchError
from bench.engines import ROOT
from bench.environments import Environment

Array = NDArray[np.float32]

ERROR_LINES = 3


class Worker:
    """
    A process that has loaded one network into one engine; use it as a context.

    Between its turns it is stopped, since the threads of some engines spin for a while.

    :ivar start_ms: from the start of the process to the network's first answer.
    :ivar peak_rss: the most memory that it had until then, in bytes.
    """

    def __init__(
        self,
        environment: Environment,
        conversion: Path,
        image: Path,
        threads: int,
        answer_seconds: float = 120,
        root: Path = ROOT,
    ) -> None:
        """
        Start it, and wait for the first answer.

        :param answer_seconds: after which a request counts as hanging.
        :param root: the folder of the sources that run.
        :raises BenchError: if the engine can't run the network.
        """
        engine = environment.engine
        self.environment = environment
        self._answer_seconds = answer_seconds
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 it lives as long as the process
        options = json.dumps(dict(engine.options))
        command = [str(environment.python), "-m", "bench.worker", "run", engine.module]
        start = time.perf_counter()
        self._process = subprocess.Popen(
            [*command, str(conversion), str(image), str(threads), options],
            cwd=root,
            env={key: os.environ[key] for key in ("HOME", "LANG", "PATH") if key in os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for this process, which ends the others
        )
        self.pid = self._process.pid
        try:
            self.peak_rss: int = self._answer()["peak_rss"]
            self.start_ms = (time.perf_counter() - start) * 1e3
            self._process.send_signal(signal.SIGSTOP)
        except BaseException:
            self.close()
            raise

    def measure(self, seconds: float) -> list[float]:
        """Return how long each run took, in milliseconds, for about so many seconds."""
        times: list[float] = self._ask({"seconds": seconds})["milliseconds"]
        return times

    def mark_runs(self, begin: int, end: int, runs: int) -> None:
        """Run so many times between marks, for who counts instructions."""
        self._ask({"runs": runs, "begin": begin, "end": end})

    def outputs(self) -> list[Array]:
        """Return what the network answers."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "outputs.npz"
            self._ask({"save": str(path)})
            with np.load(path) as arrays:
                return [arrays[name] for name in arrays.files]

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream:
                stream.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        with self._awake():
            try:
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
            except BrokenPipeError:
                raise self._failure("ended") from None
            return self._answer()

    @contextmanager
    def _awake(self) -> Iterator[None]:
        self._process.send_signal(signal.SIGCONT)
        yield
        self._process.send_signal(signal.SIGSTOP)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = b""
        deadline = time.monotonic() + self._answer_seconds
        while not line.endswith(b"\n"):
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                raise self._failure(f"did not answer within {self._answer_seconds:.0f} s")
            read = self._process.stdout.read(1 << 16)
            if not read:
                raise self._failure("ended")
            line += read
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _failure(self, what: str) -> BenchError:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        reason = " | ".join(line.strip() for line in lines[-ERROR_LINES:])
        return BenchError(f"the process of {self.environment.engine.name} {what}: {reason}")
