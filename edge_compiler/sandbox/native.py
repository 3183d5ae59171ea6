"""Running a library that was compiled for this machine; only here is time measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
import sys
from typing import Any, TypeVar

from edge_compiler.child import server, wire
from edge_compiler.child.server import Reply
from edge_compiler.child.wire import AnswerError, Array
from edge_compiler.samples.noise import random_inputs
from edge_compiler.sandbox.base import RefusalError, Sandbox
from edge_perception.runtime import BundleError, model_from_json
from edge_perception.runtime.dtypes import Form
from edge_perception.runtime.manifest import Model

Number = TypeVar("Number", int, float)


class NativeSandbox(Sandbox):
    """The child is a Python process that loads the library as a robot does."""

    def __init__(self, library: Path) -> None:
        """
        Start the child.

        :param library: in a folder of ours, where nobody else changes it: it is mapped as it is,
            since a copy would be as large as all weights.
        """
        super().__init__([sys.executable, "-m", server.__name__, str(library.resolve())])
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

    def supported_variants(self) -> Sequence[str]:
        """Return the instruction sets of the library that this processor has."""
        with self._asking("variants"):
            return [str(name) for name in self._ask("variants")[0]]

    def observe(self, variant: str, threads: int, inputs: Mapping[str, Array]) -> Iterator[Array]:
        """Run, and yield what each step computed, as it comes."""
        steps = self.model().steps
        with self._asking("observe", variant, threads):
            self._send("observe", variant, threads, inputs=inputs)
            for step in steps:
                yield from self._receive([step.form])[1]
            self._receive()

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
            inputs = random_inputs(self.model().inputs, None, seed=0)
            arguments = variant, threads, seconds, evict_bytes
            times, _ = self._ask("step_times", *arguments, inputs=inputs)
            return _numbers(times, float)

    def _ask(
        self,
        method: str,
        *arguments: str | float,
        inputs: Mapping[str, Array] | None = None,
        expected: Sequence[Form] = (),
    ) -> Reply:
        """Call a method of the child's `server._Server`."""
        self._send(method, *arguments, inputs=inputs)
        return self._receive(expected)

    def _send(
        self, method: str, *arguments: str | float, inputs: Mapping[str, Array] | None = None
    ) -> None:
        names, arrays = list(inputs or {}), list((inputs or {}).values())
        head = {"method": method, "arguments": arguments, "inputs": names}
        wire.send(self._socket, head, arrays)

    def _receive(self, expected: Sequence[Form] = ()) -> Reply:
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
