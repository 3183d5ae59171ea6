"""The C text of a program's steps: for each instruction set their functions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from textwrap import indent

from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, Pointer, Table
from edge_compiler.targets.program.literals import c_value, struct
from edge_compiler.targets.program.program import KernelCall, Program, Step
from edge_compiler.targets.program.variants import Variant

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
        prepare = step.code.prepare(self.variant) if isinstance(step.code, KernelCall) else None
        if prepare is not None:
            self._function(step, prepare_function(self.variant, index), [prepare], 1)

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
            kind = "NOINLINE TILED" if call.tiled else "NOINLINE"
            head = f"{kind} void {name}({', '.join(parameters)}, int part, int parts)"
            self.kernels[body] = (name, f"{head}\n{{\n    {body}\n}}\n")
        return f"{self.kernels[body][0]}({', '.join(actual)}, part, parts);"

    def _config(self, call: Call) -> str:
        given = {k: self._field(v) for k, v in call.fields.items() if v is not None}
        read = {name: f"s->{name}" for name in call.sizes}
        return f"(const {call.config}){struct({**given, **read})}"

    def _sizes(self, call: Call) -> str:
        """Return the name of the struct with the sizes that the kernel reads when it runs."""
        values = struct({name: str(size) for name, size in call.sizes.items()})
        return self.sizes.setdefault((call.config, values), f"sizes_{len(self.sizes)}")

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
    # constants, so that the few zeros between two rows are stored and need no call of memset()
    fields: dict[str, Field] = {"lanes": buffer.block, "left": halo.left, "right": halo.right}
    sizes = {
        "blocks": buffer.blocks,
        "height": buffer.height,
        "width": buffer.width,
        "top": halo.top,
        "bottom": halo.bottom,
    }
    start = Pointer.to("m->arena", buffer.start, buffer.type, image=buffer.image)
    return Call("halo_clear", "halo", fields, (start,), sizes)
