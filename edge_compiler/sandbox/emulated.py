"""Running a library of another kind of machine, by a small program in an emulator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
import struct

import numpy as np

from edge_compiler.child.wire import AnswerError, Array, LONGEST_TEXT, receive_bytes
from edge_compiler.sandbox.base import RefusalError, Sandbox
from edge_compiler.toolchain.base import Toolchain
from edge_compiler.toolchain.programs import built
from edge_perception.runtime import BundleError, model_from_json
from edge_perception.runtime.dtypes import Form
from edge_perception.runtime.frames import make_frame
from edge_perception.runtime.manifest import Model

RUNNER = Path(__file__).with_name("runner.c")
_INCLUDE = Path(__file__).parents[1] / "targets" / "include"
RUNNER_FLAGS = ("-std=c11", "-ldl")
MAGIC = 0x31454445
HEADER = struct.Struct("<IIQ")
CHOICE = struct.Struct("<32sII")
PICTURE = struct.Struct("<IIIII")
TENSOR = struct.Struct("<QI4x")
DONE, REFUSED = 0, 1
FILL = 8
"""A tensor in a body is filled up to a multiple of so many bytes."""


class Command(IntEnum):
    """What the runner can be asked; runner.c describes the bodies."""

    DESCRIBE = 0
    PLAN = 1
    VARIANT = 2
    PREPROCESS = 3
    RUN = 4
    OBSERVE = 5
    MARK_RUNS = 6
    MARK_STEPS = 7


class EmulatedSandbox(Sandbox):
    """
    The child is ``runner.c``, compiled by the toolchain that compiled the library.

    Time measured in an emulator says nothing of the real machine, so none is.
    """

    def __init__(
        self, library: Path, tools: Toolchain, emulator: Sequence[str] | None = None
    ) -> None:
        """
        Start the runner.

        :param emulator: the words to put before its command; None: the toolchain's.
        """
        prefix = tools.emulator() if emulator is None else emulator
        runner = built(RUNNER, tools.find_compiler(), RUNNER_FLAGS, [_INCLUDE])
        super().__init__([*prefix, str(runner), str(library.resolve())])
        self._socket.settimeout(self.reply_timeout_s)
        self._known_model: Model | None = None

    def model(self) -> Model:
        """Return what the library says of itself."""
        with self._asking("model"):
            return self._model()

    def best_variant(self) -> str:
        """Return the instruction set that the library chooses on the emulated processor."""
        with self._asking("best_variant"):
            self._model()
            return _text(self._ask(Command.VARIANT, [_choice("", 1)]))

    def supported_variants(self) -> Sequence[str]:
        """Return those from the best one on: each of Arm's has what is in those after it."""
        best, known = self.best_variant(), self.model().variants
        return known[known.index(best) :] if best in known else [best]

    def observe(self, variant: str, threads: int, inputs: Mapping[str, Array]) -> list[Array]:
        """Run, and return what each step computed, all at once."""
        with self._asking("observe", variant, threads):
            forms = [step.form for step in self._model().steps]
            body = self._run(Command.OBSERVE, variant, threads, inputs, forms)
            return _arrays(body, forms)

    def run(self, variant: str, threads: int, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run, and return the outputs."""
        with self._asking("run", variant, threads):
            outputs = self._model().outputs
            forms = [tensor.form for tensor in outputs]
            body = self._run(Command.RUN, variant, threads, inputs, forms)
            names = [tensor.name for tensor in outputs]
            return dict(zip(names, _arrays(body, forms), strict=True))

    def preprocess(self, frame: Array, encoding: str) -> Array:
        """Return the image input that the library makes of a camera frame."""
        with self._asking("preprocess", encoding):
            forms = [self._model().inputs[0].form]
            described, pixels = make_frame(np.ascontiguousarray(frame), encoding)
            picture = PICTURE.pack(
                described.width,
                described.height,
                described.stride,
                described.encoding,
                len(pixels),
            )
            parts = [_choice("", 1), picture, pixels.tobytes()]
            return _arrays(self._ask(Command.PREPROCESS, parts, _bytes(forms)), forms)[0]

    def mark_runs(
        self, variant: str, threads: int, inputs: Mapping[str, Array], runs: int
    ) -> None:
        """Run some times, setting mark 0 of marks.h before and mark 1 after each run."""
        self._mark(Command.MARK_RUNS, variant, threads, inputs, runs)

    def mark_steps(
        self, variant: str, threads: int, inputs: Mapping[str, Array], runs: int
    ) -> None:
        """Run some times, setting the marks of each step, as marks.h says."""
        self._mark(Command.MARK_STEPS, variant, threads, inputs, runs)

    def _mark(
        self, command: Command, variant: str, threads: int, inputs: Mapping[str, Array], runs: int
    ) -> None:
        with self._asking(command.name.lower(), variant, threads):
            self._run(command, variant, threads, inputs, [], runs)

    def _run(
        self,
        command: Command,
        variant: str,
        threads: int,
        inputs: Mapping[str, Array],
        answer: Iterable[Form],
        runs: int = 1,
    ) -> bytearray:
        arrays = [
            np.ascontiguousarray(inputs[tensor.name], tensor.form.type.numpy)
            for tensor in self._model().inputs
        ]
        parts = [_choice(variant, threads, runs), *map(_filled_up, arrays)]
        return self._ask(command, parts, _bytes(answer))

    def _model(self) -> Model:
        """Return the library's description; the runner has to know its sizes as well."""
        if self._known_model is None:
            text = _text(self._ask(Command.DESCRIBE, []))
            try:
                model = model_from_json(text)
            except BundleError as error:
                raise AnswerError(str(error)) from None
            groups = (model.inputs, model.outputs, model.steps)
            counts = struct.pack("<III", *map(len, groups))
            forms = [entry.form for group in groups for entry in group]
            tensors = [TENSOR.pack(form.bytes, form.type.number) for form in forms]
            self._ask(Command.PLAN, [counts, *tensors], 0)
            self._known_model = model
        return self._known_model

    def _ask(self, command: Command, parts: Sequence[bytes], size: int | None = None) -> bytearray:
        """
        Send a request and return the body of the answer.

        :param parts: of the request's body.
        :param size: of the answer's body; None: it is a text.
        """
        self._socket.sendall(HEADER.pack(MAGIC, command, sum(map(len, parts))))
        for part in parts:
            self._socket.sendall(part)
        magic, verdict, count = HEADER.unpack(receive_bytes(self._socket, HEADER.size))
        expected = size if verdict == DONE else None
        if magic != MAGIC or verdict not in (DONE, REFUSED):
            raise AnswerError("it has no valid header")
        if count > LONGEST_TEXT if expected is None else count != expected:
            raise AnswerError(f"it has {count} bytes")
        body = receive_bytes(self._socket, count)
        if verdict == REFUSED:
            raise RefusalError(_text(body))
        return body


def _choice(variant: str, threads: int, runs: int = 1) -> bytes:
    return CHOICE.pack(variant.encode(), threads, runs)


def _text(body: bytearray) -> str:
    return body.decode(errors="replace")


def _filled_up(array: Array) -> bytes:
    return array.tobytes() + bytes(_room(array.nbytes) - array.nbytes)


def _room(size: int) -> int:
    """Return how many bytes of a body a tensor takes."""
    return -(-size // FILL) * FILL


def _bytes(forms: Iterable[Form]) -> int:
    return sum(_room(form.bytes) for form in forms)


def _arrays(body: bytearray, forms: Iterable[Form]) -> list[Array]:
    """Cut the body of an answer into the arrays that it holds."""
    first, arrays = 0, []
    for form in forms:
        part = memoryview(body)[first : first + form.bytes]
        arrays.append(np.frombuffer(part, form.type.numpy).reshape(form.shape))
        first += _room(form.bytes)
    return arrays
