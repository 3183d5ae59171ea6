"""Running a library that was compiled for this machine; only here is time measured."""

from __future__ import annotations

from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
import sys
import time
from typing import Any, cast

import numpy as np

from edge_compiler.sandbox.base import Array, RefusalError, Sandbox
from edge_perception.runtime import Instance, Library
from edge_perception.runtime.manifest import Model

LEAST_RUNS = 3
"""Of which the median is taken."""

LEAST_ROUNDS = 5
"""Of which the shortest time is taken."""


class NativeSandbox(Sandbox):
    """The child is a Python process that loads the library as a robot does."""

    def __init__(self, library: Path) -> None:
        super().__init__([sys.executable, "-m", __name__, str(library.resolve())])
        self._connection = Connection(self._socket.detach())

    def __exit__(self, *exception: Any) -> None:
        self._connection.close()
        super().__exit__(*exception)

    def model(self) -> Model:
        """Return what the library says of itself."""
        return cast(Model, self._ask("model"))

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
        with self._asking(method, *arguments):
            self._connection.send((method, arguments))
            if not self._connection.poll(self.reply_timeout_s):
                raise TimeoutError
            error, result = self._connection.recv()
            if error:
                raise RefusalError(error)
        return result


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

    def model(self) -> Model:
        return self._library.model

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
    _serve(Connection(int(sys.argv[2])), sys.argv[1])
