"""
Builds networks that TensorRT is given with TensorRT for RTX: ``python -m bench.tensorrt``.

With ``--half`` they are those that ``--precision half`` makes. It runs without a device, and
stands for the parser and the builder of TensorRT, which need one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import json
from pathlib import Path
import subprocess
import tempfile

import onnx

from bench import command, environments
from bench.engines import ROOT
from edge_compiler import frontend
from edge_compiler.description.describe import Overrides
from edge_compiler.errors import CompileError
from edge_compiler.machine import user_cache
from edge_compiler.precision.half import round_file, Rounding
from edge_compiler.precision.network import Source
from edge_compiler.targets.tensorrt.backend import write_network
from edge_compiler.targets.tensorrt.network import prepare
from edge_compiler.targets.tensorrt.support import refusals
from edge_compiler.terminal import say

PACKAGE = "tensorrt-rtx==1.7.1.116"
_LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
_BUILDER = Path(__file__).with_name("tensorrt_builder.py")
_SECONDS = 600


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.tensorrt", description=(__doc__ or "").split(":")[0]
    )
    parser.add_argument("--half", action="store_true", help="layers in float16")
    half: bool = parser.parse_args().half
    return command.run(lambda: build_all(half=half))


def build_all(*, half: bool) -> None:
    """Print a row of Markdown for each network as it is done."""
    python = environments.install("tensorrt-rtx", PACKAGE)
    say("| network | nodes | layers | engine | seconds |")
    say("|---|---|---|---|---|")
    for path in models():
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder, "network.onnx")
            try:
                nodes = write(path, written, half)
                cells = f"{nodes} | {built(written, python)}"
            except CompileError as error:
                cells = f"{error} | | |"
        say(f"| {path.stem} | {cells} |")


def models() -> Iterator[Path]:
    """Yield onnx's real architectures, and the models of ``edgec fetch`` that are here."""
    yield from sorted(_LIGHT.glob("light_*.onnx"))
    yield from sorted((user_cache() / "models").glob("*/*.onnx"))


def write(path: Path, network: Path, half: bool) -> int:
    """
    Write the network that a device is given, and return how many nodes it has.

    :raises CompileError: if it can't be read, or TensorRT can't run it.
    """
    if half:
        rounded = network.with_name("rounded.onnx")
        round_file(Source(path, {}, {}, Overrides()), rounded, Rounding(), lambda *_: None)
        path = rounded
    graph = frontend.load(path)
    prepare(graph)
    if refused := refusals(graph):
        node, reason = next(iter(refused.items()))
        raise CompileError(f"{len(graph.nodes)} | {reason}, at {node}")
    write_network(graph, network, None)
    return len(graph.nodes)


def built(network: Path, python: Path) -> str:
    """Return the cells of what was built, or why not."""
    done = subprocess.run(
        [python, _BUILDER, network],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        return f"{done.stderr.strip().splitlines()[-1]} | |"
    made = json.loads(done.stdout)
    return f"{made['layers']} | {made['bytes'] / 2**20:.1f} MiB | {made['seconds']:.1f}"


if __name__ == "__main__":
    raise SystemExit(main())
