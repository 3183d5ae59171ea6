"""NVIDIA's TensorRT as an accelerator: what a bundle brings to the device that has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_compiler.description.describe import Description
from edge_compiler.ir.graph import Graph
from edge_compiler.ir.image import as_tensor
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.samples.magnitudes import magnitudes
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.tensorrt.half import halve
from edge_compiler.targets.tensorrt.loader import NAME, write_loader
from edge_compiler.targets.tensorrt.network import network, precision_of, prepare
from edge_compiler.targets.tensorrt.support import refusals
from edge_perception.runtime.accelerator import Accelerator
from edge_perception.runtime.manifest import Preprocess
from edge_perception.runtime.tensorrt.finish import NETWORK, SOURCE

OLDEST, NEWEST = 10, 11
TOLERANCES = {"float32": 1e-3, "float16": 2e-2, "int8": 1e-1}
"""
Of outputs beside ONNX Runtime's of the same network, by precision. Sums in another order are off
by some 1e-6; in float16 each layer rounds by up to 5e-4 of its numbers; quantised, a step of a
scale more or less goes through the rest of the network.
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
        large: tuple[str, ...] = ()
        if not refused:
            folder = bundle / NAME
            folder.mkdir()
            large = write_network(graph, folder / NETWORK, description.preprocess)
            write_loader(graph, description, platform, folder / SOURCE)
        tolerance = TOLERANCES[precision]
        return Accelerator(NAME, OLDEST, NEWEST, precision, tolerance, refused, large)


def write_network(graph: Graph, file: Path, preprocess: Preprocess | None) -> tuple[str, ...]:
    """
    Write a prepared graph as TensorRT is given it, in the precision that its numbers say.

    :param preprocess: what its input is; None: not known.
    :returns: the layers of a network in float16 whose numbers are too large for that.
    """
    file.write_bytes(network(graph).SerializeToString())
    if precision_of(graph) != "float16":
        return ()
    names = [value.name for node in graph.nodes for value in node.outputs]
    reference = Reference(file, [as_tensor(value) for value in graph.inputs], names)
    large = halve(graph, magnitudes(graph, reference.run, preprocess))
    file.write_bytes(network(graph).SerializeToString())
    return large
