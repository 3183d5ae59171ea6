"""A robot runs for days: a million runs need no more memory than the first."""

import math
from pathlib import Path
import subprocess

from operator_models import Built, part_of

from edge_compiler.targets import c

RUNS = 1_000_000
INCLUDE = Path(c.__file__).parents[1] / "include"
DRIVER = Path(__file__).with_name("soak_driver.c")
SLACK_KIB = 256
"""Resident memory differs by some pages, of stacks and by how the kernel counts; a byte a run is
four times as much."""


def test_a_million_runs_from_two_threads_keep_memory_flat(tmp_path: Path) -> None:
    model = Built(part_of("convolutions", "pointwise"), tmp_path).model
    sizes = {"INPUT_FLOATS": model.inputs, "OUTPUT_FLOATS": model.outputs}
    subprocess.run(
        [
            *("gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-I", INCLUDE, DRIVER),
            *(f"-D{name}={math.prod(tensor.shape)}" for name, (tensor,) in sizes.items()),
            *(f"-DRUNS={RUNS}", "-o", "soak", "./model.so", "-Wl,-rpath,.", "-lpthread"),
        ],
        cwd=tmp_path,
        check=True,
    )
    done = subprocess.run(["./soak"], cwd=tmp_path, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    early, late = map(int, done.stdout.split())
    assert 0 < late <= early + SLACK_KIB
