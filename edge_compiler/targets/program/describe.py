"""What the manifest says of a program."""

from __future__ import annotations

from collections.abc import Sequence

from edge_compiler.description.describe import Description
from edge_compiler.ir.graph import Graph, Value
from edge_compiler.ir.image import as_tensor
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.build import compiler_version, Part
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.program import KernelCall, Program, Step
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime import manifest
from edge_perception.runtime.manifest import ABI_VERSION, Allocation, Model
from edge_perception.version import VERSION


def describe(
    graph: Graph,
    program: Program,
    platform: Platform,
    parts: Sequence[Part],
    description: Description,
) -> Model:
    """
    Return what the manifest says of a program, and the library of itself.

    :param parts: of the library.
    :raises CompileError: if the compiler is missing.
    """
    end = len(program.steps) - 1
    made_with = (part.made_with for part in parts if part.made_with)
    compiler = compiler_version(platform.tools.find_compiler())
    return Model(
        name=description.name,
        sha256=description.sha256,
        compiler=", ".join((f"edgec {VERSION}", compiler, *made_with)),
        abi=ABI_VERSION,
        target=platform.triple,
        variants=tuple(variant.name for variant in platform.variants),
        rounding_variants=tuple(v.name for v in platform.variants if v.pairs),
        requires=platform.variants[-1].features,
        inputs=tuple(map(as_tensor, graph.inputs)),
        outputs=tuple(map(as_tensor, graph.outputs)),
        preprocess=description.preprocess,
        decoder=description.decoder,
        labels=description.labels,
        steps=tuple(_step(step, program.leading) for step in program.steps),
        allocations=tuple(
            Allocation(
                life.buffer.name,
                life.buffer.offset or 0,
                life.buffer.bytes,
                max(life.first, 0),  # inputs come before the first step
                max(min(life.last, end), 0),  # outputs stay after the last one
            )
            for life in program.lifetimes
        ),
        arena_bytes=program.arena,
        weight_bytes=program.weights.bytes + program.originals.bytes,
        macs=sum(step.macs for step in program.steps),
        provenance=description.provenance,
    )


def _step(step: Step, leading: Variant) -> manifest.Step:
    """Return what the manifest says of a step, with the kernel chosen for ``leading``."""
    code = step.code
    choice = code.choose(leading) if isinstance(code, KernelCall) and code.choose else None
    return manifest.Step(
        name=step.name,
        kernel=f"{step.kernel}, {choice.candidate}" if choice else step.kernel,
        nodes=step.nodes,
        value=step.value.name if step.value is not None else "",
        shape=_shape(step.value, step.output),
        dtype=step.output.type.name,
        group=step.group,
        backend=step.backend,
        reason="; ".join(filter(None, (choice.reason if choice else "", step.reason))),
        macs=step.macs,
        weight_bytes=step.weight_bytes,
        rounds=step.rounds,
    )


def _shape(value: Value | None, output: Buffer) -> tuple[int, ...]:
    """Return the shape of what a step computes, as a reader of the step gets it."""
    return value.shape if value is not None else output.shape
