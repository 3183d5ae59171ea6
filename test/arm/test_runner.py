"""
The program that runs a library for the compiler: what it computes, and what is no request.

It is the same for every machine, so what needs no Arm processor is tried on this one.
"""

from collections.abc import Sequence
from pathlib import Path
import struct
import subprocess
import sys

from cross import tools_or_skip
import numpy as np
import pytest

from edge_compiler import toolchain
from edge_compiler.child.wire import receive_bytes
from edge_compiler.errors import CompileError
from edge_compiler.sandbox import EmulatedSandbox, NativeSandbox, Sandbox
from edge_compiler.sandbox.emulated import (
    CHOICE,
    Command,
    HEADER,
    MAGIC,
    RUNNER,
    RUNNER_FLAGS,
    TENSOR,
)
from edge_compiler.targets.program import RUNTIME
from edge_compiler.toolchain.programs import built
from edge_perception.runtime import read_manifest
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.selftest import read_selftest

HOST = toolchain.get("host")
INCLUDE = RUNTIME.parents[1] / "include"
CHOSEN = CHOICE.pack(b"", 1, 1)


class Sent(EmulatedSandbox):
    """A sandbox that sends requests as they are."""

    def send(self, kind: int, body: bytes, magic: int = MAGIC, count: int | None = None) -> bytes:
        """Send a request and wait for its answer, or for the runner's end."""
        with self._asking("request"):
            length = len(body) if count is None else count
            self._socket.sendall(HEADER.pack(magic, kind, length) + body)
            _, _, size = HEADER.unpack(receive_bytes(self._socket, HEADER.size))
            return bytes(receive_bytes(self._socket, size))


def plan(*sizes: int, counts: Sequence[int] = (1, 1, 5)) -> bytes:
    """Return the body of a plan; that of the small model has 1 input, 1 output and 5 steps."""
    tensors = [TENSOR.pack(size, FLOAT32.number) for size in sizes]
    return struct.pack("<III", *counts) + b"".join(tensors)


def test_answers_are_those_of_the_loader(tiny_bundle: Path) -> None:
    manifest = read_manifest(tiny_bundle)
    model = manifest.model
    inputs, _ = read_selftest(tiny_bundle, manifest)
    library = tiny_bundle / manifest.library
    frame = np.random.default_rng(1).integers(0, 256, (40, 60, 4), np.uint8)
    with NativeSandbox(library) as native, EmulatedSandbox(library, HOST) as other:
        assert other.model() == native.model() == model
        assert other.best_variant() == native.best_variant()
        assert other.variants(model) == native.variants(model)
        for variant in native.variants(model):
            for threads in (1, 3):
                expected = native.observe(variant, threads, inputs)
                actual = other.observe(variant, threads, inputs)
                for ours, theirs in zip(expected, actual, strict=True):
                    np.testing.assert_array_equal(theirs, ours)
                outputs = other.run(variant, threads, inputs)
                for name, array in native.run(variant, threads, inputs).items():
                    np.testing.assert_array_equal(outputs[name], array)
        for view in (frame, frame[::2, ::-1]):
            np.testing.assert_array_equal(
                other.preprocess(view, "bgra8"), native.preprocess(view, "bgra8")
            )


def test_what_the_library_refuses_is_said(tiny_bundle: Path) -> None:
    manifest = read_manifest(tiny_bundle)
    inputs, _ = read_selftest(tiny_bundle, manifest)
    with EmulatedSandbox(tiny_bundle / manifest.library, HOST) as sandbox:
        with pytest.raises(CompileError, match=r"failed in run\(no, 1\): .*no variant \"no\""):
            sandbox.run("no", 1, inputs)
        with pytest.raises(CompileError, match=r"failed in run\(baseline, 65\): threads must be"):
            sandbox.run("baseline", 65, inputs)
        with pytest.raises(CompileError, match=r"failed in preprocess\(yuyv\): .*even"):
            sandbox.preprocess(np.zeros((4, 5, 2), np.uint8), "yuyv")
        assert sandbox.run("baseline", 1, inputs)  # it goes on


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        (99, b"", "no valid header"),
        (Command.RUN, CHOSEN, "before the plan"),
        (Command.VARIANT, b"", "before the plan"),
        (Command.PLAN, plan()[:-1], "cut off"),
        (Command.PLAN, plan(4, 4), "not the length"),
        (Command.PLAN, plan(*[4] * 8), "not the length"),
        (Command.PLAN, plan(counts=[2**32 - 1] * 3), "not the length"),
        (Command.PLAN, plan(*[4] * 6, 1 << 62), "too large"),
        (Command.PLAN, plan(4, *[1 << 30] * 2, counts=(1, 2, 0)), "too large"),
        (Command.PLAN, plan(counts=(0, 0, 0)), "no inputs"),
    ],
)
def test_what_is_no_request_ends_the_runner(
    tiny_bundle: Path, kind: int, body: bytes, said: str
) -> None:
    with (
        Sent(tiny_bundle / "model.so", HOST) as sandbox,
        pytest.raises(CompileError, match=rf"exit code 2, runner: .*{said}"),
    ):
        sandbox.send(kind, body)


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        (Command.PLAN, plan(), "came twice"),
        (Command.VARIANT, CHOSEN[:-1], "cut off"),
        (Command.VARIANT, b"x" * 32 + CHOSEN[32:], "no end"),
        (Command.RUN, CHOSEN + bytes(100), "length of the plan"),
        (Command.OBSERVE, CHOSEN, "length of the plan"),
        (Command.PREPROCESS, CHOSEN + bytes(8), "cut off"),
        (Command.PREPROCESS, CHOSEN + struct.pack("<5I", 9, 9, 27, 0, 9) + b"x", "not the length"),
    ],
)
def test_what_is_no_request_of_an_instance_ends_the_runner(
    tiny_bundle: Path, kind: int, body: bytes, said: str
) -> None:
    with Sent(tiny_bundle / "model.so", HOST) as sandbox:
        sandbox.best_variant()
        with pytest.raises(CompileError, match=rf"exit code 2, runner: .*{said}"):
            sandbox.send(kind, body)


def test_requests_that_are_too_long_or_no_header_end_the_runner(tiny_bundle: Path) -> None:
    for magic, count in ((MAGIC, 1 << 60), (0x12345678, 0)):
        with (
            Sent(tiny_bundle / "model.so", HOST) as sandbox,
            pytest.raises(CompileError, match="no valid header"),
        ):
            sandbox.send(Command.DESCRIBE, b"", magic, count)


ANSWER = "import socket, struct, sys, time; s = socket.socket(fileno=int(sys.argv[-1])); "


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("s.sendall(b'Segmentation fault')", "no valid answer to best_variant.*no valid header"),
        (f"s.sendall(struct.pack('<IIQ', {MAGIC}, 7, 1) + b'x')", "no valid header"),
        (f"s.sendall(struct.pack('<IIQ', {MAGIC}, 0, 1 << 60))", "bytes"),
        (f"s.sendall(struct.pack('<IIQ', {MAGIC}, 0, 2) + b'{{}}')", "no valid answer.*missing"),
        (f"s.sendall(struct.pack('<IIQ', {MAGIC}, 0, 9) + b'half')", "crashed.*exit code 0"),
        (f"s.sendall(struct.pack('<IIQ', {MAGIC}, 1, 4) + b'\\xff no')", "failed in .* no"),
        ("sys.exit('last words')", "crashed in best_variant.*: exit code 1, last words"),
        ("s.close(); time.sleep(1000)", "crashed.*closed its connection"),
        ("time.sleep(1000)", "did not answer best_variant"),
    ],
)
def test_what_is_no_answer_is_one_sentence(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    monkeypatch.setattr(Sandbox, "exit_timeout_s", 0.1 if "close" in script else 60)
    if said.startswith("did not"):
        monkeypatch.setattr(Sandbox, "reply_timeout_s", 0.1)
    child = [sys.executable, "-c", ANSWER + script]
    library = tiny_bundle / "model.so"
    with EmulatedSandbox(library, HOST, child) as sandbox, pytest.raises(CompileError) as caught:
        sandbox.best_variant()
    assert caught.match(said)
    assert "\n" not in str(caught.value)


def test_answer_of_a_wrong_length_is_refused(tiny_bundle: Path) -> None:
    script = (  # it answers with the library's description, then with too little
        "import ctypes; c = ctypes.CDLL(sys.argv[-2]); c.edge_describe.restype = ctypes.c_char_p; "
        "d = c.edge_describe(); "
        f"s.sendall(struct.pack('<IIQ', {MAGIC}, 0, len(d)) + d); "
        f"s.sendall(struct.pack('<IIQ', {MAGIC}, 0, 0)); "
        f"s.sendall(struct.pack('<IIQ', {MAGIC}, 0, 4) + b'1234'); s.recv(1 << 20); time.sleep(99)"
    )
    image = np.zeros((1, 3, 32, 32), np.float32)
    child = [sys.executable, "-c", ANSWER + script]
    with (
        EmulatedSandbox(tiny_bundle / "model.so", HOST, child) as sandbox,
        pytest.raises(CompileError, match=r"no valid answer to run\(.*\): it has 4 bytes"),
    ):
        sandbox.run("baseline", 1, {"image": image})


START = "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n" + (
    "__attribute__((constructor)) static void start(void)"
)
ILLEGAL = {"aarch64": "udf #0", "armv7": "udf #0", "host": "ud2"}


@pytest.mark.parametrize("target", ["host", "aarch64", "armv7"])
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('{ fputs("double free\\n", stderr); abort(); }', "SIGABRT, double free$"),
        ("{ *(volatile int *)8 = 1; }", "SIGSEGV$"),
        ('{ __asm__ volatile("ILLEGAL"); }', "SIGILL$"),
        ("{ exit(3); }", "exit code 3$"),
    ],
    ids=["abort", "segfault", "illegal", "exit"],
)
def test_crash_is_told_with_its_signal_and_last_words(
    tmp_path: Path, target: str, code: str, said: str
) -> None:
    library = compiled(target, START + code.replace("ILLEGAL", ILLEGAL[target]), tmp_path)
    with (
        EmulatedSandbox(library, tools_or_skip(target)) as sandbox,
        pytest.raises(CompileError, match=rf"crashed in best_variant\(\): {said}"),
    ):
        sandbox.best_variant()
    assert not list(tmp_path.glob("*core*"))


@pytest.mark.parametrize("target", ["aarch64", "armv7"])
def test_hang_is_told(tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sandbox, "reply_timeout_s", 0.1)
    library = compiled(target, START + "{ for (;;) pause(); }", tmp_path)
    with (
        EmulatedSandbox(library, tools_or_skip(target)) as sandbox,
        pytest.raises(CompileError, match=r"did not answer best_variant\(\)"),
    ):
        sandbox.best_variant()


@pytest.mark.parametrize("target", ["aarch64", "armv7"])
def test_library_that_lacks_the_interface_is_refused(tmp_path: Path, target: str) -> None:
    library = compiled(target, "int nothing;", tmp_path)
    with (
        EmulatedSandbox(library, tools_or_skip(target)) as sandbox,
        pytest.raises(CompileError, match=r"can't be loaded: it has not the interface"),
    ):
        sandbox.best_variant()


def test_runner_is_clean_and_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = (*RUNNER_FLAGS, "-Werror", "-Wconversion", "-Wno-sign-conversion")
    first = built(RUNNER, HOST.find_compiler(), flags, [INCLUDE])
    changed = first.stat().st_mtime_ns
    assert built(RUNNER, HOST.find_compiler(), flags, [INCLUDE]) == first
    assert first.stat().st_mtime_ns == changed
    with pytest.raises(CompileError, match=r"failed on runner.c: .*no-such-flag"):
        built(RUNNER, HOST.find_compiler(), ("--no-such-flag",), [INCLUDE])


def compiled(target: str, code: str, folder: Path) -> Path:
    """Return a library that is compiled from C."""
    source, library = folder / "library.c", folder / "library.so"
    source.write_text(code)
    compiler = tools_or_skip(target).find_compiler()
    subprocess.run([compiler, "-shared", "-fPIC", source, "-o", library], check=True)
    return library
