"""
ONNX Runtime in a process of its own, which ends when it is done: it leaves no memory taken.

As a program, it is that process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
import socket
import subprocess
import sys
from typing import Any

import numpy as np
import onnx

from edge_compiler.child import wire
from edge_compiler.errors import CompileError
from edge_compiler.files.on_disk import ArraysOnDisk
from edge_compiler.onnx_runtime import NAME

Array = np.ndarray[Any, Any]


def load(model: onnx.ModelProto, path: Path) -> None:
    """
    Load a model without its large weights; see `session.load`.

    :raises CompileError: if ONNX Runtime refuses it.
    """
    for _ in _ask("load", [model], path, {}):
        pass


def run(
    pieces: Sequence[onnx.ModelProto],
    path: Path,
    given: Mapping[str, Array],
    values: MutableMapping[str, Array],
) -> None:
    """
    Run the pieces of a model; see `session.run`.

    :raises CompileError: if ONNX Runtime fails.
    """
    values.update(_ask("run", pieces, path, given))


def _ask(
    method: str, pieces: Sequence[onnx.ModelProto], path: Path, given: Mapping[str, Array]
) -> Iterator[tuple[str, Array]]:
    """Yield the values that the process answers with, by name."""
    head = {
        "method": method,
        "path": str(path.absolute()),
        "pieces": len(pieces),
        "given": list(given),
    }
    models = [np.frombuffer(piece.SerializeToString(), np.uint8) for piece in pieces]
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                cwd=Path(__file__).parents[2],  # makes this package importable, installed or not
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        with process:
            try:
                wire.send(ours, head, [*models, *given.values()])
                while True:
                    answer, arrays = wire.receive(ours)
                    if error := answer.get("error"):
                        raise CompileError(str(error))
                    if not arrays:
                        return
                    yield str(answer["name"]), arrays[0]
            except (EOFError, ConnectionError, wire.AnswerError):
                raise CompileError(
                    f"{NAME}, which a compiled model is compared with, crashed on {path}, or the "
                    "machine has not enough memory"
                ) from None
            finally:
                process.kill()


def _serve(connection: socket.socket) -> None:
    """Do what is asked, once."""
    from edge_compiler.onnx_runtime import session

    request, arrays = wire.receive(connection)
    path, count = Path(request["path"]), request["pieces"]
    pieces = [onnx.load_model_from_string(array.tobytes()) for array in arrays[:count]]
    values = ArraysOnDisk()
    try:
        if request["method"] == "load":
            session.load(pieces[0], path)
        else:
            given = dict(zip(request["given"], arrays[count:], strict=True))
            session.run(pieces, path, given, values)
    except CompileError as error:
        wire.send(connection, {"error": str(error)})
        return
    for name, value in values.items():
        wire.send(connection, {"name": name}, [value])
    wire.send(connection, {})


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
