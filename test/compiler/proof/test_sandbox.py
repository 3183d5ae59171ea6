"""What the process of a library sends is checked: it may be anything, and is never executed."""

from collections.abc import Callable
import json
from pathlib import Path
import pickle
import socket
import struct
import threading

import numpy as np
import pytest

from edge_compiler.child import wire
from edge_compiler.errors import CompileError
from edge_compiler.sandbox import NativeSandbox
from edge_perception.runtime import load
from edge_perception.runtime.dtypes import Form

IMAGE = np.random.default_rng(0).normal(size=(1, 3, 32, 32)).astype(np.float32)


def message(head: object, body: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return struct.pack("<4sI", b"EDGE", len(text)) + text + body


def receive(content: bytes, expected: list[Form] | None) -> object:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=lambda: (theirs.sendall(content), theirs.close()))
        sender.start()
        try:
            return wire.receive(ours, expected)
        finally:
            ours.close()
            sender.join()


def test_a_message_arrives_as_it_was_sent() -> None:
    arrays = [IMAGE, np.float32(3).reshape(()), np.arange(6, dtype=np.uint8).reshape(1, 2, 3)]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(
            target=wire.send, args=(theirs, {"value": ["\u732b", 1.5]}, arrays)
        )
        sender.start()
        head, received = wire.receive(ours)
        sender.join()
    assert head == {"value": ["\u732b", 1.5]}
    for array, expected in zip(received, arrays, strict=True):
        np.testing.assert_array_equal(array, expected, strict=True)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (pickle.dumps({"arrays": []}) * 10, "no valid header"),
        (struct.pack("<4sI", b"EDGE", 2**32 - 1), "no valid header"),
        (struct.pack("<4sI", b"EDGE", 4) + b"\xff\xfe{}", "no valid head"),
        (struct.pack("<4sI", b"EDGE", 60000) + b"[" * 60000, "no valid head"),
        (message([]), "no valid head"),
        (message({"value": 1}), "no valid head"),
        (message({"arrays": [["<f4"]]}), "no valid head"),
        (message({"arrays": [["<f4", [1 << 40]]]}), r"has arrays .* \(2,\)\)\] are expected"),
        (message({"arrays": [["<f4", [2]], ["<f4", [2]]]}), "are expected"),
        (message({"arrays": [["<f8", [2]]]}), "are expected"),
        (message({"arrays": [["|O", [2]]]}), "are expected"),
    ],
)
def test_what_is_no_message_or_another_one_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(wire.AnswerError, match=sentence):
        receive(content, [Form((2,))])


def test_objects_and_impossible_sizes_are_refused_where_any_array_is_taken() -> None:
    for form in (["|O", [2]], ["<f4", [-1]], ["x" * 50, [1]]):
        with pytest.raises(wire.AnswerError, match="it has an array of"):
            receive(message({"arrays": [form]}), None)


def test_half_a_message_is_the_end() -> None:
    whole = message({"arrays": [["<f4", [2]]]}, b"\0" * 8)
    for length in range(len(whole)):
        with pytest.raises(EOFError):
            receive(whole[:length], [Form((2,))])
    receive(whole, [Form((2,))])


@pytest.mark.parametrize(
    ("answer", "use"),
    [
        (message({"value": [1, "x"], "arrays": []}), lambda box: box.measure(1, {}, 0.1)),
        (message({"value": {}, "arrays": []}), lambda box: box.profile("fast", 1, {}, 0.1)),
        (message({"value": [[0.5]], "arrays": []}), lambda box: box.profile("fast", 1, {}, 0.1)),
        (message({"value": None, "arrays": []}), lambda box: box.step_times("fast", 1, 0.1, 0)),
        (message({"value": "{}", "arrays": []}), lambda box: box.model()),
        (message({"arrays": []}), lambda box: box.model()),
    ],
)
def test_answers_of_another_kind_are_errors_of_the_library(
    tiny_bundle: Path, answer: bytes, use: Callable[[NativeSandbox], object]
) -> None:
    """The child's end of the connection is played by the test."""
    with NativeSandbox(tiny_bundle / "model.so") as sandbox:
        ours, theirs = socket.socketpair()
        sandbox._socket.close()
        sandbox._socket = ours
        with theirs:
            theirs.sendall(answer)
            with pytest.raises(CompileError, match="gave no valid answer to"):
                use(sandbox)


def test_values_pass_through_the_sandbox_unharmed(tiny_bundle: Path) -> None:
    """What the child computes is what the same library computes in this process."""
    frame = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    with load(tiny_bundle, threads=1) as model, NativeSandbox(tiny_bundle / "model.so") as box:
        assert box.model() == model.model
        assert box.best_variant() == model.variant
        inputs = {"image": IMAGE}
        np.testing.assert_array_equal(
            box.run(model.variant, 1, inputs)["scores"], model.run(inputs)["scores"]
        )
        for ours, (_, _, expected) in zip(
            box.observe(model.variant, 1, inputs), model.observe(inputs), strict=True
        ):
            np.testing.assert_array_equal(ours, expected)
        np.testing.assert_array_equal(
            box.preprocess(frame, "bgr8"), model.preprocess(frame, "bgr8")
        )
        assert min(box.measure(1, inputs, 0.01)) > 0
        assert len(box.profile(model.variant, 1, inputs, 0.01)[0]) == len(model.model.steps)
        assert max(box.step_times(model.variant, 1, 0.01, 1 << 20)) < float("inf")
