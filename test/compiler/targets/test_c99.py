"""The file of the target c99: by several compilers, for several machines, against ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
import shutil
import subprocess

from edgec_cases import Capture, refusal, run, run_json, small
import numpy as np
import onnx
from onnx import compose
import onnxruntime
from operator_models import OPERATOR_MODELS
import pytest
from small_models import make_model, node, weights

from edge_compiler import targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.frontend import load

NAMES = ("convolutions", "fused", "heads", "arithmetic", "windows", "moves", "products", "batches")
FLAGS = ("-std=c99", "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-O1")
COMPILERS: dict[str, tuple[list[str], list[str]]] = {
    "gcc": ([], []),
    "clang": ([], []),
    "i686-linux-gnu-gcc": (["-static"], []),  # 32 bits
    "s390x-linux-gnu-gcc": (["-static"], ["qemu-s390x"]),  # the most significant byte first
}
"""Each with the flags that it needs, and what runs its programs."""
DRIVER = """\
#include <stdio.h>
#include "model.h"

{arrays}

static int take(float *x, int count)
{{
    for (int i = 0; i < count; i++)
        if (scanf("%f", &x[i]) != 1)
            return 0;
    return 1;
}}

static void give(const float *x, int count)
{{
    for (int i = 0; i < count; i++) printf("%.9g\\n", x[i]);
}}

int main(void)
{{
    if (!({take}))
        return 1;
    MODEL_RUN({arguments});
    {give}
    return 0;
}}
"""


def supported(name: str, path: Path) -> onnx.ModelProto:
    """Return what the target has of a model of operators."""
    model = OPERATOR_MODELS[name]()
    onnx.save(model, path)
    target, graph = targets.get("c99"), model.graph
    # what one node has become is called as it is, with a number
    refused = {n.name.partition(":")[0] for n in load(path).nodes if target.refusal(n)}
    gone: set[str] = set()
    for each in list(graph.node):
        if each.name in refused or gone.intersection(each.input):
            gone.update(each.output)
            graph.node.remove(each)
    for output in [value for value in graph.output if value.name in gone]:
        graph.output.remove(output)
    read = {name for node in graph.node for name in node.input}
    for value in [value for value in graph.input if value.name not in read]:
        graph.input.remove(value)
    return compose.add_prefix(model, f"{name}_")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile all that the target has, as one model."""
    folder = tmp_path_factory.mktemp("c99")
    first, *others = (supported(name, folder / f"{name}.onnx") for name in NAMES)
    for other in others:
        for field in ("node", "initializer", "input", "output"):
            getattr(first.graph, field).extend(getattr(other.graph, field))
    onnx.save(first, folder / "all.onnx")
    compile_model(folder / "all.onnx", folder / "all.edge", Options("c99"), lambda *_: None)
    return folder / "all.edge"


@pytest.mark.parametrize("compiler", COMPILERS)
def test_it_computes_what_onnx_runtime_does(compiler: str, bundle: Path, tmp_path: Path) -> None:
    flags, runner = COMPILERS[compiler]
    missing = [tool for tool in (compiler, *runner) if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    session = onnxruntime.InferenceSession(bundle.parent / "all.onnx")
    random = np.random.default_rng(0)
    inputs = {
        value.name: random.uniform(-1, 1, value.shape).astype(np.float32)
        for value in session.get_inputs()
    }
    expected = session.run(None, inputs)
    program = build(compiler, flags, bundle, len(inputs), len(expected), tmp_path)
    text = "\n".join(f"{number:.9g}" for array in inputs.values() for number in array.flat)
    said = subprocess.run(
        [*runner, program], input=text, capture_output=True, text=True, check=True
    ).stdout
    found = np.array(said.split(), np.float32)
    names = [value.name for value in session.get_outputs()]
    assert found.size == sum(array.size for array in expected)
    for name, array in zip(names, expected, strict=True):
        part, found = found[: array.size], found[array.size :]
        np.testing.assert_allclose(part, array.ravel(), rtol=2e-5, atol=2e-5, err_msg=name)


def build(
    compiler: str, flags: list[str], bundle: Path, inputs: int, outputs: int, folder: Path
) -> Path:
    """Compile the network with a program that reads its inputs and prints its outputs."""
    counts = {"in": inputs, "out": outputs}
    names = {kind: [f"{kind}{i}" for i in range(count)] for kind, count in counts.items()}
    everything = [*names["in"], *names["out"]]

    def size(name: str) -> str:
        return f"MODEL_{name.upper()}_SIZE"

    driver = DRIVER.format(
        arrays="\n".join(f"static float {name}[{size(name)}];" for name in everything),
        take=" && ".join(f"take({name}, {size(name)})" for name in names["in"]),
        arguments=", ".join(everything),
        give="\n    ".join(f"give({name}, {size(name)});" for name in names["out"]),
    )
    (folder / "driver.c").write_text(driver)
    program = folder / "program"
    command = [compiler, *FLAGS, f"-I{bundle}", "driver.c", str(bundle / "model.c")]
    subprocess.run([*command, "-lm", *flags, "-o", str(program)], cwd=folder, check=True)
    return program


def test_a_file_of_one_input_and_one_output(tmp_path: Path) -> None:
    """It has only the loops that it runs, and what it says of its tensors is right."""
    onnx.save(small(), tmp_path / "small.onnx")
    assert (
        run("compile", tmp_path / "small.onnx", "--target", "c99", "-o", tmp_path / "b.edge") == 0
    )
    header = (tmp_path / "b.edge" / "model.h").read_text()
    source = (tmp_path / "b.edge" / "model.c").read_text()
    assert "#define MODEL_IN_SIZE 50 /* x: 1 x 2 x 5 x 5 */" in header
    assert "void MODEL_RUN(const float *in, float *out);" in header
    assert "plain_conv_run(" in source
    assert "plain_pool_run(" not in source


def test_what_has_no_loops_is_refused(tmp_path: Path, capsys: Capture) -> None:
    onnx.save(OPERATOR_MODELS["lookups"](), tmp_path / "lookups.onnx")
    said = refusal(
        capsys, "compile", tmp_path / "lookups.onnx", "--target", "c99", "-o", tmp_path / "b.edge"
    )
    assert said.startswith("the target 'c99' can't run ")
    assert "c99 has no loops for it: choose another target" in said


def test_it_says_what_it_has(capsys: Capture) -> None:
    assert "Conv" in str(run_json(capsys, "ops", "--target", "c99"))


def many_axes(*perm: int) -> onnx.ModelProto:
    """Return a model of values with seven axes, one of which is a transposition."""
    shape = [2, 1, 2, 3, 2, 2, 2]
    turned = [shape[axis] for axis in perm]
    return make_model(
        [
            node("Transpose", "x", "turned", perm=perm),
            node("Concat", "turned turned", "joined", axis=3),
            node("Slice", "joined from to axes", "part"),
            node("Add", "part w", "y"),
        ],
        {"x": shape},
        {
            "from": np.array([1]),
            "to": np.array([turned[3] + 1]),
            "axes": np.array([3]),
            "w": weights(*turned[-2:]),
        },
    )


@pytest.mark.parametrize("target", ["c99", "host"])
def test_axes_count_if_they_are_gone_through_one_by_one(target: str, tmp_path: Path) -> None:
    few, many = tmp_path / "few.onnx", tmp_path / "many.onnx"
    onnx.save(many_axes(2, 3, 4, 5, 6, 0, 1), few)
    onnx.save(many_axes(6, 5, 4, 3, 2, 1, 0), many)
    compile_model(few, tmp_path / "few.edge", Options(target), lambda *_: None)
    refused = [targets.get(target).refusal(node) for node in load(many).nodes]
    assert refused == [None] * len(refused)
    seven = make_model(
        [node("Transpose", "x", "y", perm=[6, 5, 4, 3, 2, 1, 0])], {"x": [2, 3, 2, 3, 2, 3, 2]}
    )
    onnx.save(seven, many)
    [turn] = load(many).nodes
    assert (
        targets.get(target).refusal(turn).startswith("copies along more than 6 axes: 7: export it")
    )
