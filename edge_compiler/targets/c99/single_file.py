"""A program as one file of C99 with a header: weights, memory, steps, and what runs them."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
import re

import numpy as np

from edge_compiler.ir.graph import Value
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.literals import c_float
from edge_compiler.targets.program.program import Program
from edge_compiler.targets.program.steps import step_function, steps_in_one
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.dtypes import FLOAT32

HEADER = """\
/* model.h - a network in C99: compile model.c with your program, with any compiler, and link -lm.
 *
 * It has its memory in itself, so run it in one thread at a time. Tensors are floats in row-major
 * order. Define MODEL_RUN as another name if a program has several networks.
 */
#ifndef MODEL_H
#define MODEL_H

#ifndef MODEL_RUN
#define MODEL_RUN model_run
#endif

{sizes}
{prototype};

#endif
"""
SOURCE = """\
/* model.c - see model.h. */
#include "model.h"

{kernels}
typedef struct {{
    unsigned char *arena;
    const unsigned char *weights;
}} edge_memory;

static const float weights[] = {{
{weights}
}};
static float arena[{arena}];

{steps}
{prototype}
{{
    const edge_memory memory = {{(unsigned char *)arena, (const unsigned char *)weights}};
{body}
}}
"""
_A_LINE = 8
_FUNCTION = re.compile(r"(/\*[^\n]*\*/\n)?static inline \w+ (?P<name>\w+)\(.*?\n\n", re.DOTALL)
"""A function of the kernels' headers, with its comment; an empty line ends it."""
_INCLUDE = re.compile(r'#include "[^\n]*\n\n')


def write_single_file(program: Program, variant: Variant, kernels: str, directory: Path) -> None:
    """
    Write ``model.c`` and ``model.h``.

    :param program: of float32 values alone, with all its memory planned.
    :param kernels: the text of the headers whose functions its steps call.
    """
    names = [*_names("in", len(program.inputs)), *_names("out", len(program.outputs))]
    tensors = [*program.inputs, *program.outputs]
    consts = [*["const "] * len(program.inputs), *[""] * len(program.outputs)]
    parameters = ", ".join(
        f"{const}float *{name}" for const, name in zip(consts, names, strict=True)
    )
    prototype = f"void MODEL_RUN({parameters})"
    sizes = "\n".join(
        f"#define MODEL_{name.upper()}_SIZE {value.size} /* {_comment(value)} */"
        for name, (value, _) in zip(names, tensors, strict=True)
    )
    (directory / "model.h").write_text(HEADER.format(sizes=sizes, prototype=prototype), "utf-8")
    steps = steps_in_one(program, variant)
    text = SOURCE.format(
        kernels=_used(_INCLUDE.sub("", kernels), steps),
        weights="\n".join(_weights(program)),
        arena=max(program.arena // FLOAT32.bytes, 1),
        steps=steps,
        prototype=prototype,
        body="\n".join(_body(program, variant, names)),
    )
    (directory / "model.c").write_text(text, "utf-8")


def _used(kernels: str, steps: str) -> str:
    """Return the kernels without functions that nothing calls, of which compilers would warn."""
    while True:
        unused = [
            function
            for function in _FUNCTION.finditer(kernels)
            if f"{function['name']}(" not in kernels.replace(function.group(), "") + steps
        ]
        if not unused:
            return kernels
        for function in unused:
            kernels = kernels.replace(function.group(), "")


def _names(kind: str, count: int) -> list[str]:
    return [kind] if count == 1 else [f"{kind}{index}" for index in range(count)]


def _comment(value: Value) -> str:
    name = value.name.replace("*/", "* /").replace("\n", " ")
    return f"{name}: {' x '.join(map(str, value.shape))}"


def _weights(program: Program) -> Iterator[str]:
    """Yield the lines of an array: literals mean the same whatever the order of bytes is."""
    file = BytesIO()
    program.weights.write(file)
    numbers = np.frombuffer(file.getvalue(), np.float32).tolist() or [
        0.0
    ]  # C99 has no empty arrays
    for first in range(0, len(numbers), _A_LINE):
        yield "    " + " ".join(f"{_literal(n)}," for n in numbers[first : first + _A_LINE])


def _literal(number: float) -> str:
    """Return the shortest text that reads back as the same float32."""
    return c_float(float(f"{number:.9g}"))


def _body(program: Program, variant: Variant, names: list[str]) -> Iterator[str]:
    tensors = iter(names)
    for (_, buffer), name in zip(program.inputs, tensors, strict=False):
        yield _copy(f"memory.arena + {buffer.origin}", name, buffer)
    for index, _ in enumerate(program.steps):
        yield f"    {step_function(variant, index)}(&memory, 0, 1);"
    for (_, buffer), name in zip(program.outputs, tensors, strict=True):
        yield _copy(name, f"memory.arena + {buffer.origin}", buffer)


def _copy(to: str, source: str, buffer: Buffer) -> str:
    return f"    memcpy({to}, {source}, sizeof(float) * {buffer.channels});"
