"""The comparison on Arm, with our library only and a network of a few layers."""

from collections.abc import Sequence
from dataclasses import replace
import json
import os
from pathlib import Path
import subprocess
import sys

import numpy as np
import onnx
import pytest

from bench import cache, environments
from bench.arm import guest, run, subjects, table
from bench.arm.kept import Kept
from bench.arm.results import Competitor, Count, Counted, Results
from bench.builder import Builder
from bench.cache import BenchError
from bench.engines import Engine, ENGINES, OURS
from bench.environments import Environment
from edge_compiler import toolchain
from edge_compiler.errors import CompileError
from edge_compiler.toolchain import processors

ARMV7 = f"{OURS} armv7"


def small_network() -> onnx.ModelProto:
    net = Builder("small", 16)
    x = net.conv(net.image, 8, 3, 2)
    return net.model(scores=net.softmax(net.linear(net.global_average(x), 4)))


def prepare(engine: Engine, *, upgrade: bool) -> Environment:
    if engine.package:
        raise BenchError("no such package")
    return Environment(engine, Path(sys.executable), "1.2.3", 0)


@pytest.fixture
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("aarch64", "armv7"):
        try:
            toolchain.get(name).find_compiler()
            toolchain.get(name).emulator()
        except CompileError as error:
            pytest.skip(str(error))
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(cache.NETWORKS, "small", small_network)
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "draw", lambda *_: None)


@pytest.mark.usefixtures("_small")
def test_a_run_ends_with_a_table_and_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "prepare", prepare)
    run.run(run.Plan([ARMV7, f"{OURS} int8 armv7", "ncnn"], ["small"]))
    printed = capsys.readouterr()
    assert "Instructions, not times" in printed.out
    assert "ncnn is skipped, it can't be installed: no such package" in printed.err
    results = json.loads((tmp_path / "build/bench/arm-instruction-counts.json").read_text())
    count, in_integers = results["counts"]
    assert (count["engine"], count["correct"]) == (ARMV7, True)
    assert in_integers["correct"]
    assert 1e-4 < in_integers["error"] < 0.1
    counted = count["counted"]
    assert counted["runs"][0] == counted["runs"][1]
    inside = sum(counted["groups"].values())
    assert 0.9 * inside < counted["runs"][0] < 1.1 * inside  # marking steps takes some, too
    assert counted["arena_bytes"] > 16 * 8 * 8 * 4


@pytest.mark.usefixtures("_small")
def test_results_without_one_of_ours_are_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise CompileError("no such kernel")

    monkeypatch.setattr(environments, "prepare", prepare)
    monkeypatch.setattr(subjects, "count_instructions", refuse)
    monkeypatch.setattr(run, "COMPETITORS", [ARMV7])
    monkeypatch.setattr(run, "NETWORKS", ["small"])
    with pytest.raises(BenchError, match=f"there is no right answer to small for {ARMV7}"):
        run.run(run.Plan([ARMV7], ["small"]))
    kept = json.loads((tmp_path / "build/bench/arm-instruction-counts.json").read_text())
    assert kept["failures"] == [f"small is skipped for {ARMV7}: no such kernel"]
    assert not (tmp_path / "bench").exists()


@pytest.mark.slow  # downloads a Python and numpy for aarch64
@pytest.mark.usefixtures("_small")
def test_an_engine_is_counted_in_the_python_of_the_guest(tmp_path: Path) -> None:
    subject = subjects.prepare(f"{OURS} aarch64")
    image = tmp_path / "image.npy"
    np.save(image, np.zeros((1, 3, 16, 16), np.float32))
    conversion = subject.convert("small", cache.network_file("small"), tmp_path / "none.npz")
    counted, [scores] = subject.count(conversion, image)
    assert scores.shape == (1, 4)
    assert sum(counted.groups.values()) < counted.instructions < 1e6  # Python takes most of it
    assert counted.memory_bytes is not None
    assert 10 << 20 < counted.memory_bytes < 100 << 20


def test_what_was_counted_is_not_counted_again(tmp_path: Path) -> None:
    here = Environment(ENGINES["ncnn"], Path(sys.executable), "1", 0)
    subject = subjects.Subject(here, Path("ncnn-0123"), "float32", processors.CORTEX_A72)
    image = tmp_path / "image.npy"
    image.write_bytes(b"pixels")
    runs = iter(range(10, 20))

    def count(kept: Kept, network: str = "small", of: subjects.Subject = subject) -> int:
        conversion = Path("conversions", network, "ncnn", "ncnn-4567")
        return kept.count(of, conversion, image, lambda: (Counted([next(runs)], 1), 0.5))[0].runs[
            0
        ]

    kept = Kept(tmp_path / "kept", "qemu 7")
    assert [count(kept), count(kept)] == [10, 10]
    assert count(Kept(kept.folder, "qemu 8")) == 11
    assert count(kept, "large") == 12
    assert count(kept, of=replace(subject, processor=processors.CORTEX_A76)) == 13
    assert count(Kept(kept.folder, "qemu 7", again=True)) == 14
    assert count(kept) == 14
    image.write_bytes(b"others")
    assert count(kept) == 15


def test_a_wheel_that_does_not_exist_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: Sequence[Path | str], _seconds: float) -> None:
        assert "numpy==0" not in command
        assert "ncnn==0" in command
        raise BenchError("no matching distribution found for ncnn==0")

    monkeypatch.setenv("EDGE_CACHE", str(tmp_path))
    monkeypatch.setattr(environments, "run", fail)
    with pytest.raises(BenchError, match="no matching distribution"):
        guest.unpack_wheels(ENGINES["ncnn"], "0")
    assert not list(tmp_path.rglob("ncnn-*"))


def test_what_can_not_be_counted_is_an_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.arm"],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": str(tmp_path), "EDGE_CACHE": str(tmp_path)},
        cwd=run.ROOT,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("bench: qemu-aarch64 was not found; install it: ")


def test_resident_memory_is_counted_below_an_address() -> None:
    everything = subjects.resident_bytes(os.getpid(), 1 << 64)
    assert subjects.resident_bytes(os.getpid(), 0) == 0
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    assert everything == pytest.approx(pages * os.sysconf("SC_PAGE_SIZE"), rel=0.1)


def test_only_right_answers_count(capsys: pytest.CaptureFixture[str]) -> None:
    results = Results("qemu-aarch64 version 7.2.22", "2026-01-01", "abc")
    results.networks["net"] = 1000
    for name, million, error in (
        (f"{OURS} aarch64", 70, 1e-6),
        ("fast but wrong", 10, 0.5),
        ("right", 140, 1e-6),
    ):
        results.engines[name] = Competitor("1", "cortex-a72", "float32", 0)
        counted = Counted([million * 1_000_000] * 2, 1000)
        results.counts.append(Count("net", name, error, error < 1e-3, counted))
    assert results.ratio("net", ("cortex-a72", "float32")) == 2
    table.show(results)
    assert "wrong by 5e-01" in capsys.readouterr().out
