"""Messages exchanged with libnanomsg: by nanocat, and by the program in docs/ built with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, ExitStack
import os
from pathlib import Path
import shutil
import subprocess

from processes import next_message, Process, until
import pytest

from edge_perception import messages
from edge_perception.messages.types import Detection, DetectionArray, Header, Time
from edge_perception.transport.sp.address import Address
from edge_perception.transport.sp.sockets import Sockets

SOURCE = Path(__file__).parents[2] / "docs" / "nanomsg.c"
PACKAGES = ("libnanomsg5", "libnanomsg-dev", "nanomsg-utils")


@pytest.fixture(scope="session")
def libnanomsg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder into which Debian's packages are unpacked, as they would lie at the root."""
    folder = tmp_path_factory.mktemp("libnanomsg")
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        pytest.skip("libnanomsg comes from Debian's packages, and this is no Debian")
    got = subprocess.run(
        ["apt-get", "download", *PACKAGES], cwd=folder, capture_output=True, text=True
    )
    if got.returncode:
        pytest.skip(f"Debian's packages of libnanomsg can't be had: {got.stderr.strip()[-200:]}")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
    return folder / "root"


def library(root: Path) -> Path:
    return next(root.glob("usr/lib/*/libnanomsg.so")).parent


@contextmanager
def running(root: Path, *command: object) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"LD_LIBRARY_PATH": str(library(root))}
    with subprocess.Popen(
        [str(one) for one in command], stdout=subprocess.PIPE, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("scheme", ["ipc", "tcp"])
def test_nanocat_reads_and_publishes(
    libnanomsg: Path, sockets: Sockets, scheme: str, tmp_path: Path, stack: ExitStack
) -> None:
    nanocat = libnanomsg / "usr/bin/nanocat"
    address = (
        Address("ipc", path=str(tmp_path / "socket"))
        if scheme == "ipc"
        else Address("tcp", "127.0.0.1")
    )
    counts: list[int] = []
    publisher = stack.enter_context(closing(sockets.publisher(address, None, counts.append, 8)))
    where = str(publisher.address)
    with running(libnanomsg, nanocat, "--sub", "--connect", where, "--raw") as reader:
        until(lambda: counts)
        publisher.send(b"hello ", b"nanomsg\n")
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"hello nanomsg\n"
    theirs = Address("ipc", path=str(tmp_path / "theirs"))
    speaking = ("--pub", "--bind", theirs, "--data", "hello us", "--interval", "0")
    with running(libnanomsg, nanocat, *speaking):
        subscriber = sockets.subscriber(theirs, None, b"hello", 8)
        with closing(subscriber):
            assert next_message(subscriber) == b"hello us"


def test_nanocat_asks(libnanomsg: Path, sockets: Sockets, tmp_path: Path) -> None:
    nanocat = libnanomsg / "usr/bin/nanocat"
    address = Address("ipc", path=str(tmp_path / "socket"))
    with (
        closing(sockets.server(address, None, lambda request: request[::-1] + b"\n")),
        running(
            libnanomsg, nanocat, "--req", "--connect", address, "--data", "abc", "--raw"
        ) as asking,
    ):
        assert asking.stdout is not None
        assert asking.stdout.readline() == b"cba\n"


def test_the_program_in_docs_reads_detections(
    libnanomsg: Path, tmp_path: Path, stack: ExitStack
) -> None:
    program = tmp_path / "detections"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{libnanomsg}/usr/include"]
    linked = [f"-L{library(libnanomsg)}", "-lnanomsg"]
    subprocess.run(["gcc", *flags, SOURCE, *linked, "-o", program], check=True)
    process = Process(stack, "perception")
    type_ = "edge_perception/msg/DetectionArray"
    speak = process.speaker("/detections", type_)
    seen = DetectionArray(
        header=Header(stamp=Time(sec=12, nanosec=34), frame_id="camera"),
        model="detector",
        image_width=640,
        image_height=480,
        detections=[
            Detection(label="person", score=0.5, has_box=True, x=1.5, y=2.5, width=3.0, height=4.0)
        ],
    )
    socket = tmp_path / "run" / "perception" / "detections"
    until(socket.exists)
    with running(libnanomsg, program, f"ipc://{socket}") as consumer:
        until(lambda: process.bus.readers("/detections", type_))
        speak(messages.serialize(seen))
        speak(messages.serialize(DetectionArray(model="none")))
        assert consumer.stdout is not None
        lines = [consumer.stdout.readline().decode() for _ in range(2)]
    assert lines == [
        "12.000000034 detector 640x480 1 person 0.500 1.5 2.5 3.0 4.0\n",
        "0.000000000 none 0x0 0\n",
    ]
