"""The C text of a program: tables, and for each instruction set the functions of its steps."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
import math
from textwrap import indent

from edge_compiler.description import Description
from edge_compiler.ir.graph import Activation
from edge_compiler.ops.activations import FUNCTIONS
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.program import (
    Call,
    Field,
    KernelCall,
    Pointer,
    Program,
    Step,
    Table,
)
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import Preprocess, Tensor

KERNELS_PER_FILE = 16
"""Few enough that the files of one instruction set compile side by side."""


def step_files(
    program: Program, variant: Variant, headers: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """
    Yield name and text of the files with one instruction set's steps, alike ones together.

    :param headers: of the kernels that the steps call.
    """
    includes = "".join(f'#include "{name}"\n' for name in ("runtime/program.h", *headers))
    groups = _alike(program, variant)
    for first in range(0, len(groups), KERNELS_PER_FILE):
        text = _StepFile(variant)
        text.add_groups(groups[first : first + KERNELS_PER_FILE])
        name = f"steps_{variant.name}_{first // KERNELS_PER_FILE}.c"
        yield name, f"{includes}\n{text.render()}"


def steps_in_one(program: Program, variant: Variant) -> str:
    """Return the text of all steps as functions of one file, which has the kernels already."""
    text = _StepFile(variant, linkage="static ")
    text.add_groups(_alike(program, variant))
    return text.render()


_Group = list[tuple[int, Step, Call]]
"""Steps of the same machine code, each with its index and its call."""


def _alike(program: Program, variant: Variant) -> list[_Group]:
    alike: dict[Hashable, _Group] = {}
    for index, step in enumerate(program.steps):
        if isinstance(step.code, KernelCall):
            call = step.code.call(variant)
            alike.setdefault(_code(call), []).append((index, step, call))
    return list(alike.values())


def _code(call: Call) -> Hashable:
    """Return what calls of the same machine code have in common."""
    tables = tuple(a for a in call.arguments if isinstance(a, Table))
    return call.function, tuple(call.fields.items()), tuple(call.sizes), tables


def _agreed(sizes: Sequence[Mapping[str, int | str]]) -> frozenset[str]:
    """Return the names of the sizes that are the same for all calls of a kernel."""
    first, *others = sizes
    return frozenset(n for n, size in first.items() if all(other[n] == size for other in others))


def _with_constants(call: Call, names: frozenset[str]) -> Call:
    """Return a call whose sizes of these names are constants."""
    constants = {name: size for name, size in call.sizes.items() if name in names}
    sizes = {name: size for name, size in call.sizes.items() if name not in names}
    return replace(call, fields={**call.fields, **constants}, sizes=sizes)


def step_function(variant: Variant, index: int) -> str:
    """Return the name of a step's C function."""
    return f"edge_step_{index}_{variant.name}"


def prepare_function(variant: Variant, index: int) -> str:
    """Return the name of the C function that prepares a step's weights."""
    return f"edge_prepare_{index}_{variant.name}"


@dataclass
class _StepFile:
    """
    The text of one file.

    Steps whose kernels have the same constants share one function, and so its machine code.
    """

    variant: Variant
    linkage: str = ""
    tables: dict[Table, str] = field(default_factory=dict)
    sizes: dict[tuple[str, str], str] = field(default_factory=dict)
    kernels: dict[str, tuple[str, str]] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    def add_groups(self, groups: Iterable[_Group]) -> None:
        """Append the functions of alike steps."""
        for group in groups:
            agreed = _agreed([call.sizes for _, _, call in group])
            for index, step, call in group:
                self.add(index, step, _with_constants(call, agreed))

    def add(self, index: int, step: Step, kernel: Call) -> None:
        """Append the functions of a step: clear the output's halo, then run the kernel."""
        calls = [kernel]
        if step.output.halo:
            calls.insert(0, _clear_halo(step.output))
        self._function(step, step_function(self.variant, index), calls, step.images)
        if isinstance(step.code, KernelCall) and step.code.prepare is not None:
            self._function(step, prepare_function(self.variant, index), [step.code.prepare], 1)

    def _function(self, step: Step, name: str, calls: Sequence[Call], images: int) -> None:
        shape = list(step.value.shape) if step.value is not None else ""
        comment = f"{step.name}: {step.kernel} {shape}".replace("*/", "* /").replace("\n", " ")
        body = "\n".join(f"    {self._call(call, images)}" for call in calls)
        if images > 1:
            body = f"    for (int i = 0; i < {images}; i++) {{\n{indent(body, '    ')}\n    }}"
        head = f"{self.linkage}void {name}(const edge_memory *m, int part, int parts)"
        self.steps.append(f"/* {comment.strip()} */\n{head}\n{{\n{body}\n}}\n")

    def _call(self, call: Call, images: int) -> str:
        """Return a call, of image ``i``, of the function that is the kernel with its constants."""
        pointers = [a for a in call.arguments if isinstance(a, Pointer)]
        names = iter(f"p{i}" for i in range(len(pointers)))
        arguments = ", ".join(
            self._table(a) if isinstance(a, Table) else next(names) for a in call.arguments
        )
        parameters = [f"{p.ctype}p{i}" for i, p in enumerate(pointers)]
        actual = [
            f"{p.expression} + (size_t)i * {p.image}" if images > 1 and p.image else p.expression
            for p in pointers
        ]
        if call.sizes:
            parameters.insert(0, f"const {call.config} *s")
            actual.insert(0, f"&{self._sizes(call)}")
        body = f"{call.function}({self._config(call)}, {arguments}, part, parts);"
        if body not in self.kernels:
            name = f"{call.config}_{len(self.kernels)}"
            head = f"NOINLINE void {name}({', '.join(parameters)}, int part, int parts)"
            self.kernels[body] = (name, f"{head}\n{{\n    {body}\n}}\n")
        return f"{self.kernels[body][0]}({', '.join(actual)}, part, parts);"

    def _config(self, call: Call) -> str:
        given = {k: self._field(v) for k, v in call.fields.items() if v is not None}
        read = {name: f"s->{name}" for name in call.sizes}
        return f"(const {call.config}){{{_members({**given, **read})}}}"

    def _sizes(self, call: Call) -> str:
        """Return the name of the struct with the sizes that the kernel reads when it runs."""
        struct = f"{{{_members({name: str(size) for name, size in call.sizes.items()})}}}"
        return self.sizes.setdefault((call.config, struct), f"sizes_{len(self.sizes)}")

    def _field(self, value: Field) -> str:
        return self._table(value) if isinstance(value, Table) else c_value(value)

    def _table(self, table: Table) -> str:
        return self.tables.setdefault(table, f"table_{len(self.tables)}")

    def render(self) -> str:
        """Return the text."""
        tables = "".join(
            f"static const {table.ctype} {name}[] = {{{', '.join(table.elements)}}};\n"
            for table, name in self.tables.items()
        )
        sizes = "".join(
            f"static const {config} {name} = {struct};\n"
            for (config, struct), name in self.sizes.items()
        )
        kernels = (text for _, text in self.kernels.values())
        return "\n".join(chain((part for part in (tables, sizes) if part), kernels, self.steps))


def _clear_halo(buffer: Buffer) -> Call:
    halo = buffer.halo
    sizes = {
        "blocks": buffer.blocks,
        "height": buffer.height,
        "width": buffer.width,
        "lanes": buffer.block,
        "top": halo.top,
        "left": halo.left,
        "bottom": halo.bottom,
        "right": halo.right,
    }
    start = Pointer.to("m->arena", buffer.start, buffer.type, image=buffer.image)
    return Call("halo_clear", "halo", {}, (start,), sizes)


def c_value(value: Field) -> str:
    """Return a constant as C text."""
    if isinstance(value, Activation):
        a, b = map(c_float, value.pair)
        return f"{{{FUNCTIONS[value.op].enumerator}, {a}, {b}}}"
    if isinstance(value, tuple):
        return "{" + ", ".join(map(str, value)) + "}"
    return c_float(value) if isinstance(value, float) else str(value)


def c_float(value: float) -> str:
    """Return a float literal that reads back as the same number."""
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return f"{float(value)!r}f"


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


def _members(values: Mapping[str, str]) -> str:
    return ", ".join(f".{name} = {value}" for name, value in values.items())


def _initializer(fields: Mapping[str, Field]) -> str:
    return f"{{{_members({name: c_value(value) for name, value in fields.items()})}}}"


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
            prepare = prepare_function(variant, index) if step.code.prepare else "0"
        else:
            backend = backends.index(step.code.backend)
        functions += [name for name in (run, prepare) if name != "0"]
        rows.append(f"{{{run}, {buffers[step.output]}, {step.parts}, {backend}, {prepare}}}")
    declarations = "".join(f"void {name}(const edge_memory *, int, int);\n" for name in functions)
    return f"{declarations}static const edge_step steps_{variant.name}[] = {{\n{_lines(rows)}}};\n"


def _program(variant: Variant) -> str:
    lacks = f"this processor lacks {' or '.join(variant.features)}" if variant.features else ""
    return f'{{"{variant.name}", {variant.supported}, "{lacks}", steps_{variant.name}}}'


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
