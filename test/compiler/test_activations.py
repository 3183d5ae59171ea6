"""How exact the vector code of activations is, in units in the last place, beside float64."""

from __future__ import annotations

import math
from pathlib import Path
import subprocess

import numpy as np
import pytest

from edge_compiler.machine import processor_features
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
        activate_each((activation){%s, 1.0f, 0.0f}, line, BLOCK);
        fwrite(line, sizeof line, 1, stdout);
    }
}
"""

RUNNABLE = [v for v in variants_of(X86_64) if processor_features().issuperset(v.features)]
ULPS = {  # from, to: units in the last place
    "Erf": [(-10, 10, 3)],
    "Gelu": [(-1, 10, 5), (-5, -1, 20), (-12, -5, 120)],
    "GeluTanh": [(-1, 10, 6), (-4, -1, 40)],
    "Elu": [(-100, 10, 5)],
    "Tanh": [(-10, 10, 6)],
    "Sigmoid": [(-1, 10, 4), (-10, -1, 5)],
}


def _apply(name: str, x: np.ndarray, variant: Variant, folder: Path) -> np.ndarray:
    """Return what the kernels' code makes of ``x``."""
    (folder / "driver.c").write_text(DRIVER % FUNCTIONS[name].enumerator)
    folders = {path.parent for path in HEADERS} | {RUNTIME.parent}
    flags = ["-std=gnu11", "-O2", *variant.flags, *(f"-I{each}" for each in sorted(folders))]
    program = folder / "driver"
    subprocess.run(["gcc", *flags, folder / "driver.c", "-o", program], check=True)
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
    exact = function(x.astype(np.float64), *[1.0] * len(FUNCTIONS[name].attributes)).value
    unit = np.spacing(np.maximum(np.abs(exact), SMALLEST).astype(np.float32)).astype(np.float64)
    error = np.abs(received - exact) / unit
    for low, high, most in ULPS[name]:
        inside = (x >= low) & (x <= high) & (np.abs(exact) > SMALLEST)
        worst = float(error[inside].max())
        assert worst <= most, (low, high, math.ceil(worst))


def _tiny() -> np.ndarray:
    """Return numbers near zero of both signs, as many as fill whole blocks."""
    magnitudes = np.logspace(-30, 0, 1 << 12)
    return np.concatenate([magnitudes, -magnitudes])
