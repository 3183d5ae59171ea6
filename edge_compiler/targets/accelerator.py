"""What may run a whole network on a device, where the bundle's library is the fallback."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from edge_compiler.description.describe import Description
from edge_compiler.ir.graph import Graph
from edge_compiler.targets.program.platform import Platform
from edge_perception.runtime.accelerator import Accelerator


class AcceleratorBackend(Protocol):
    """Writes into a bundle what its own library is made of on the device, by ``edgec finish``."""

    def add_to(
        self, bundle: Path, graph: Graph, description: Description, platform: Platform
    ) -> Accelerator:
        """
        Write all of that into a folder of the bundle; nothing, if it can't run the network.

        :param graph: as read, before any pass.
        :returns: what the manifest says of it, with the reasons if it can't.
        :raises CompileError: if the network can't be written.
        """
