"""Perception that asks a server: whose answer counts, and what a bad server costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
import itertools
from pathlib import Path
import random
import shutil
import socket
import subprocess
from threading import Event, Thread
import time
from types import SimpleNamespace
from typing import Any

from fake_model import FakeModel
from inference_server import grpc, Infer, response, serving
import numpy as np
import onnxruntime
import pytest

from edge_perception.core.image import Pixels
from edge_perception.core.node import Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.model import ModelRequest
from edge_perception.core.perception.remote import Answer, Policy, RemoteRequest
from edge_perception.core.perception.stage import Look, Setup
from edge_perception.core.perception.stages.detect import Detect
from edge_perception.core.stamps import SECOND
from edge_perception.decode.detections import Detections
from edge_perception.drivers.remote import server
from edge_perception.drivers.remote.breaker import Breaker, FAILURES, FIRST_PAUSE, LONGEST_PAUSE
from edge_perception.drivers.remote.first import RemoteFirst
from edge_perception.drivers.remote.messages import answer, AnswerError
from edge_perception.drivers.remote.second import SecondOpinion
from edge_perception.environment import this_machine
from edge_perception.runtime import BundleError
from edge_perception.runtime.manifest import Tensor

PATIENCE = 60.0
IMAGE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
THERE = np.array([[0.1, 0.2, 0.7]], np.float32)  # espresso


class Local(FakeModel):
    def preprocess(self, frame: np.ndarray, encoding: str) -> np.ndarray:
        return np.ascontiguousarray(frame.transpose(2, 0, 1)[None].astype(np.float32))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def asked(port: int, deadline: float = PATIENCE, **more: Any) -> RemoteRequest:
    fields = {"is_encrypted": False, "model": "big", "policy": Policy.REMOTE_FIRST, **more}
    return RemoteRequest(f"127.0.0.1:{port}", deadline=round(deadline * SECOND), **fields)


def remote(stack: ExitStack, infer: Infer, deadline: float = PATIENCE) -> RemoteFirst:
    model = RemoteFirst(Local(), asked(stack.enter_context(serving(infer)), deadline))
    stack.callback(model.close)
    return model


def test_the_answer_of_the_server_counts(stack: ExitStack) -> None:
    requests: list[Any] = []

    def infer(request: Any, context: Any) -> Any:
        requests.append(request)
        return response(scores=THERE)

    model = remote(stack, infer)
    detect = Detect(Setup("detect", Parameters(()), model))
    nothing = Detections()
    look = Look(Pixels(IMAGE, "rgb8"), lambda part: None)
    seen = detect.run(look, nothing, nothing.indices())
    assert seen.labels[0] == "espresso"
    [said] = seen.attributes[0]
    assert (said.stage, said.model, said.label) == ("source", "big", "remote")
    [request] = requests
    assert request.model_name == "big"
    assert [one.name for one in request.outputs] == ["scores"]
    [image] = request.inputs
    assert (image.name, image.datatype, [*image.shape]) == ("image", "FP32", [1, 3, 4, 4])
    assert request.raw_input_contents[0] == Local().preprocess(IMAGE, "rgb8").tobytes()
    found = model.diagnose()
    assert found.level is Level.OK
    values = found.values or {}
    assert values["sent"] == f"{request.ByteSize()} bytes"
    assert (values["answered"], values["url"]) == ("1", f"grpc://{model._asked.host}")


def test_a_compiled_model_and_onnx_runtime_as_the_server(
    stack: ExitStack, tiny_onnx: Path, tiny_bundle: Path
) -> None:
    session = onnxruntime.InferenceSession(str(tiny_onnx), providers=["CPUExecutionProvider"])

    def infer(request: Any, context: Any) -> Any:
        [image], [raw] = request.inputs, request.raw_input_contents
        shown = np.frombuffer(raw, np.float32).reshape(tuple(image.shape))
        names = [one.name for one in request.outputs]
        return response(**dict(zip(names, session.run(names, {image.name: shown}), strict=True)))

    wanted = asked(stack.enter_context(serving(infer)))
    frame = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
    results = []
    second = replace(wanted, policy=Policy.SECOND_OPINION)
    for one in (wanted, replace(wanted, policy=Policy.LOCAL), second, None):
        model = this_machine().load(ModelRequest(str(tiny_bundle), remote=one))
        stack.callback(model.close)
        results.append(model.run_image(frame, "bgr8"))
    assert [isinstance(one, Answer) for one in results] == [True, False, False, False]
    there, here, *_ = (one["scores"] for one in results)
    np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-5)


def refuse(request: Any, context: Any) -> Any:
    context.abort(grpc.StatusCode.NOT_FOUND, "no such model\x1b[2J")


def late(request: Any, context: Any) -> Any:
    ended = Event()
    context.add_callback(ended.set)
    ended.wait(PATIENCE)
    return response(scores=THERE)


@pytest.mark.parametrize(
    ("infer", "says"),
    [
        (lambda *_: response(scores=THERE[0]), "should be FP32 (1, 3), 12 bytes; the server"),
        (lambda *_: response(scores=THERE.astype(np.float64)), "gives 'FP64' (1, 3), 24 bytes"),
        (lambda *_: response(probabilities=THERE), "the server gives no 'scores'"),
        (lambda *_: response(scores=THERE * np.nan), "scores is not finite"),
        (lambda *_: b"\xff" * 40, "a number that is cut off, negative or too large"),
        (lambda *_: response(scores=THERE).SerializeToString()[:-1], "cut off"),
        (lambda *_: b"", "the server gives no 'scores'"),
        (lambda *_: response(scores=np.zeros(1 << 16, np.float32)), "RESOURCE_EXHAUSTED"),
        (refuse, r"NOT_FOUND: 'no such model\x1b[2J'"),
        (late, "it does not answer within 0.2 s"),
    ],
)
def test_a_bad_server_costs_its_answer_alone(infer: Infer, says: str, stack: ExitStack) -> None:
    model = remote(stack, infer, deadline=0.2 if infer is late else PATIENCE)
    tensors = model.run_image(IMAGE, "rgb8")
    assert not isinstance(tensors, Answer)
    assert np.array_equal(tensors["scores"], Local().run_image(IMAGE, "rgb8")["scores"])
    found = model.diagnose()
    assert found.level is Level.WARN
    assert says in found.message
    assert "what this machine computes counts meanwhile" in found.message


def test_nobody_is_there_or_says_nothing(stack: ExitStack) -> None:
    silent = stack.enter_context(socket.socket())
    silent.bind(("127.0.0.1", 0))
    silent.listen()  # the connection is made, and that is all
    closed = stack.enter_context(socket.socket())
    closed.bind(("127.0.0.1", 0))
    for one in (silent, closed):
        model = RemoteFirst(Local(), asked(one.getsockname()[1], deadline=0.2))
        stack.callback(model.close)
        model._breaker = Breaker(lambda: 100.0)  # no pause ends by itself
        for _ in range(FAILURES + 1):  # the silent one is waited for until the deadline, not on
            assert not isinstance(model.run_image(IMAGE, "rgb8"), Answer)
        values = model.diagnose().values or {}
        assert int(values["late"]) + int(values["failed"]) == FAILURES
        assert values["not asked"] == "1"
        assert "it is asked again in" in model.diagnose().message


def test_a_server_that_comes_back_is_asked_again(stack: ExitStack) -> None:
    answers = [b"", response(scores=THERE)]
    model = remote(stack, lambda *_: answers.pop(0))
    assert not isinstance(model.run_image(IMAGE, "rgb8"), Answer)
    assert isinstance(model.run_image(IMAGE, "rgb8"), Answer)
    assert model.diagnose().level is Level.OK


def test_a_server_whose_model_changes(stack: ExitStack) -> None:
    answers = [response(scores=one) for one in (THERE, np.zeros((1, 4), np.float32), THERE)]
    model = remote(stack, lambda *_: answers.pop(0))
    came = []
    for _ in range(3):
        came.append(isinstance(model.run_image(IMAGE, "rgb8"), Answer))
        if not came[-1]:
            assert "is it another model?" in model.diagnose().message
    assert came == [True, False, True]
    assert model.diagnose().level is Level.OK


def test_a_second_opinion_comes_beside_what_is_seen_here(stack: ExitStack) -> None:
    asking, go = Event(), Event()

    def infer(request: Any, context: Any) -> Any:
        asking.set()
        go.wait(PATIENCE)
        return response(scores=THERE)

    port = stack.enter_context(serving(infer))
    stack.callback(go.set)
    wanted = asked(port, policy=Policy.SECOND_OPINION, rate=0.001)
    model = SecondOpinion(Local(), wanted)
    stack.callback(model.close)
    detect, alone = (Detect(Setup("detect", Parameters(()), one)) for one in (model, Local()))
    nothing = Detections()

    def look(stage: Detect, stamp: int) -> Detections:
        view = Look(Pixels(IMAGE, "rgb8"), lambda part: None, stamp)
        return stage.run(view, nothing, nothing.indices())

    here = look(alone, 0).labels
    assert look(detect, 1_250_000_000).labels == here
    assert asking.wait(PATIENCE)
    assert look(detect, 2_000_000_000).labels == here  # nobody waits for the server
    go.set()
    end = time.monotonic() + PATIENCE
    while len(seen := look(detect, 3_000_000_000)) == len(here):
        assert time.monotonic() < end, model.diagnose()
        time.sleep(0.01)
    told = [
        (label, {one.stage: one.label for one in said})
        for label, said in zip(seen.labels, seen.attributes, strict=True)
    ]
    assert [label for label, said in told if not said] == [*here]
    from_there = [(label, said) for label, said in told if said]
    assert from_there[0] == ("espresso", {"source": "remote", "stamp": "1.250"})
    assert look(detect, 4_000_000_000).labels == here  # it is told once
    values = model.diagnose().values or {}
    assert (values["answered"], values["late"], values["failed"]) == ("1", "0", "0")


@pytest.mark.parametrize(
    ("infer", "deadline", "says"),
    [
        (lambda *_: response(scores=THERE * np.nan), PATIENCE, "scores is not finite"),
        (late, 0.1, "it does not answer within 0.1 s"),
    ],
)
def test_a_bad_second_opinion_is_left_out(
    infer: Infer, deadline: float, says: str, stack: ExitStack
) -> None:
    port = stack.enter_context(serving(infer))
    wanted = asked(port, deadline, policy=Policy.SECOND_OPINION, rate=30.0)
    model = SecondOpinion(Local(), wanted)
    stack.callback(model.close)
    model._breaker = Breaker(lambda: 100.0)  # no pause ends by itself
    end = time.monotonic() + PATIENCE
    while int((model.diagnose().values or {})["not asked"]) == 0:
        assert model.consult(Pixels(IMAGE, "rgb8"), 1) is None
        assert time.monotonic() < end
        time.sleep(0.01)
    assert says in model.diagnose().message


def test_an_opinion_without_a_picture_in_time_is_late(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = stack.enter_context(serving(lambda *_: response(scores=THERE)))
    model = SecondOpinion(Local(), asked(port, policy=Policy.SECOND_OPINION))
    stack.callback(model.close)
    assert model.consult(Pixels(IMAGE, "rgb8"), 1) is None
    assert model._under_way is not None
    model._under_way.call.answer(PATIENCE)
    pause = SimpleNamespace(monotonic=lambda: time.monotonic() + 2 * PATIENCE)
    monkeypatch.setattr("edge_perception.drivers.remote.second.time", pause)
    assert model.consult(Pixels(IMAGE, "rgb8"), 2) is None
    found = model.diagnose()
    assert (found.values or {})["late"] == "1"
    assert "no picture to show it with" in found.message


def test_a_connection_that_leads_nowhere_is_made_anew(stack: ExitStack) -> None:
    port = stack.enter_context(serving(lambda *_: response(scores=THERE)))
    door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    dead = Event()

    def carry(source: socket.socket, target: socket.socket, dies: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if not (dies and dead.is_set()):
                    target.sendall(data)

    def work() -> None:
        with suppress(OSError):  # the door is closed at the end
            for number in itertools.count():
                ends = door.accept()[0], socket.create_connection(("127.0.0.1", port))
                for source, target in (ends, ends[::-1]):
                    stack.callback(target.close)
                    Thread(target=carry, args=(source, target, number == 0), daemon=True).start()

    Thread(target=work, daemon=True).start()
    model = RemoteFirst(Local(), asked(door.getsockname()[1], deadline=1.0))
    stack.callback(model.close)

    def until_answered() -> None:
        end = time.monotonic() + PATIENCE
        while not isinstance(model.run_image(IMAGE, "rgb8"), Answer):
            assert time.monotonic() < end, model.diagnose()
            time.sleep(0.05)

    until_answered()
    dead.set()  # the first connection stays, and nothing goes through it any more
    assert not isinstance(model.run_image(IMAGE, "rgb8"), Answer)
    until_answered()
    assert model.diagnose().level is Level.OK


def test_no_image_waits_until_a_connection_is_ended(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending, go = Event(), Event()
    close = server._Connection.close

    def slowly(connection: Any) -> None:
        ending.set()
        assert go.wait(PATIENCE)
        close(connection)

    monkeypatch.setattr(server._Connection, "close", slowly)
    answers = [response(scores=THERE), *[b""] * FAILURES]
    model = remote(stack, lambda *_: answers.pop(0))
    stack.callback(go.set)
    assert isinstance(model.run_image(IMAGE, "rgb8"), Answer)
    for _ in range(FAILURES):  # the last one ends with another connection
        assert not isinstance(model.run_image(IMAGE, "rgb8"), Answer)
    assert ending.wait(PATIENCE)
    assert not go.is_set()


def test_a_connection_is_closed_when_nothing_watches_it() -> None:
    """Else gRPC's thread that watches it may find it closed, and prints a traceback."""
    watching: list[bool] = []

    def connect() -> Any:
        channel = grpc.insecure_channel("127.0.0.1:1")
        close = channel.close

        def closing() -> None:
            watching.extend(one.is_alive() for one in connection._watching)
            close()

        channel.close = closing
        return channel

    connection = server._Connection(connect)
    assert any(one.is_alive() for one in connection._watching)
    connection.close()
    assert watching
    assert not any(watching)


def test_the_pauses_grow() -> None:
    now = 100.0
    breaker = Breaker(lambda: now)
    longest = FIRST_PAUSE
    for _ in range(10):
        for _ in range(FAILURES):
            assert not breaker.left
            breaker.fail()
        assert longest / 2 <= breaker.left <= longest
        now += breaker.left
        longest = min(2 * longest, LONGEST_PAUSE)
    breaker.succeed()
    for _ in range(FAILURES):
        breaker.fail()
    assert breaker.left <= FIRST_PAUSE


def test_a_server_that_is_late_with_the_first_picture_after_a_pause_comes_back() -> None:
    now = 100.0
    breaker = Breaker(lambda: now)
    for _ in range(FAILURES):
        breaker.fail()
    now += breaker.left
    breaker.fail()  # its connection was idle
    assert not breaker.left
    breaker.succeed()
    for _ in range(FAILURES - 1):
        breaker.fail()
    assert not breaker.left


def test_whatever_comes_is_read_or_refused() -> None:
    rng, outputs = random.Random(1), [Tensor("scores", (1, 3))]
    good = response(scores=THERE).SerializeToString()
    assert np.array_equal(answer(good, outputs)["scores"], THERE)
    refused = 0
    for _ in range(3000):
        changed = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        try:
            answer(bytes(changed[: rng.randrange(1, len(changed) + 1)]), outputs)
        except AnswerError:
            refused += 1
    assert refused > 1000


def test_credentials(stack: ExitStack, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    key, certificate, token = (tmp_path / name for name in ("key.pem", "own.pem", "token"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=server",
         "-addext", "subjectAltName=IP:127.0.0.1,DNS:gpu.invalid",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    token.write_text("secret\n")
    proofs: list[str] = []

    def infer(request: Any, context: Any) -> Any:
        proofs.append(dict(context.invocation_metadata())["authorization"])
        return response(scores=THERE)

    own = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    port = stack.enter_context(serving(infer, own))
    trusting = asked(port, is_encrypted=True, authorities=certificate, token=token)
    wary = asked(port, is_encrypted=True, token=token, deadline=1.0)
    linked = replace(trusting, host="gpu.invalid:8001", via=trusting.host)
    models = [RemoteFirst(Local(), one) for one in (trusting, wary, linked)]
    for model in models:
        stack.callback(model.close)
    came = [isinstance(model.run_image(IMAGE, "rgb8"), Answer) for model in models]
    assert came == [True, False, True]
    assert proofs == ["Bearer secret"] * 2
    assert all("secret" not in str(model.diagnose()) for model in models)
    token.write_text("two\nlines")
    with pytest.raises(BundleError, match="expected a token") as caught:
        RemoteFirst(Local(), trusting)
    assert "lines" not in str(caught.value)
    token.unlink()
    with pytest.raises(BundleError, match="No such file"):
        RemoteFirst(Local(), trusting)
