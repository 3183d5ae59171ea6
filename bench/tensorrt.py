"""
Builds networks that TensorRT is given with TensorRT for RTX: ``python -m bench.tensorrt``.

It runs without a device, and stands for the parser and the builder of TensorRT, which need one.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import subprocess
import tempfile

import onnx

from bench import command, environments
from bench.engines import ROOT
from edge_compiler import frontend
from edge_compiler.errors import CompileError
from edge_compiler.machine import user_cache
from edge_compiler.targets.tensorrt.network import network, prepare
from edge_compiler.targets.tensorrt.support import refusals
from edge_compiler.terminal import say

PACKAGE = "tensorrt-rtx==1.7.1.116"
_LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
_BUILDER = Path(__file__).with_name("tensorrt_builder.py")
_SECONDS = 600


def main() -> int:
    """Return the exit status."""
    return command.run(build_all)


def build_all() -> None:
    """Print a row of Markdown for each network as it is done."""
    python = environments.install("tensorrt-rtx", PACKAGE)
    say("| network | nodes | layers | engine | seconds |")
    say("|---|---|---|---|---|")
    for path in models():
        say(f"| {path.stem} | {row(path, python)} |")


def models() -> Iterator[Path]:
    """Yield onnx's real architectures, and the models of ``edgec fetch`` that are here."""
    yield from sorted(_LIGHT.glob("light_*.onnx"))
    yield from sorted((user_cache() / "models").glob("*/*.onnx"))


def row(path: Path, python: Path) -> str:
    """Return the cells of a network: what was built, or why not."""
    try:
        graph = frontend.load(path)
    except CompileError as error:
        return f"can't be read: {error} | | |"
    prepare(graph)
    if refused := refusals(graph):
        node, reason = next(iter(refused.items()))
        return f"{len(graph.nodes)} | {reason}, at {node} | |"
    nodes = len(graph.nodes)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "network.onnx")
        written.write_bytes(network(graph).SerializeToString())
        done = subprocess.run(
            [python, _BUILDER, written],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=_SECONDS,
            check=False,
        )
    if done.returncode:
        return f"{nodes} | {done.stderr.strip().splitlines()[-1]} | |"
    built = json.loads(done.stdout)
    size = f"{built['bytes'] / 2**20:.1f} MiB"
    return f"{nodes} | {built['layers']} | {size} | {built['seconds']:.1f}"


if __name__ == "__main__":
    raise SystemExit(main())
