"""
Estimates the cycles of bundles on processors for Arm: ``python -m bench.arm.cycles BUNDLE...``.

A run is emulated, and counted how often each piece of code is executed. What a piece takes, again
and again, is what llvm-mca's model of a processor says, with all data in the first cache: so these
are estimates, good for what arithmetic costs, and say nothing of memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import json
from pathlib import Path
import subprocess
import sys
import tempfile

from bench import command
from bench.cache import BenchError
from edge_compiler import toolchain
from edge_compiler.emulation.counting import Block, counting_blocks, read_blocks
from edge_compiler.sandbox import EmulatedSandbox
from edge_compiler.sandbox.library import library_of
from edge_compiler.terminal import note, say_table
from edge_compiler.toolchain.processors import (
    CORTEX_A53,
    CORTEX_A72,
    CORTEX_A76,
    MAX,
    Processor,
)
from edge_compiler.units import Quantity
from edge_perception.runtime import BundleError, read_manifest
from edge_perception.runtime.selftest import read_selftest

PROCESSORS = {
    **{x.name: x for x in (CORTEX_A53, CORTEX_A72, CORTEX_A76)},
    **dict.fromkeys(("cortex-a510", "neoverse-n2"), MAX),
}
"""By llvm-mca's names; what runs their code, which multiplies matrices of bytes, is QEMU's own."""
COVERED = 0.98
"""Of the instructions of a run: the rest is taken to cost as much each."""
ITERATIONS = 50
RUNS = 2
"""Of which the last counts: the first one pays for what is done once."""
SECONDS = 300
_INSTRUCTION = 4
"""Bytes of one."""
_FEATURES = "-mattr=+dotprod,+i8mm"
_BEGIN, _END = "# LLVM-MCA-BEGIN", "# LLVM-MCA-END"


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.arm.cycles", description=__doc__)
    parser.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE", help="for aarch64")
    given = parser.parse_args()
    return command.run(lambda: _run(given.bundles))


def _run(bundles: Sequence[Path]) -> None:
    rows: list[list[object]] = []
    for bundle in bundles:
        for name, processor in PROCESSORS.items():
            note(f"{bundle.name} on a {name}")
            variant, blocks = executed(bundle, processor)
            instructions = sum(x.executions * len(x.code) // _INSTRUCTION for x in blocks)
            estimate = cycles(blocks, name)
            millions = (Quantity(f"{x / 1e6:.1f}") for x in (instructions, estimate))
            rate = Quantity(f"{instructions / estimate:.2f}")
            rows.append([bundle.name, name, variant, *millions, rate])
    titles = ["bundle", "processor", "instructions of", "M instructions", "M cycles", "a cycle"]
    say_table(titles, rows, "Estimated cycles of a run, by llvm-mca's models; one thread")


def executed(bundle: Path, processor: Processor) -> tuple[str, list[Block]]:
    """
    Return the instruction set that ran, and what was executed of the library in a run.

    :raises BenchError: if the bundle is for another machine.
    """
    try:
        manifest = read_manifest(bundle)
        inputs, _ = read_selftest(bundle, manifest)
    except BundleError as error:
        raise BenchError(str(error)) from None
    tools = toolchain.for_machine(manifest.model.target)
    if tools.triple != toolchain.get("aarch64").triple:
        raise BenchError(f"{bundle} was compiled for {manifest.model.target}, not for aarch64")
    with tempfile.TemporaryDirectory() as folder, library_of(bundle, manifest) as library:
        log = Path(folder) / "blocks"
        emulator = counting_blocks(tools.emulator(processor), log)
        with EmulatedSandbox(library, tools, emulator) as sandbox:
            variant = sandbox.best_variant()
            sandbox.mark_runs(variant, 1, inputs, RUNS)
        return variant, read_blocks(log, 0, 1)


def cycles(blocks: Sequence[Block], processor: str) -> float:
    """
    Return the estimated cycles of what was executed.

    :param processor: as llvm-mca names it.
    :raises BenchError: if llvm-mca is missing, or does not know an instruction.
    """
    whole = sum(x.executions * len(x.code) for x in blocks)
    chosen: list[Block] = []
    for block in sorted(blocks, key=lambda x: -x.executions * len(x.code)):
        chosen.append(block)
        covered = sum(x.executions * len(x.code) for x in chosen)
        if covered >= COVERED * whole:
            break
    model = f"-mcpu={processor}"
    listing = "\n".join(
        f"{_BEGIN} {number}\n{text}\n{_END}"
        for number, text in enumerate(_disassembled(chosen, model))
    )
    options = ["-mtriple=aarch64", model, _FEATURES, "-json", f"-iterations={ITERATIONS}"]
    found = json.loads(_llvm("llvm-mca", options, listing))
    regions = {int(x["Name"]): x["SummaryView"] for x in found["CodeRegions"]}
    total = sum(
        block.executions * regions[number]["TotalCycles"] / regions[number]["Iterations"]
        for number, block in enumerate(chosen)
    )
    return float(total) * whole / covered


def _disassembled(blocks: Sequence[Block], model: str) -> list[str]:
    """Return the instructions of blocks as text, without where branches lead."""
    lines = [
        " ".join(f"0x{byte:02x}" for byte in block.code[i : i + _INSTRUCTION])
        for block in blocks
        for i in range(0, len(block.code), _INSTRUCTION)
    ]
    options = ["--disassemble", "-triple=aarch64", model, _FEATURES]
    text = _llvm("llvm-mc", options, "\n".join(lines))
    instructions = [x.strip() for x in text.splitlines() if x.strip() and ".text" not in x]
    if len(instructions) != len(lines):
        raise BenchError("llvm-mc does not know an instruction of the library")
    parts, at = [], 0
    for block in blocks:
        count = len(block.code) // _INSTRUCTION
        parts.append("\n".join(instructions[at : at + count]))
        at += count
    return parts


def _llvm(program: str, options: Sequence[str], text: str) -> str:
    try:
        done = subprocess.run(
            [program, *options], input=text, capture_output=True, text=True, timeout=SECONDS
        )
    except FileNotFoundError:
        raise BenchError(
            f"{program} was not found; install it: sudo apt-get install -y llvm"
        ) from None
    if done.returncode:
        raise BenchError(f"{program}: {(done.stderr.strip().splitlines() or ['failed'])[0]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
