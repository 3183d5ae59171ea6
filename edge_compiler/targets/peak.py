"""What this processor can do at most: float32 multiply-adds, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
import ctypes
from pathlib import Path
import subprocess
import tempfile

from edge_compiler import toolchain
from edge_compiler.errors import CompileError
from edge_compiler.targets.machines import variants_of

SECONDS = 0.002
"""Of a measurement: long enough for threads to be at it together."""
COMPILER_TIMEOUT_S = 60


@contextmanager
def peak_meter(variant: str, threads: int) -> Iterator[Callable[[], float] | None]:
    """
    Give a function that measures the GFLOP/s of so many threads together.

    :param variant: of a library, which this processor must have; its vectors are used.
    :returns: None if it can't be measured: without a C compiler, or for an unknown variant.
    """
    meter = _compiled(variant)
    if meter is None:
        yield None
        return
    with ThreadPoolExecutor(threads) as pool:
        yield lambda: float(sum(pool.map(meter, [SECONDS] * threads)))


def _compiled(variant: str) -> Callable[[float], float] | None:
    """Return a function that measures its thread for so many seconds; None: there is none."""
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
