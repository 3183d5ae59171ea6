"""What this processor can do at most: float32 multiply-adds, measured."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
import ctypes
from pathlib import Path
import subprocess
import tempfile

from edge_compiler import toolchain
from edge_compiler.errors import CompileError
from edge_compiler.targets.machines import variants_of

SECONDS = 0.05
COMPILER_TIMEOUT_S = 60


def measure_peak(variant: str, threads: int) -> float | None:
    """
    Return the GFLOP/s of so many threads together, with the vectors of an instruction set.

    :param variant: of a library, which this processor must have.
    :returns: None if it can't be measured: without a C compiler, or for an unknown variant.
    """
    meter = peak_meter(variant)
    if meter is None:
        return None
    with ThreadPoolExecutor(threads) as pool:
        return float(sum(pool.map(meter, [SECONDS] * threads)))


def peak_meter(variant: str) -> Callable[[float], float] | None:
    """
    Return a function that measures so many seconds and returns the GFLOP/s of its thread.

    :returns: None where there can be none; see ``measure_peak``.
    """
    try:
        tools = toolchain.here()
    except CompileError:
        return None
    known = next((entry for entry in variants_of(tools.machine) if entry.name == variant), None)
    if known is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "peak.so"
        flags = ["-O2", "-ffp-contract=fast", "-shared", "-fPIC", f"-DLANES={known.lanes}"]
        source = Path(__file__).with_name("peak.c")
        try:
            files = [str(source), "-o", str(library)]
            command = [tools.find_compiler(), *flags, *known.flags, *files]
            subprocess.run(command, check=True, capture_output=True, timeout=COMPILER_TIMEOUT_S)
            peak = ctypes.CDLL(str(library)).edge_peak  # ctypes lets other threads run meanwhile
        except (CompileError, OSError, subprocess.SubprocessError):
            return None
    peak.argtypes, peak.restype = [ctypes.c_double], ctypes.c_double
    return peak
