"""
The process that runs a library for a sandbox, as a robot would.

It imports little: what it takes of memory and of time comes on top of the compiler's own.
"""

from __future__ import annotations

from collections.abc import Mapping
import gc
from pathlib import Path
import socket
import sys
import time
from typing import Any

import numpy as np

from edge_compiler.child import wire
from edge_compiler.child.wire import Array
from edge_perception.runtime import Instance, Library
from edge_perception.runtime.private import own_file

Inputs = Mapping[str, Array]
Reply = tuple[Any, list[Array]]
"""What JSON can hold, and arrays."""

LEAST_RUNS = 3
"""Of which the median is taken."""
LEAST_ROUNDS = 5
"""Of which the shortest time is taken."""


class _Server:
    """The methods that a sandbox asks for; ``inputs`` come last."""

    def __init__(self, connection: socket.socket, library: str) -> None:
        self._socket, self._path = connection, Path(library)
        self._loaded: Library | None = None
        self._made: Instance | None = None
        self._made_for: tuple[str | None, int] | None = None

    @property
    def _library(self) -> Library:
        if self._loaded is None:
            self._loaded = Library(self._path, own_file(self._path))
        return self._loaded

    def _instance(self, variant: str | None, threads: int) -> Instance:
        """Return the instance asked for; only the last one is kept: it may hold all weights."""
        if self._made is None or self._made_for != (variant, threads):
            self._made = None
            self._made = self._library.create(threads=threads, variant=variant)
            self._made_for = (variant, threads)
        return self._made

    def model(self, _: Inputs) -> Reply:
        return self._library.describe(), []

    def rest(self, _: Inputs) -> Reply:
        self._made = self._made_for = self._loaded = None
        gc.collect()  # what ctypes makes of a library refers to itself
        return None, []

    def best_variant(self, _: Inputs) -> Reply:
        return self._instance(None, 1).variant, []

    def variants(self, _: Inputs) -> Reply:
        return list(self._library.variants()), []

    def observe(self, variant: str, threads: int, inputs: Inputs) -> Reply:
        def send(_step: int, _nanoseconds: int, value: Array) -> None:
            wire.send(self._socket, {}, [value])

        self._instance(variant, threads).watch(inputs, send)
        return None, []

    def run(self, variant: str, threads: int, inputs: Inputs) -> Reply:
        return None, list(self._instance(variant, threads).run(inputs).values())

    def preprocess(self, encoding: str, inputs: Inputs) -> Reply:
        return None, [self._instance(None, 1).preprocess(inputs["frame"], encoding)]

    def measure(self, threads: int, seconds: float, inputs: Inputs) -> Reply:
        instance = self._instance(None, threads)
        instance.run(inputs)  # the first run pays for page faults
        runs: list[float] = []
        end = time.perf_counter() + seconds
        while len(runs) < LEAST_RUNS or time.perf_counter() < end:
            start = time.perf_counter()
            instance.run(inputs)
            runs.append((time.perf_counter() - start) * 1e3)
        return runs, []

    def profile(self, variant: str, threads: int, seconds: float, inputs: Inputs) -> Reply:
        instance = self._instance(variant, threads)
        runs: list[list[int]] = []
        instance.run(inputs)
        end = time.perf_counter() + seconds
        while len(runs) < LEAST_RUNS or time.perf_counter() < end:
            runs.append(instance.time_steps(inputs))
        return runs, []

    def step_times(
        self, variant: str, threads: int, seconds: float, evict_bytes: int, inputs: Inputs
    ) -> Reply:
        instance = self._instance(variant, threads)
        steps = instance.model.steps
        others = np.ones(evict_bytes // 4, np.float32)
        shortest = [float("inf")] * len(steps)

        def evict(step: int) -> None:
            if steps[step].macs:
                others.sum()

        end = time.perf_counter() + seconds
        rounds = 0
        while rounds < LEAST_ROUNDS or time.perf_counter() < end:
            times = instance.time_steps(inputs, evict)
            shortest = [min(one, each / 1e3) for one, each in zip(shortest, times, strict=True)]
            rounds += 1
        return shortest, []


def _serve(connection: socket.socket, library: str) -> None:
    server = _Server(connection, library)
    while True:
        try:
            request, arrays = wire.receive(connection)
        except EOFError:
            return
        inputs = dict(zip(request["inputs"], arrays, strict=True))
        head: dict[str, Any]
        try:
            value, results = getattr(server, request["method"])(*request["arguments"], inputs)
            head = {"value": value}
        except Exception as error:
            head, results = {"error": str(error) or repr(error)}, []
        wire.send(connection, head, results)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[2])), sys.argv[1])
