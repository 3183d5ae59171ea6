"""
Running a compiled library in a process of its own.

Generated code that is wrong may crash or hang; the compiler must survive that and say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from edge_compiler.errors import CompileError
from edge_perception.runtime import Instance, Library

Array = np.ndarray[Any, Any]
REPLY_TIMEOUT_S = 600.0
"""After which a run counts as hanging."""

LEAST_RUNS = 3
"""Of which the median is taken."""

LEAST_ROUNDS = 5
"""Of which the shortest time is taken."""


class Sandbox:
    """A library, loaded by a child process; a context manager that ends the child."""

    def __init__(self, library: Path) -> None:
        ours, theirs = Pipe()
        self._connection = ours
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._child = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno()), str(library.resolve())],
            cwd=Path(__file__).parents[1],  # makes this package importable, installed or not
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
            start_new_session=True,  # Ctrl-C is for the compiler, which ends the child
        )
        theirs.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._connection.close()
        self._child.kill()
        self._child.wait()
        self._stderr.close()

    def best_variant(self) -> str:
        """Return the instruction set that the library chooses on this processor."""
        return str(self._ask("best_variant"))

    def observe(self, variant: str, threads: int, inputs: Mapping[str, Array]) -> list[Array]:
        """Run, and return what each step computed."""
        return list(self._ask("observe", variant, threads, dict(inputs)))

    def run(self, variant: str, threads: int, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run, and return the outputs."""
        return dict(self._ask("run", variant, threads, dict(inputs)))

    def preprocess(self, frame: Array, encoding: str) -> Array:
        """Return the image input that the library makes of a camera frame."""
        return np.asarray(self._ask("preprocess", frame, encoding))

    def measure(self, threads: int, inputs: Mapping[str, Array], seconds: float) -> list[float]:
        """Run for some seconds on the best variant, and return the milliseconds of each run."""
        return list(self._ask("measure", threads, dict(inputs), seconds))

    def profile(
        self, variant: str, threads: int, inputs: Mapping[str, Array], seconds: float
    ) -> list[list[int]]:
        """Run for some seconds, and return for each run the nanoseconds of each step."""
        return list(self._ask("profile", variant, threads, dict(inputs), seconds))

    def step_times(
        self, variant: str, threads: int, seconds: float, evict_bytes: int
    ) -> list[float]:
        """
        Run on random input for some seconds, and return the shortest time of each step.

        :param evict_bytes: are read after each step that has weights, so that the caches forget
            the next one's.
        :returns: microseconds.
        """
        return list(self._ask("step_times", variant, threads, seconds, evict_bytes))

    def _ask(self, method: str, *arguments: Any) -> Any:
        settings = [str(argument) for argument in arguments if isinstance(argument, str | int)]
        what = f"{method}({', '.join(settings)})"
        try:
            self._connection.send((method, arguments))
            if not self._connection.poll(REPLY_TIMEOUT_S):
                raise CompileError(
                    f"the compiled library did not answer {what} within {REPLY_TIMEOUT_S:.0f} s"
                )
            error, result = self._connection.recv()
        except (EOFError, ConnectionError):
            raise CompileError(
                f"the compiled library crashed in {what}: {self._death()}"
            ) from None
        if error:
            raise CompileError(f"the compiled library failed in {what}: {error}")
        return result

    def _death(self) -> str:
        code = self._child.wait()
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{name}, {lines[-1]}" if lines else name


class _Server:
    """The child's side: the methods that the sandbox asks for."""

    def __init__(self, library: str) -> None:
        self._library = Library(library)
        self._instances: dict[tuple[str | None, int], Instance] = {}

    def _instance(self, variant: str | None, threads: int) -> Instance:
        key = (variant, threads)
        if key not in self._instances:
            self._instances[key] = self._library.create(threads=threads, variant=variant)
        return self._instances[key]

    def best_variant(self) -> str:
        return self._instance(None, 1).variant

    def observe(self, variant: str, threads: int, inputs: dict[str, Array]) -> list[Array]:
        return [array for _, _, array in self._instance(variant, threads).observe(inputs)]

    def run(self, variant: str, threads: int, inputs: dict[str, Array]) -> dict[str, Array]:
        return self._instance(variant, threads).run(inputs)

    def preprocess(self, frame: Array, encoding: str) -> Array:
        return self._instance(None, 1).preprocess(frame, encoding)

    def measure(self, threads: int, inputs: dict[str, Array], seconds: float) -> list[float]:
        instance = self._instance(None, threads)
        instance.run(inputs)  # the first run pays for page faults
        runs: list[float] = []
        end = time.perf_counter() + seconds
        while len(runs) < LEAST_RUNS or time.perf_counter() < end:
            start = time.perf_counter()
            instance.run(inputs)
            runs.append((time.perf_counter() - start) * 1e3)
        return runs

    def profile(
        self, variant: str, threads: int, inputs: dict[str, Array], seconds: float
    ) -> list[list[int]]:
        instance = self._instance(variant, threads)
        instance.observe(inputs)
        runs: list[list[int]] = []
        end = time.perf_counter() + seconds
        while len(runs) < LEAST_RUNS or time.perf_counter() < end:
            runs.append([nanoseconds for _, nanoseconds, _ in instance.observe(inputs)])
        return runs

    def step_times(
        self, variant: str, threads: int, seconds: float, evict_bytes: int
    ) -> list[float]:
        instance = self._instance(variant, threads)
        steps = instance.model.steps
        random = np.random.default_rng(0)
        inputs = {
            tensor.name: random.standard_normal(tensor.shape, np.float32)
            for tensor in instance.model.inputs
        }
        others = np.ones(evict_bytes // 4, np.float32)

        def evict(index: int) -> None:
            if steps[index].macs:
                others.sum()

        shortest = [float("inf")] * len(steps)
        end = time.perf_counter() + seconds
        rounds = 0
        while rounds < LEAST_ROUNDS or time.perf_counter() < end:
            for index, nanoseconds, _ in instance.observe(inputs, evict):
                shortest[index] = min(shortest[index], nanoseconds / 1e3)
            rounds += 1
        return shortest


def _serve(connection: Connection, library: str) -> None:
    server: _Server | None = None
    while True:
        try:
            method, arguments = connection.recv()
        except EOFError:
            return
        try:
            server = server or _Server(library)
            reply = ("", getattr(server, method)(*arguments))
        except Exception as error:
            reply = (str(error) or repr(error), None)
        connection.send(reply)


if __name__ == "__main__":
    _serve(Connection(int(sys.argv[1])), sys.argv[2])
