"""The C code that is generated: free of warnings, right with either compiler, buildable alone."""

from itertools import chain
from pathlib import Path
import shutil
import subprocess
import sys

import numpy as np
import onnx
from operator_models import PROVEN_MODELS
import pytest

from edge_compiler import compile as stages
from edge_compiler import frontend, passes
from edge_compiler.targets.c.headers import HEADERS
from edge_compiler.targets.c.rules import RULES
from edge_compiler.targets.program import build, RUNTIME
from edge_perception.runtime import Library

CMAKE = Path(sys.executable).with_name("cmake")
INCLUDES = ["-I", RUNTIME.parent, *chain.from_iterable(("-I", path.parent) for path in HEADERS)]
SOME = ("convolutions", "fused", "moves", "attention", "quantised")
"""Models that clang compiles in every run of the tests; the others when there is time."""
LONG = (pytest.mark.slow, pytest.mark.long)
PRODUCT = """
#include "gemm.h"
void product(const float *a, const float *b, const float *c, float *y, int part, int parts)
{
    gemm_run((const gemm){.batch = {1, 1, 1, 2}, .a_matrix = {0, 0, 0, 2368}, .rows = 37,
                          .columns = 64, .terms = 64, .a_row = 64, .a_term = 1, .alpha = 1.0f,
                          .beta = 1.0f, .has_c = 1, .c_column = 1, .height = 5, .blocks = 1,
                          .wide_tiles = 5, .narrow_tiles = 3},
             a, b, c, y, part, parts);
}
"""


def compile_quietly(model: str, folder: Path) -> Path:
    """Compile and prove one of the models, with its sources; return the bundle."""
    path, bundle = folder / "model.onnx", folder / "model.edge"
    onnx.save(PROVEN_MODELS[model](), path)
    stages.compile_model(path, bundle, stages.Options(keep_source=True), lambda *_: None)
    return bundle


def test_models_use_every_operator(tmp_path: Path) -> None:
    used = set()
    for name, make in PROVEN_MODELS.items():
        path = tmp_path / f"{name}.onnx"
        onnx.save(make(), path)
        used |= {node.op for node in frontend.load(path).nodes}
        graph = frontend.load(path)
        passes.optimise(graph)
        used |= {node.op for node in graph.nodes}
    assert set(RULES) <= used


@pytest.mark.parametrize(
    ("compiler", "model"),
    [
        *(("gcc", model) for model in PROVEN_MODELS),
        *(
            pytest.param("clang", model, marks=pytest.mark.slow if model in SOME else LONG)
            for model in PROVEN_MODELS
        ),
    ],
)
def test_compilers_have_no_warning_and_are_proven(
    compiler: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    monkeypatch.setenv("CC", compiler)
    monkeypatch.setattr(build, "COMMON_FLAGS", (*build.COMMON_FLAGS, "-Werror"))
    compile_quietly(model, tmp_path)


@pytest.mark.parametrize("model", ["convolutions", "moves"])
def test_kept_source_builds_the_same_library_by_cmake(model: str, tmp_path: Path) -> None:
    bundle, made = compile_quietly(model, tmp_path), tmp_path / "made"
    subprocess.run([CMAKE, "-S", bundle / "source", "-B", made], check=True, capture_output=True)
    done = subprocess.run([CMAKE, "--build", made, "-j2"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    results = []
    for library in (Library(bundle / "model.so"), Library(made / "model.so")):
        with library.create(threads=1) as instance:
            random = np.random.default_rng(0)
            inputs = {
                t.name: random.standard_normal(t.shape, np.float32) for t in instance.model.inputs
            }
            results.append(instance.run(inputs))
    for name, array in results[0].items():
        np.testing.assert_array_equal(array, results[1][name], err_msg=name)


@pytest.mark.parametrize("header", HEADERS, ids=lambda path: path.name)
def test_kernels_stand_alone(header: Path) -> None:
    """Each header includes what it needs, for every instruction set."""
    best = "-march=x86-64-v4"
    for flags in ([best, "-mavx512vnni"], [best], ["-march=x86-64-v3"], []):
        command = ["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", *flags, "-xc", "-c", "-"]
        subprocess.run(
            [*command, "-o", "/dev/null", *INCLUDES],
            input=f'#include "{header}"\n',
            text=True,
            check=True,
        )


def test_gcc_sees_early_what_a_product_is_not(tmp_path: Path) -> None:
    """Functions of other activations are gone before they take ten times as long to compile."""
    compiled = tmp_path / "product.o"
    command = ["gcc", *build.COMMON_FLAGS, "-march=x86-64-v3", "-xc", "-c", "-", "-o", compiled]
    subprocess.run([*command, *INCLUDES], input=PRODUCT, text=True, check=True)
    names = subprocess.run(["nm", compiled], capture_output=True, text=True, check=True).stdout
    assert "product" in names
    assert "activation_line" not in names
