"""What a target is: it says which nodes it can run, and turns a graph into a library."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from edge_compiler import toolchain
from edge_compiler.description import Description
from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph, Node
from edge_compiler.progress import Progress
from edge_compiler.sandbox import open_sandbox, Sandbox
from edge_perception.runtime.manifest import Model


class Target(ABC):
    """
    A kind of machine, with the back ends that compile for it.

    :cvar name: as given to ``edgec compile --target``.
    :cvar triple: of the machine that the library runs on.
    """

    name: ClassVar[str]
    triple: ClassVar[str]

    def tuned(self, threads: int) -> Target:
        """
        Return the target that measures its kernels, run by so many threads, before it chooses.

        :raises CompileError: if it has nothing to choose.
        """
        raise CompileError(f"the target {self.name!r} can't be tuned; leave out --tune")

    def placed(self, wishes: Mapping[str, str]) -> Target:
        """
        Return the target that runs some nodes on the back ends that the user wants.

        :param wishes: back end by name of node.
        :raises CompileError: if it has nothing to choose.
        """
        raise CompileError(f"the target {self.name!r} has one back end only; leave out --place")

    @abstractmethod
    def refusal(self, node: Node) -> str | None:
        """Return why the target can't run ``node``, in one clause; None if it can."""

    @abstractmethod
    def build(
        self, graph: Graph, description: Description, directory: Path, progress: Progress
    ) -> Model:
        """
        Write the library ``model.so`` and its sources (in ``source/``) into ``directory``.

        :param graph: optimised, every node of it not refused.
        :returns: the manifest's description, the same as compiled into the library.
        :raises CompileError: if a compiler is missing or fails.
        """

    def sandbox(self, library: Path) -> Sandbox:
        """
        Load a library of the target, in an emulator unless this machine can run it.

        :raises CompileError: if there is none.
        """
        return open_sandbox(library, toolchain.get(self.name))
