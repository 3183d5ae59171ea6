"""A real server of the Open Inference Protocol: MLServer, with ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from bench import environments
from bench.cache import BenchError
from bench.engines import ROOT

PACKAGES = ("mlserver==1.7.1", "onnxruntime==1.23.2")
NAME = "network"
_RUNTIME = ROOT / "bench" / "cloud" / "mlserver_onnx.py"
_START = 120.0  # seconds that it may take until it is ready
_LOOK = 0.2
_LOOPBACK = "127.0.0.1"


def install() -> Path:
    """
    Return the Python that has the server, installed if need be: some 400 MB.

    :raises BenchError: if that fails.
    """
    return environments.install("mlserver", *PACKAGES)


@contextmanager
def serving(python: Path, model: Path) -> Iterator[str]:
    """
    Serve a model while the context lasts; its URL is given.

    :param model: the ONNX file.
    :raises BenchError: if the server does not start.
    """
    with tempfile.TemporaryDirectory() as place:
        folder, (http, grpc) = Path(place), _free_ports(2)
        shutil.copy(_RUNTIME, folder)
        _write(
            folder / "settings.json",
            host=_LOOPBACK,
            http_port=http,
            grpc_port=grpc,
            metrics_endpoint=None,
            parallel_workers=0,
        )
        _write(
            folder / "model-settings.json",
            name=NAME,
            implementation=f"{_RUNTIME.stem}.OnnxModel",
            parameters={"uri": str(model)},
        )
        log = folder / "log"
        command: list[str | Path] = [python.with_name("mlserver"), "start", folder]
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        with (
            log.open("w") as output,
            subprocess.Popen(
                command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
            ) as process,
        ):
            try:
                _wait(f"http://{_LOOPBACK}:{http}/v2/models/{NAME}/ready", process, log)
                yield f"grpc://{_LOOPBACK}:{grpc}"
            finally:
                process.kill()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=_START):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(_LOOK)
    lines = log.read_text(errors="replace").splitlines()
    raise BenchError(f"MLServer does not start: {' | '.join(lines[-3:])}")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server((_LOOPBACK, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _write(path: Path, **settings: object) -> None:
    path.write_text(json.dumps(settings), encoding="utf-8")
