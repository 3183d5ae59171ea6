"""Cycles that a model of a processor estimates, of code whose cost is known."""

import shutil

import pytest

from bench.arm.cycles import cycles
from bench.cache import BenchError
from edge_compiler.emulation.counting import Block

ADD = bytes.fromhex("00040091")  # add x0, x0, #1
DIVIDE = bytes.fromhex("0008c19a")  # udiv x0, x0, x1

needs_llvm = pytest.mark.skipif(shutil.which("llvm-mca") is None, reason="llvm is not installed")


@needs_llvm
def test_additions_that_wait_for_each_other_take_a_cycle_each() -> None:
    code = Block(1000, ADD * 20)
    assert cycles([code], "cortex-a72") == pytest.approx(1000 * 20, rel=0.1)


@needs_llvm
def test_what_is_executed_more_often_costs_more() -> None:
    seldom = cycles([Block(1, DIVIDE * 4), Block(1000, ADD)], "cortex-a53")
    often = cycles([Block(1000, DIVIDE * 4), Block(1, ADD)], "cortex-a53")
    assert often > 10 * seldom


@needs_llvm
def test_what_is_no_instruction_is_said() -> None:
    with pytest.raises(BenchError, match="does not know an instruction"):
        cycles([Block(1, b"\xff" * 4)], "cortex-a53")


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BenchError, match="llvm-mc was not found; install it: sudo apt-get"):
        cycles([Block(1, ADD)], "cortex-a53")
