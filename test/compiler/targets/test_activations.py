"""How exact the vector code of activations is, in units in the last place, beside float64."""

from __future__ import annotations

import math
from pathlib import Path
import subprocess

import numpy as np
import pytest
from small_models import runs_here

from edge_compiler.ops.activations import FUNCTIONS
from edge_compiler.targets.c.headers import HEADERS
from edge_compiler.targets.machines import variants_of
from edge_compiler.targets.program import RUNTIME
from edge_compiler.targets.program.variants import Variant
from edge_compiler.toolchain.machines import X86_64

SMALLEST = float(np.finfo(np.float32).tiny)
DRIVER = """
#include <stdio.h>
#include "activation.h"
int main(void)
{
    static float line[BLOCK] __attribute__((aligned(64)));
    while (fread(line, sizeof line, 1, stdin) == 1) {
        activation_apply_each((activation){%s, 1.0f, 1.0f}, line, BLOCK);
        fwrite(line, sizeof line, 1, stdout);
    }
}
"""

RUNNABLE = [variant for variant in variants_of(X86_64) if runs_here(variant)]
ULPS = {  # from, to: units in the last place
    "Erf": [(-10, 10, 3)],
    "Gelu": [(-1, 10, 5), (-5, -1, 22), (-12, -5, 120)],
    "GeluTanh": [(-1, 10, 6), (-4, -1, 40)],
    "Elu": [(-100, 10, 5)],
    "Tanh": [(-10, 10, 6)],
    "Sigmoid": [(-1, 10, 4), (-10, -1, 5)],
    "Selu": [(-100, 10, 5)],
    "Softplus": [(-80, 80, 8)],
    "Softsign": [(-100, 100, 2)],
    "Floor": [(-1e7, 1e7, 0), (-3, 3, 0)],
    "Ceil": [(-1e7, 1e7, 0), (-3, 3, 0)],
    "Round": [(-1e7, 1e7, 0), (-3, 3, 0)],
    "Sign": [(-3, 3, 0)],
    "ThresholdedRelu": [(-3, 3, 0)],
    "Sqrt": [(0, 1e10, 1), (0, 3, 1)],
    "Reciprocal": [(-1e10, 1e10, 1), (-3, 3, 1)],
    "Exp": [(-87, 88.7, 5), (-1, 1, 5)],
    "Log": [(1e-30, 1e10, 2), (1e-30, 3, 2)],
    "Sin": [(-1e7, 1e7, 2), (-7, 7, 2)],
    "Tan": [(-7, 7, 2)],
}


def _apply(name: str, x: np.ndarray, variant: Variant, folder: Path) -> np.ndarray:
    """Return what the kernels' code makes of ``x``."""
    (folder / "driver.c").write_text(DRIVER % FUNCTIONS[name].enumerator)
    folders = {path.parent for path in HEADERS} | {RUNTIME.parent}
    flags = ["-std=gnu11", "-O2", *variant.flags, *(f"-I{each}" for each in sorted(folders))]
    program = folder / "driver"
    subprocess.run(["gcc", *flags, folder / "driver.c", "-o", program, "-lm"], check=True)
    done = subprocess.run([program], input=x.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32)


@pytest.mark.parametrize("variant", RUNNABLE, ids=lambda variant: variant.name)
@pytest.mark.parametrize("name", ULPS)
def test_accuracy(name: str, variant: Variant, tmp_path: Path) -> None:
    function = FUNCTIONS[name].float64
    assert function is not None
    line = np.concatenate([np.linspace(a, b, 1 << 15) for a, b, _ in ULPS[name]] + [_tiny()])
    x = line.astype(np.float32)
    received = _apply(name, x, variant, tmp_path).astype(np.float64)
    with np.errstate(all="ignore"):  # where it is not defined
        exact = function(x.astype(np.float64), *[1.0] * len(FUNCTIONS[name].attributes)).value
    unit = np.spacing(np.maximum(np.abs(exact), SMALLEST).astype(np.float32)).astype(np.float64)
    error = np.abs(received - exact) / unit
    for low, high, most in ULPS[name]:
        inside = (x >= low) & (x <= high) & (np.abs(exact) > SMALLEST)
        worst = float(error[inside].max())
        assert worst <= most, (low, high, math.ceil(worst))


@pytest.mark.parametrize("variant", RUNNABLE, ids=lambda variant: variant.name)
@pytest.mark.parametrize("name", ["Sqrt", "Reciprocal", "Exp", "Log"])
def test_where_a_function_is_not_finite(name: str, variant: Variant, tmp_path: Path) -> None:
    edges = [np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, -1e-40, 1e-40, 1e-45, 104.0, -95.0, -200.0]
    x = np.array(edges + [1.0] * 4, np.float32)
    received = _apply(name, x, variant, tmp_path)
    function = FUNCTIONS[name].float64
    assert function is not None
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.float64)).value.astype(np.float32)
    np.testing.assert_allclose(received, exact, rtol=1e-6, atol=2e-45)


def _tiny() -> np.ndarray:
    """Return numbers near zero of both signs, as many as fill whole blocks."""
    magnitudes = np.logspace(-30, 0, 1 << 12)
    return np.concatenate([magnitudes, -magnitudes])
