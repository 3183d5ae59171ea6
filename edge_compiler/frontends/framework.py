"""Models that only their own framework reads: it runs as a process of its own, if it is found."""

from __future__ import annotations

from dataclasses import dataclass
import os
from pathlib import Path
import subprocess
import sys
import tempfile

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
import onnx

from edge_compiler.errors import CompileError

PYTHON = "EDGE_FRAMEWORK_PYTHON"
"""Names a Python that has the framework, if edgec's own has not."""
MISSING = 3
"""Exit code of a script whose framework can't be imported."""
_LONGEST_SENTENCE = 500


@dataclass(frozen=True)
class Framework:
    """
    A framework, and what exports its models.

    :ivar packages: what pip installs of it and its exporter.
    :ivar script: a Python file for it, which needs nothing of edgec. It is called with what kind
        of model it is, the model, and the ONNX file to write. If it can't, what it writes last to
        its standard error says why.
    """

    name: str
    packages: str
    script: Path

    def export(self, kind: str, model: Path) -> onnx.ModelProto:
        """
        Return the ONNX model of a file that the framework reads.

        :raises CompileError: if the framework isn't there or refuses the model.
        """
        with tempfile.TemporaryDirectory(prefix="edgec-") as folder:
            made = Path(folder) / "made.onnx"
            self._run([kind, str(model.resolve()), str(made)], model, folder)
            try:
                return onnx.load(made)
            except (OSError, DecodeError) as error:
                raise CompileError(
                    f"{model} can't be compiled: {self.name} wrote no ONNX file of it that can be "
                    "read; export it there, and compile the ONNX file"
                ) from error

    def _run(self, arguments: list[str], model: Path, folder: str) -> None:
        python = os.environ.get(PYTHON) or sys.executable
        quiet = {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
        try:
            # isolated: nothing beside the model, nor of the user's settings, is imported
            done = subprocess.run(
                [python, "-I", str(self.script), *arguments],
                cwd=folder,
                env={**os.environ, **quiet},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise CompileError(
                f"{python}, which {PYTHON} names, can't be run: {error.strerror}"
            ) from error
        if done.returncode == MISSING:
            raise CompileError(
                f"{model} is read by {self.name}, which {python} doesn't have: make an "
                f"environment with it (python3 -m venv DIR && DIR/bin/pip install "
                f"{self.packages}), and set {PYTHON}=DIR/bin/python"
            )
        if done.returncode:
            said = " ".join((done.stderr.strip().splitlines() or ["it crashed"])[-1].split())
            raise CompileError(
                f"{model} can't be compiled, {self.name} says: {said[:_LONGEST_SENTENCE]}"
            )
