"""Running a library that was compiled for this machine; only here is time measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import gc
from pathlib import Path
import socket
import sys
import time
from typing import Any, TypeVar

import numpy as np

from edge_compiler.samples import random_inputs
from edge_compiler.sandbox import wire
from edge_compiler.sandbox.base import RefusalError, Sandbox
from edge_compiler.sandbox.wire import AnswerError, Array
from edge_perception.runtime import BundleError, Instance, Library, model_from_json
from edge_perception.runtime.dtypes import Form
from edge_perception.runtime.manifest import Model
from edge_perception.runtime.private import own_file

Inputs = Mapping[str, Array]
Number = TypeVar("Number", int, float)

LEAST_RUNS = 3
"""Of which the median is taken."""

LEAST_ROUNDS = 5
"""Of which the shortest time is taken."""


Reply = tuple[Any, list[Array]]
"""What JSON can hold, and arrays."""


class NativeSandbox(Sandbox):
    """The child is a Python process that loads the library as a robot does."""

    def __init__(self, library: Path) -> None:
        """
        Start the child.

        :param library: in a folder of ours, where nobody else changes it: it is mapped as it is,
            since a copy would be as large as all weights.
        """
        super().__init__([sys.executable, "-m", __name__, str(library.resolve())])
        self._socket.settimeout(self.reply_timeout_s)
        self._known_model: Model | None = None

    def model(self) -> Model:
        """Return what the library says of itself."""
        if self._known_model is None:
            with self._asking("model"):
                text, _ = self._ask("model")
                try:
                    self._known_model = model_from_json(str(text))
                except BundleError as error:
                    raise AnswerError(str(error)) from None
        return self._known_model

    def best_variant(self) -> str:
        """Return the instruction set that the library chooses on this processor."""
        with self._asking("best_variant"):
            return str(self._ask("best_variant")[0])

    def observe(self, variant: str, threads: int, inputs: Mapping[str, Array]) -> list[Array]:
        """Run, and return what each step computed."""
        forms = [step.form for step in self.model().steps]
        with self._asking("observe", variant, threads):
            return self._ask("observe", variant, threads, inputs=inputs, expected=forms)[1]

    def run(self, variant: str, threads: int, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run, and return the outputs."""
        outputs = self.model().outputs
        forms = [tensor.form for tensor in outputs]
        with self._asking("run", variant, threads):
            _, arrays = self._ask("run", variant, threads, inputs=inputs, expected=forms)
        return dict(zip([tensor.name for tensor in outputs], arrays, strict=True))

    def preprocess(self, frame: Array, encoding: str) -> Array:
        """Return the image input that the library makes of a camera frame."""
        forms = [self.model().inputs[0].form]
        with self._asking("preprocess", encoding):
            inputs = {"frame": frame}
            return self._ask("preprocess", encoding, inputs=inputs, expected=forms)[1][0]

    def rest(self) -> None:
        """Let the child unload the library till it is asked next."""
        with self._asking("rest"):
            self._ask("rest")

    def measure(self, threads: int, inputs: Mapping[str, Array], seconds: float) -> list[float]:
        """Run for some seconds on the best variant, and return the milliseconds of each run."""
        with self._asking("measure", threads):
            return _numbers(self._ask("measure", threads, seconds, inputs=inputs)[0], float)

    def profile(
        self, variant: str, threads: int, inputs: Mapping[str, Array], seconds: float
    ) -> list[list[int]]:
        """Run for some seconds, and return for each run the nanoseconds of each step."""
        with self._asking("profile", variant, threads):
            runs, _ = self._ask("profile", variant, threads, seconds, inputs=inputs)
            if not isinstance(runs, list):
                raise AnswerError("it has no list of runs")
            return [_numbers(run, int) for run in runs]

    def step_times(
        self, variant: str, threads: int, seconds: float, evict_bytes: int
    ) -> list[float]:
        """
        Run on random input for some seconds, and return the shortest time of each step.

        :param evict_bytes: are read after each step that has weights, so that the caches forget
            the next one's.
        :returns: microseconds.
        """
        with self._asking("step_times", variant, threads):
            times, _ = self._ask("step_times", variant, threads, seconds, evict_bytes)
            return _numbers(times, float)

    def _ask(
        self,
        method: str,
        *arguments: str | float,
        inputs: Mapping[str, Array] | None = None,
        expected: Sequence[Form] = (),
    ) -> Reply:
        """Call a method of the child's `_Server`."""
        names, arrays = list(inputs or {}), list((inputs or {}).values())
        head = {"method": method, "arguments": arguments, "inputs": names}
        wire.send(self._socket, head, arrays)
        reply, values = wire.receive(self._socket, expected)
        if error := reply.get("error"):
            raise RefusalError(str(error))
        if len(values) != len(expected):
            raise AnswerError("arrays are missing")
        return reply.get("value"), values


def _numbers(values: Any, kind: type[Number]) -> list[Number]:
    """Check a list of numbers that the child has sent."""
    if not isinstance(values, list) or not all(isinstance(value, kind) for value in values):
        raise AnswerError("it has no list of numbers")
    return values


class _Server:
    """The child's side: the methods that the sandbox asks for; ``inputs`` come last."""

    def __init__(self, library: str) -> None:
        self._path = Path(library)
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

    def observe(self, variant: str, threads: int, inputs: Inputs) -> Reply:
        return None, [array for _, _, array in self._instance(variant, threads).observe(inputs)]

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
        instance.observe(inputs)
        runs: list[list[int]] = []
        end = time.perf_counter() + seconds
        while len(runs) < LEAST_RUNS or time.perf_counter() < end:
            runs.append([nanoseconds for _, nanoseconds, _ in instance.observe(inputs)])
        return runs, []

    def step_times(
        self, variant: str, threads: int, seconds: float, evict_bytes: int, _: Inputs
    ) -> Reply:
        instance = self._instance(variant, threads)
        steps = instance.model.steps
        inputs = random_inputs(instance.model.inputs, None, seed=0)
        others = np.ones(evict_bytes // 4, np.float32)

        def evict(index: int) -> None:
            if steps[index].macs:
                others.sum()

        shortest = [float("inf")] * len(steps)
        end = time.perf_counter() + seconds
        rounds = 0
        while rounds < LEAST_ROUNDS or time.perf_counter() < end:
            for index, nanoseconds, _value in instance.observe(inputs, evict):
                shortest[index] = min(shortest[index], nanoseconds / 1e3)
            rounds += 1
        return shortest, []


def _serve(connection: socket.socket, library: str) -> None:
    server = _Server(library)
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
