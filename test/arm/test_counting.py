"""Instructions counted under QEMU: against programs whose number of instructions is known."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
import subprocess

import pytest

from edge_compiler import toolchain
from edge_compiler.emulation.counting import (
    Block,
    counting,
    counting_blocks,
    instructions_by_step,
    mark_number,
    MARKS,
    read_blocks,
    read_marks,
)
from edge_compiler.errors import CompileError

LOOPS = 1000
BETWEEN = 1 + 2 * LOOPS + 3
"""The counter's start, the loop, and what sets the second mark, in both programs."""
AARCH64 = f"""
    .global _start
_start:
    mov x8, 141
    mov x0, 0
    ldr w1, ={mark_number(0)}
    svc 0
    mov x2, {LOOPS}
1:  subs x2, x2, 1
    b.ne 1b
    mov x0, 0
    ldr w1, ={mark_number(1)}
    svc 0
    mov x8, 93
    mov x0, 0
    svc 0
"""
ARMV7 = f"""
    .syntax unified
    .arm
    .global _start
_start:
    mov r7, #96
    mov r0, #0
    ldr r1, ={mark_number(0)}
    svc 0
    mov r2, #{LOOPS}
1:  subs r2, r2, #1
    bne 1b
    mov r0, #0
    ldr r1, ={mark_number(1)}
    svc 0
    mov r7, #1
    mov r0, #0
    svc 0
"""
WITH_A_BUSY_THREAD = """
#include <pthread.h>
#include <sys/resource.h>
#include "marks.h"

static volatile int running, done;

static void *work(void *unused)
{
    running = 1;
    while (!done)
        ;
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, 0, work, 0);
    while (!running)
        ;
    for (int mark = 0; mark < 4; mark++) {
        getpriority(PRIO_PROCESS, EDGE_MARK_FIRST + mark);
        for (volatile int i = 0; i < 100000; i++)
            ;
    }
    done = 1;
    return pthread_join(thread, 0);
}
"""


def run(
    name: str,
    source: Path,
    log: Path,
    *flags: str,
    how: Callable[[Sequence[str], Path], list[str]] = counting,
) -> None:
    """Compile a program, and run it with a plugin that writes the log."""
    tools = toolchain.get(name)
    try:
        compiler, emulator = tools.find_compiler(), tools.emulator()
    except CompileError as error:
        pytest.skip(str(error))
    program = source.with_suffix(".program")
    subprocess.run([compiler, *flags, "-static", source, "-o", program], check=True)
    subprocess.run([*how(emulator, log), program], check=True, timeout=60)


def count(name: str, source: Path, log: Path, *flags: str) -> list[tuple[int, int]]:
    """Return the marks of a program."""
    run(name, source, log, *flags)
    return read_marks(log)


@pytest.mark.parametrize(("name", "assembly"), [("aarch64", AARCH64), ("armv7", ARMV7)])
def test_a_loop_is_counted_exactly(name: str, assembly: str, tmp_path: Path) -> None:
    source = tmp_path / "loop, with a comma.S"
    source.write_text(assembly)
    (first, start), (second, end) = count(name, source, tmp_path / "a, b", "-nostdlib")
    assert (first, second) == (0, 1)
    assert end - start == BETWEEN


@pytest.mark.parametrize(("name", "assembly"), [("aarch64", AARCH64), ("armv7", ARMV7)])
def test_executions_are_those_of_each_block(name: str, assembly: str, tmp_path: Path) -> None:
    source, log = tmp_path / "loop.S", tmp_path / "log"
    source.write_text(assembly)
    run(name, source, log, "-nostdlib", how=counting_blocks)
    blocks = read_blocks(log, 0, 1)
    assert sum(block.executions * len(block.code) // 4 for block in blocks) == BETWEEN
    loop = max(blocks, key=lambda block: block.executions)
    assert (loop.executions, len(loop.code)) == (
        LOOPS - 1,
        8,
    )  # the first with what is before


def test_what_was_executed_last_between_two_marks_counts(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("mark 0\n5 10 aa\nmark 1\n6 10 bb\nmark 0\n7 10 cc\nmark 1\n8 10 dd\n")
    assert read_blocks(log, 0, 1) == [Block(8, b"\xdd")]
    assert read_blocks(log, 1, 2) == []


def test_counts_are_of_one_thread_and_repeat(tmp_path: Path) -> None:
    source = tmp_path / "threads.c"
    source.write_text(WITH_A_BUSY_THREAD)
    include = f"-I{MARKS.parent}"
    marks = count("aarch64", source, tmp_path / "log", "-O1", "-pthread", include)
    counts = [count for _, count in marks]
    between = {end - start for start, end in pairwise(counts)}
    assert [mark for mark, _ in marks] == [0, 1, 2, 3]
    assert len(between) == 1
    assert 3e5 < between.pop() < 1e6  # the loop has some instructions; the thread had far more


def test_the_last_run_counts(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("0 10\n1 15\n2 16\n3 20\n0 100\n1 103\n2 110\n3 111\n")
    assert instructions_by_step(log, 2) == [3, 1]


def test_a_program_that_ends_early_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("0 10\n1 15\n2 16\n")
    with pytest.raises(CompileError, match="has not run all 2 steps"):
        instructions_by_step(log, 2)


def test_an_emulator_without_plugins_is_refused(tmp_path: Path) -> None:
    emulator = tmp_path / "qemu-arm"
    emulator.write_text("#!/bin/sh\necho usage: qemu-arm [options] program\n")
    emulator.chmod(0o755)
    with pytest.raises(CompileError, match="qemu-arm can't load the plugin that counts"):
        counting([str(emulator), "-cpu", "cortex-a7"], tmp_path / "log")


def test_without_an_emulator_nothing_is_counted(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="this machine runs the program itself"):
        counting(toolchain.get("host").emulator(), tmp_path / "log")
