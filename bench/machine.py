"""The machine: its description, what it can do at most, and the C programs built on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import json
import os
from pathlib import Path
import platform
import re
import shutil
import subprocess

from bench.cache import BenchError, cache_folder, digest
from bench.engines import ROOT
from edge_compiler.machine import (
    cache_bytes,
    processor,
    processor_features,
    processor_identity,
)

PROGRAM_SECONDS = 60


@dataclass(frozen=True)
class Ceiling:
    """
    What so many threads can do at most.

    :ivar gflops: float32 operations per second, by the vectors' width in bits, in billions.
    :ivar read_gbs: bytes read from memory per second, in billions.
    """

    gflops: Mapping[str, float]
    read_gbs: float


@dataclass(frozen=True)
class Machine:
    """
    The machine that was measured on.

    :ivar identity: the processor's name and numbers.
    :ivar features: what its instructions can do with vectors.
    :ivar ceilings: by the number of threads, as text since JSON's keys are text.
    """

    processor: str
    identity: str
    cores: int
    features: Sequence[str]
    l3_bytes: int
    memory_bytes: int
    system: str
    ceilings: Mapping[str, Ceiling]

    @property
    def name(self) -> str:
        """Name of the machine for a file: others of its name may have another speed."""
        text = f"{self.identity} {self.cores} cores".lower()
        return re.sub(r"[^a-z0-9]+", "-", text).strip("-")

    def floor_ms(self, operations: float, weight_bytes: int, threads: int) -> float:
        """
        Return the least time that direct convolution can take.

        Weights that the cache can't keep have to be read from memory in each run.
        """
        ceiling = self.ceilings[str(threads)]
        compute = operations / max(ceiling.gflops.values()) / 1e6
        read = weight_bytes / ceiling.read_gbs / 1e6 if weight_bytes > self.l3_bytes else 0
        return max(compute, read)


def describe_machine(threads: Sequence[int]) -> Machine:
    """
    Describe this machine; takes some seconds for each number of threads.

    :raises BenchError: if there is no C compiler.
    """
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    vector = re.compile("avx|fma|amx|asimd|sve|i8mm|bf16")
    return Machine(
        processor=processor(),
        identity=processor_identity(),
        cores=len(os.sched_getaffinity(0)),
        features=sorted(filter(vector.search, processor_features())),
        l3_bytes=cache_bytes(3),
        memory_bytes=pages,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        ceilings={str(count): _ceiling(count) for count in threads},
    )


def build_program(name: str, *options: str) -> Path:
    """
    Return the program made from ``bench/NAME.c``, built if need be.

    :raises BenchError: if it can't be built.
    """
    source, header = ROOT / "bench" / f"{name}.c", ROOT / "edge_compiler/targets/include"
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise BenchError("no C compiler; sudo apt-get install -y gcc")
    key = digest(source, compiler, processor_identity())
    path = cache_folder() / "programs" / f"{name}-{key}"
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(".partial")
        command = [compiler, *options, f"-I{header}", str(source), "-o", str(partial), "-ldl"]
        built = subprocess.run(command, capture_output=True, text=True)
        if built.returncode != 0:
            raise BenchError(f"{source.name} can't be built: {built.stderr.strip()}")
        partial.rename(path)
    return path


def run_program(program: Path, *arguments: str) -> str:
    """
    Run a program and return what it prints.

    :raises BenchError: if it fails, or hangs.
    """
    command = [str(program), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_SECONDS)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{program.name} took longer than {PROGRAM_SECONDS} s") from None
    if done.returncode != 0:
        raise BenchError(f"{program.name} failed ({done.returncode}): {done.stderr.strip()}")
    return done.stdout


def _ceiling(threads: int) -> Ceiling:
    program = build_program("machine", "-O3", "-march=native", "-pthread")
    values: dict[str, float] = json.loads(run_program(program, str(threads)))
    gflops = {key.split("_")[1]: value for key, value in values.items() if "gflops" in key}
    return Ceiling(gflops, values["read_gbs"])
