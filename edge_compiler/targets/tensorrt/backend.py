"""NVIDIA's TensorRT as an accelerator: what a bundle brings to the device that has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_compiler.description import Description
from edge_compiler.ir.graph import Graph
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.tensorrt.loader import NAME, write_loader
from edge_compiler.targets.tensorrt.network import network, precision_of, prepare
from edge_compiler.targets.tensorrt.support import refusals
from edge_perception.runtime.manifest import Accelerator
from edge_perception.runtime.tensorrt.finish import NETWORK, SOURCE

OLDEST, NEWEST = 10, 11
TOLERANCES = {"float32": 1e-3, "int8": 1e-1}
"""
Of outputs beside ONNX Runtime's of the same network, by precision. Sums in another order are off
by some 1e-6; quantised, a step of a scale more or less goes through the rest of the network.
"""


@dataclass(frozen=True)
class TensorRT:
    """See `AcceleratorBackend`."""

    def add_to(
        self, bundle: Path, graph: Graph, description: Description, platform: Platform
    ) -> Accelerator:
        """Write the network, the sources of the library that runs it, and how to build both."""
        prepare(graph)
        precision, refused = precision_of(graph), refusals(graph)
        if not refused:
            folder = bundle / NAME
            folder.mkdir()
            (folder / NETWORK).write_bytes(network(graph).SerializeToString())
            write_loader(graph, description, platform, folder / SOURCE)
        return Accelerator(NAME, OLDEST, NEWEST, precision, TOLERANCES[precision], refused)
