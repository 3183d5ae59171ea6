"""The C text of a program's tables: where values lie, and the steps of each instruction set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
import math

from edge_compiler.description.describe import Description
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Field
from edge_compiler.targets.program.literals import c_float, c_value, struct
from edge_compiler.targets.program.program import KernelCall, Program
from edge_compiler.targets.program.steps import prepare_function, step_function
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import Preprocess, Tensor


def program_file(
    program: Program, variants: Sequence[Variant], description: Description, image: Tensor | None
) -> str:
    """
    Return the text of program.c: where values lie, and the steps of each instruction set.

    :param image: the input that camera frames go to.
    """
    buffers: dict[Buffer, int] = {}
    for buffer in chain(
        (b for _, b in program.inputs),
        (step.output for step in program.steps),
        (b for _, b in program.outputs),
    ):
        buffers.setdefault(buffer, len(buffers))
    backends = program.other_backends()
    return "\n".join(
        (
            '#include "runtime/backend.h"\n#include "runtime/program.h"\n',
            _count("value", len(buffers)),
            f"const edge_value edge_values[] = {{\n{_lines(map(_value, buffers))}}};\n",
            _count("input", len(program.inputs)),
            _indices("inputs", [buffers[b] for _, b in program.inputs]),
            _count("output", len(program.outputs)),
            _indices("outputs", [buffers[b] for _, b in program.outputs]),
            _count("step", len(program.steps)),
            *(_steps(program, variant, buffers, backends) for variant in variants),
            _count("program", len(variants)),
            f"const edge_program edge_programs[] = {{\n{_lines(map(_program, variants))}}};\n",
            f"const size_t edge_arena_bytes = {program.arena};",
            f"const size_t edge_scratch_bytes = {max(program.scratch, _row_bytes(image))};",
            f"const size_t edge_prepared_bytes = {program.prepared};",
            f"const size_t edge_original_bytes = {program.originals.bytes};\n",
            _backends(backends),
            _preprocessing(description.preprocess, image),
        )
    )


def _count(what: str, count: int) -> str:
    return f"const uint32_t edge_{what}_count = {count};"


def _indices(name: str, values: Sequence[int]) -> str:
    return f"const uint32_t edge_{name}[] = {{{', '.join(map(str, values))}}};\n"


def _lines(items: Iterable[str]) -> str:
    return "".join(f"    {item},\n" for item in items)


def _initializer(fields: Mapping[str, Field]) -> str:
    return struct({name: c_value(value) for name, value in fields.items()})


def _value(buffer: Buffer) -> str:
    halo = buffer.halo
    return _initializer(
        {
            "offset": buffer.origin,
            "images": buffer.images,
            "channels": buffer.channels,
            "height": buffer.height,
            "width": buffer.width,
            "block": buffer.block,
            "plane": buffer.plane,
            "row": buffer.row,
            "image": buffer.image if buffer.images > 1 else 0,
            "halo_top": halo.top,
            "halo_left": halo.left,
            "halo_bottom": halo.bottom,
            "halo_right": halo.right,
            "element": buffer.type.number,
        }
    )


def _steps(
    program: Program, variant: Variant, buffers: Mapping[Buffer, int], backends: Sequence[str]
) -> str:
    functions, rows = [], []
    for index, step in enumerate(program.steps):
        run = prepare = "0"
        backend = 0
        if isinstance(step.code, KernelCall):
            run = step_function(variant, index)
            if step.code.prepare(variant) is not None:
                prepare = prepare_function(variant, index)
        else:
            backend = backends.index(step.code.backend)
        functions += [name for name in (run, prepare) if name != "0"]
        rows.append(f"{{{run}, {buffers[step.output]}, {step.parts}, {backend}, {prepare}}}")
    declarations = "".join(f"void {name}(const edge_memory *, int, int);\n" for name in functions)
    return f"{declarations}static const edge_step steps_{variant.name}[] = {{\n{_lines(rows)}}};\n"


def _program(variant: Variant) -> str:
    lacks = f"this processor lacks {' or '.join(variant.features)}" if variant.features else ""
    steps = f"steps_{variant.name}"
    return f'{{"{variant.name}", {variant.supported}, "{lacks}", {steps}, {variant.pays}}}'


def _backends(names: Iterable[str]) -> str:
    """Return the table of the back ends that run the steps that aren't ours."""
    tables = [f"edge_{name}_backend" for name in names]
    declarations = "".join(f"extern const edge_backend {table};\n" for table in tables)
    addresses = ", ".join(f"&{table}" for table in tables) or "0"
    return (
        f"{declarations}const edge_backend *const edge_backends[] = {{{addresses}}};\n"
        f"{_count('backend', len(tables))}\n"
    )


def _row_bytes(image: Tensor | None) -> int:
    """Return what a thread needs for a row of floats, of which it makes one of bytes."""
    if image is None or image.form.type == FLOAT32:
        return 0
    return math.prod(image.shape) // _size(image)[0] * FLOAT32.bytes


def _size(image: Tensor) -> tuple[int, ...]:
    """Return height and width."""
    return image.shape[1:3] if image.layout == "NHWC" else image.shape[2:4]


def _preprocessing(preprocess: Preprocess | None, image: Tensor | None) -> str:
    head = "const edge_preprocessing edge_preprocessing_spec = "
    if preprocess is None or image is None:
        return head + "{0};\n"
    height, width = _size(image)
    fields: dict[str, Field] = {
        "available": 1,
        "letterbox": int(preprocess.resize == "letterbox"),
        "channels": 1 if preprocess.color == "mono" else 3,
        "height": height,
        "width": width,
        "bgr": int(preprocess.color == "bgr"),
        "channels_last": int(image.layout == "NHWC"),
        "pad_value": float(preprocess.pad_value),
    }
    numbers = (
        f".{name} = {{{', '.join(c_float(x) for x in getattr(preprocess, name))}}}"
        for name in ("mean", "scale")
    )
    return f"{head}{_initializer(fields)[:-1]}, {', '.join(numbers)}}};\n"
