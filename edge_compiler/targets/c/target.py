"""Targets of the ``c`` back end: our own C, compiled for the host."""

from __future__ import annotations

from collections.abc import Sequence
import copy
from pathlib import Path
import shutil
from typing import ClassVar

from edge_compiler import targets, toolchain
from edge_compiler.description import Description
from edge_compiler.errors import CompileError
from edge_compiler.ir import ops
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.progress import Progress
from edge_compiler.targets.base import Target
from edge_compiler.targets.c.choice import Chooser
from edge_compiler.targets.c.cost import Estimated
from edge_compiler.targets.c.headers import HEADERS
from edge_compiler.targets.c.rules import RULES
from edge_compiler.targets.program import emit, RUNTIME
from edge_compiler.targets.program import program as program_steps
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.build import (
    build_library,
    cmake_file,
    compiler_version,
    Cxx,
    Source,
)
from edge_compiler.targets.program.lowering import image_layout, lower
from edge_compiler.targets.program.program import Program
from edge_compiler.targets.program.variants import AARCH64, ARMV7, Variant, X86_64
from edge_compiler.version import VERSION
from edge_perception.runtime.bundle import model_to_json
from edge_perception.runtime.manifest import ABI_VERSION, Allocation, Model, Step, Tensor

_INCLUDE = Path(__file__).parents[1] / "include"
_EMBED = """\
/* Constants and the description, as they are in the files beside this one. */
    .section .rodata
    .balign 4096
    .global edge_weights
    .hidden edge_weights
edge_weights:
    .incbin "weights.bin"
    .balign 64
    .global edge_originals
    .hidden edge_originals
edge_originals:
    .incbin "originals.bin"
    .balign 64
    .global edge_description
    .hidden edge_description
edge_description:
    .incbin "description.json"
    .byte 0
    .section .note.GNU-stack, "", %progbits
"""


class CTarget(Target):
    """
    A machine for which we generate C for each of its instruction sets.

    :cvar least_flags: for what is compiled for every processor of that kind: the code that asks
        which instruction sets it has.
    """

    variants: Sequence[Variant]
    least_flags: ClassVar[tuple[str, ...]] = ()
    _tuning_threads = 0

    def tuned(self, threads: int) -> CTarget:
        """
        Return the target that measures kernels on this machine before it chooses.

        :raises CompileError: if this machine can't run them.
        """
        if not toolchain.get(self.name).machine.native:
            raise CompileError(
                f"--tune measures kernels on the machine that will run them, which for the target "
                f"{self.name!r} is not this one; leave out --tune"
            )
        target = copy.copy(self)
        target._tuning_threads = threads
        return target

    def only(self, variant: Variant) -> CTarget:
        """Return the target that generates code for one instruction set."""
        target = copy.copy(self)
        target.variants = (variant,)
        return target

    def _chooser(self, graph: Graph, progress: Progress) -> Chooser:
        if not self._tuning_threads:
            return Estimated.of(self.variants[0], graph)
        from edge_compiler.targets.c.tuning import tune

        return tune(self, graph, self._tuning_threads, progress)

    def refusal(self, node: Node) -> str | None:
        """Return why the compiler or the kernels can't take ``node``; None if they can."""
        if reason := ops.refusal(node):
            return reason
        entry = RULES.get(node.op)
        return entry.check(node) if entry else f"this form of {node.op} is not supported"

    def build(
        self, graph: Graph, description: Description, directory: Path, progress: Progress
    ) -> Model:
        """Lower, write the C files, compile and link."""
        program = lower(graph, self._chooser(graph, progress))
        return self.build_program(graph, program, description, directory, progress)

    def build_program(
        self,
        graph: Graph,
        program: Program,
        description: Description,
        directory: Path,
        progress: Progress,
    ) -> Model:
        """Write the C files of a lowered graph, compile and link."""
        compiler = toolchain.get(self.name).find_compiler()
        model = self._describe(graph, program, description, compiler)
        sources = self._write_sources(program, model, description, directory / "source")
        library, cxx = directory / "model.so", self._cxx(program)
        (directory / "source" / "CMakeLists.txt").write_text(cmake_file(sources, cxx), "utf-8")
        build_library(compiler, directory / "source", sources, library, progress, cxx)
        return model

    def _compiled_by(self, program: Program, compiler: str) -> str:
        """Name what makes the library, with versions."""
        return f"edgec {VERSION}, {compiler_version(compiler)}"

    def _cxx(self, program: Program) -> Cxx | None:
        """Return what the C++ in a program's library needs; None if there is none."""
        return None

    def _write_sources(
        self, program: Program, model: Model, description: Description, directory: Path
    ) -> list[Source]:
        """Write everything that the library is made of and return what to compile."""
        shutil.copytree(RUNTIME, directory / "runtime")
        (directory / "kernels").mkdir()
        for header in HEADERS:
            shutil.copy(header, directory / "kernels")
        shutil.copy(_INCLUDE / "edge_model.h", directory)
        files = RUNTIME.glob("*.c")
        sources = [Source(f"runtime/{path.name}", self.least_flags) for path in files]
        for variant in self.variants:
            for name, text in emit.step_files(program, variant, [path.name for path in HEADERS]):
                (directory / name).write_text(text, "utf-8")
                sources.append(Source(name, variant.flags))
        wanted = description.preprocess.input if description.preprocess else None
        image = next((tensor for tensor in model.inputs if tensor.name == wanted), None)
        tables = emit.program_file(program, self.variants, description, image)
        (directory / "program.c").write_text(tables, "utf-8")
        for name, weights in (("weights", program.weights), ("originals", program.originals)):
            with (directory / f"{name}.bin").open("wb") as file:
                weights.write(file)
        (directory / "description.json").write_text(model_to_json(model), "utf-8")
        (directory / "embed.S").write_text(_EMBED, "utf-8")
        sources += [Source("program.c", self.least_flags), Source("embed.S")]
        return sources

    def _describe(
        self, graph: Graph, program: Program, description: Description, compiler: str
    ) -> Model:
        """Return what the manifest says of the program."""
        end = len(program.steps) - 1
        return Model(
            name=description.name,
            sha256=description.sha256,
            compiler=self._compiled_by(program, compiler),
            abi=ABI_VERSION,
            target=self.triple,
            variants=tuple(variant.name for variant in self.variants),
            requires=self.variants[-1].features,
            inputs=tuple(map(_tensor, graph.inputs)),
            outputs=tuple(map(_tensor, graph.outputs)),
            preprocess=description.preprocess,
            decoder=description.decoder,
            labels=description.labels,
            steps=tuple(_step(step, program.variant) for step in program.steps),
            allocations=tuple(
                Allocation(
                    life.buffer.name,
                    (life.buffer.offset or 0) * 4,
                    life.buffer.floats * 4,
                    max(life.first, 0),  # inputs come before the first step
                    max(min(life.last, end), 0),  # outputs stay after the last one
                )
                for life in program.lifetimes
            ),
            arena_bytes=program.arena * 4,
            weight_bytes=(program.weights.floats + program.originals.floats) * 4,
            macs=sum(step.macs for step in program.steps),
            provenance=description.provenance,
        )


def _tensor(value: Value) -> Tensor:
    return Tensor(value.name, value.shape, str(value.dtype), image_layout(value.shape))


def _step(step: program_steps.Step, variant: Variant) -> Step:
    """Return what the manifest says of a step, with the kernel chosen for ``variant``."""
    choice = step.choose(variant) if step.choose else None
    return Step(
        name=step.name,
        kernel=f"{step.kernel}, {choice.candidate}" if choice else step.kernel,
        nodes=step.nodes,
        value=step.value.name if step.value is not None else "",
        shape=_shape(step.value, step.output),
        backend=step.backend,
        reason="; ".join(filter(None, (choice.reason if choice else "", step.reason))),
        macs=step.macs,
        weight_bytes=step.weight_floats * 4,
    )


def _shape(value: Value | None, output: Buffer) -> tuple[int, ...]:
    """Return the shape of what a step computes, as a reader of the step gets it."""
    return value.shape if value is not None else (output.channels, output.height, output.width)


@targets.register
class HostTarget(CTarget):
    """The x86-64 machine that compiles: AVX-512, AVX2 and baseline code in one library."""

    name = "host"
    triple = "x86_64-linux-gnu"
    variants = X86_64


@targets.register
class Aarch64Target(CTarget):
    """64-bit Arm processors, from the Cortex-A53 on."""

    name = "aarch64"
    triple = "aarch64-linux-gnu"
    variants = AARCH64


@targets.register
class Armv7Target(CTarget):
    """32-bit Arm processors with NEON and VFPv4: Cortex-A7, A15 and their kind."""

    name = "armv7"
    triple = "arm-linux-gnueabihf"
    variants = ARMV7
    least_flags = ("-march=armv7-a", "-mfpu=vfpv3-d16", "-mfloat-abi=hard")
