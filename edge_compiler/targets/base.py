"""What a target is: it says which nodes it can run, and turns a graph into a library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_compiler import ops
from edge_compiler.description.describe import Description
from edge_compiler.description.metadata import may_round
from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph, Node
from edge_compiler.progress import Progress
from edge_compiler.sandbox import open_sandbox, Sandbox
from edge_compiler.targets.accelerator import AcceleratorBackend
from edge_compiler.targets.program import library
from edge_compiler.targets.program.backend import Backend, Home, Job
from edge_compiler.targets.program.library import LibrarySpec
from edge_compiler.targets.program.lowering import lower
from edge_compiler.targets.program.placement import place
from edge_compiler.targets.program.platform import Platform
from edge_perception.runtime.manifest import Model

_BYTE_PRODUCTS = ("ConvInteger", "MatMulInteger", "QConv", "QMatMul")


@dataclass(frozen=True)
class BuildOptions:
    """
    What the user may choose of how a library is made.

    :ivar tune_threads: measure kernels with so many threads before choosing; 0: estimate.
    :ivar places: back end by name of node, where the user wants a certain one.
    """

    tune_threads: int = 0
    places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """
    A kind of machine, with the back ends that compile for it.

    :ivar name: as given to ``edgec compile --target``.
    :ivar home: our own kernels.
    :ivar others: what else may run nodes, in the same library.
    :ivar accelerator: what may run the whole network in place of the library, on a device.
    """

    name: str
    platform: Platform
    home: Home
    others: tuple[Backend, ...] = ()
    accelerator: AcceleratorBackend | None = None

    @property
    def triple(self) -> str:
        """The triple of the machine that libraries run on."""
        return self.platform.triple

    @property
    def backends(self) -> tuple[Backend, ...]:
        """All back ends, our own kernels first."""
        return (self.home, *self.others)

    def check(self, options: BuildOptions) -> None:
        """
        Check that there is something to choose where the user chooses.

        :raises CompileError: if there is not.
        """
        if options.tune_threads and not self.platform.tools.machine.native:
            raise CompileError(
                f"--tune measures kernels on the machine that will run them, which for the target "
                f"{self.name!r} is not this one; leave out --tune"
            )
        if options.places and not self.others:
            raise CompileError(
                f"the target {self.name!r} has one back end only; leave out --place"
            )

    def refusal(self, node: Node) -> str | None:
        """Return why no back end can run ``node``, in one clause; None if one can."""
        if reason := ops.fault(node):
            return reason
        reasons = [backend.refusal(node) for backend in self.backends]
        return None if None in reasons else reasons[0]

    def support(self) -> Mapping[str, str]:
        """Return the operators that can be compiled, each with a sentence on what of it."""
        return self.home.support()

    def build(
        self,
        graph: Graph,
        description: Description,
        directory: Path,
        progress: Progress,
        options: BuildOptions = BuildOptions(),
    ) -> Model:
        """
        Write the library ``model.so`` and its sources (in ``source/``) into ``directory``.

        :param graph: optimised, every node of it not refused; its constants are gone afterwards.
        :returns: the manifest's description, the same as compiled into the library.
        :raises CompileError: if a compiler is missing or fails, or an option is impossible.
        """
        self.check(options)
        platform = self.platform.of_library(
            multiplies_bytes=any(node.op in _BYTE_PRODUCTS for node in graph.nodes),
            rounds=may_round(graph.metadata),
        )
        leading = platform.best_here() if options.tune_threads else platform.variants[0]
        job = Job(platform, leading, options.tune_threads)
        placed = place(graph, self.home, self.others, job, options.places, progress)
        program = lower(graph, leading, placed.rules.__getitem__, placed.reasons)
        for value in graph.constants():
            value.constant = None  # they are packed, in files: compilers and linker need the room
        used = program.other_backends()
        parts = [self.home.add_to, *(b.add_to for b in self.others if b.name in used)]
        spec = LibrarySpec(platform, tuple(parts))
        return library.write(graph, program, spec, description, directory, progress)

    def missing_device(self, model: Model) -> str:
        """Return what this machine lacks to run a library of the target; else empty."""
        used = {step.backend for step in model.steps}
        missing = (b.missing_device() for b in self.backends if b.name in used)
        return " and ".join(filter(None, missing))

    def sandbox(self, path: Path) -> Sandbox:
        """
        Load a library of the target, in an emulator unless this machine can run it.

        :raises CompileError: if there is none.
        """
        return open_sandbox(path, self.platform.tools)
