"""The benchmark measures what it says, names what fails, and leaves no process behind."""

from dataclasses import replace
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from bench import measure
from bench.cache import BenchError
from bench.engines import ENGINES, OURS, REFERENCE, ROOT
from bench.environments import Environment
from bench.kept import Kept
from bench.machine import Ceiling, Machine
from bench.process import Worker
from bench.results import Competitor, Footprint, Latency, NetworkSize, Results, write_results

HERE = {
    name: Environment(ENGINES[name], Path(sys.executable), "1", 10) for name in (OURS, REFERENCE)
}
"""Engines that this environment has."""
MACHINE = Machine(
    "chip", "chip 1", 2, [], 1000, 0, "Linux", {"1": Ceiling({"256": 50, "512": 100}, 10)}
)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def results() -> Results:
    return Results(MACHINE, "2026-01-01", "abc", rounds=2, seconds=0.001, tuned=False)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.npy"
    np.save(path, np.random.default_rng(1).normal(size=(1, 3, 32, 32)).astype(np.float32))
    return path


@pytest.fixture
def conversions(tmp_path: Path, tiny_onnx: Path, tiny_bundle: Path) -> dict[str, Path]:
    folders = {name: tmp_path / name for name in HERE}
    shutil.copytree(tiny_bundle, folders[OURS] / "model.edge")
    folders[REFERENCE].mkdir()
    shutil.copy(tiny_onnx, folders[REFERENCE] / "model.onnx")
    return folders


def run_bench(results: Results, image: Path, conversions: dict[str, Path]) -> None:
    kept = Kept(image.parent / "kept")
    bench = measure.Bench(HERE, results, [1, 2], kept, lambda *_: None)
    bench.measure("tiny", image, conversions)


def test_engines_take_turns_and_agree(
    results: Results, image: Path, conversions: dict[str, Path]
) -> None:
    run_bench(results, image, conversions)
    assert results.failures == []
    assert {(x.engine, x.threads) for x in results.latencies} == {
        (name, threads) for name in HERE for threads in (1, 2)
    }
    for latency in results.latencies:
        assert 0 < latency.minimum_ms <= latency.median_ms
        assert latency.runs >= 2 * 3
        assert latency.correct
        assert latency.same_first
    start = {x.engine: x for x in results.footprints}
    assert set(start) == {OURS, REFERENCE, measure.C_PROGRAM}
    assert start[measure.C_PROGRAM].peak_rss < start[OURS].peak_rss < start[REFERENCE].peak_rss
    assert start[REFERENCE].installed_bytes > 10


def test_an_interrupted_benchmark_goes_on_where_it_was(
    results: Results,
    image: Path,
    conversions: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns: list[str] = []
    measured = Worker.measure

    def interrupted(worker: Worker, seconds: float) -> list[float]:
        if len(turns) == 5:  # in the first round with two threads
            raise KeyboardInterrupt
        turns.append(worker.environment.engine.name)
        return measured(worker, seconds)

    with monkeypatch.context() as patched:
        patched.setattr(Worker, "measure", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_bench(results, image, conversions)
    [first, second] = results.latencies
    assert first.threads == second.threads == 1
    again = replace(results, latencies=[], footprints=[])
    run_bench(again, image, conversions)
    assert again.latencies[:2] == [first, second]
    assert {(x.engine, x.threads) for x in again.latencies[2:]} == {(name, 2) for name in HERE}
    assert again.footprints == results.footprints
    monkeypatch.delattr(Worker, "measure")
    once_more = replace(results, latencies=[], footprints=[])
    run_bench(once_more, image, conversions)
    assert once_more.latencies == again.latencies


def test_an_engine_that_fails_is_named_and_the_others_are_measured(
    results: Results, image: Path, conversions: dict[str, Path]
) -> None:
    (conversions[OURS] / "model.edge" / "model.so").write_bytes(b"damaged")
    (conversions[OURS] / "model.edge" / "manifest.json").unlink()
    run_bench(results, image, conversions)
    assert {x.engine for x in results.latencies} == {REFERENCE}
    assert results.failures
    assert all(f"tiny: the process of {OURS} ended: " in text for text in results.failures)


def test_a_closed_worker_is_gone(image: Path, conversions: dict[str, Path]) -> None:
    with Worker(HERE[REFERENCE], conversions[REFERENCE], image, threads=1) as worker:
        [scores] = worker.outputs()
        assert scores.sum() == pytest.approx(1)
        wait_for_state(worker.pid, "T")  # stopped, since it has no turn
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


def test_a_worker_ends_with_the_benchmark_that_was_killed(
    image: Path, conversions: dict[str, Path]
) -> None:
    code = (
        "import sys, time; from pathlib import Path; from bench.process import Worker;"
        "from bench.environments import Environment; from bench.engines import ENGINES;"
        f"here = Environment(ENGINES['{REFERENCE}'], Path(sys.executable), '', 0);"
        "worker = Worker(here, *map(Path, sys.argv[1:]), threads=1);"
        "print(worker.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, conversions[REFERENCE], image]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as benchmark:
        assert benchmark.stdout
        worker = int(benchmark.stdout.readline())
        benchmark.send_signal(signal.SIGKILL)
    wait_for_state(worker, "ZX")  # a zombie only waits for init


def wait_for_state(process: int, states: str) -> None:
    deadline = time.monotonic() + 60
    while state(process) not in states:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def state(process: int) -> str:
    """Return the kernel's letter for what a process does; X if there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "X"


def test_a_worker_that_cannot_load_says_why(tmp_path: Path, image: Path) -> None:
    with pytest.raises(BenchError, match=r"process of onnxruntime ended: .*model\.onnx"):
        Worker(HERE[REFERENCE], tmp_path, image, threads=1)


def test_answers_are_compared() -> None:
    reference = [np.array([0.0, 10.0, 20.0]), np.array([1.0, 2.0])]
    close = [np.array([0.0, 10.2, 20.0]), np.array([2.0, 1.0])]
    assert measure.compare(reference, reference) == (0, True)
    assert measure.compare(close, reference) == (pytest.approx(0.5), False)
    assert measure.compare(close[:1], reference[:1]) == (pytest.approx(0.01), True)
    assert measure.compare([np.full(3, np.nan)], reference[:1])[0] == float("inf")
    assert measure.compare([reference[1]], reference[:1])[0] == float("inf")


def test_ratios_are_to_the_best_correct_float32_engine(results: Results) -> None:
    results.engines = {
        name: Competitor("1", name != "bf16", 0)
        for name in (OURS, "slow", "fast", "bf16", "wrong")
    }
    for network, ours in (("a", 2.0), ("b", 1.0)):
        results.networks[network] = NetworkSize([1], 1, 1, {"1": 1})
        for engine, time_ms in ((OURS, ours), ("slow", 9), ("fast", 4), ("bf16", 1), ("wrong", 1)):
            results.latencies.append(
                Latency(network, engine, 1, time_ms, time_ms + 1, 3, 0, True, engine != "wrong")
            )
    assert results.ratio("a", 1, "minimum_ms") == 2
    assert results.ratio("a", 1, "median_ms") == pytest.approx(5 / 3)
    assert results.mean_ratio(1, "minimum_ms") == pytest.approx(8**0.5)
    assert results.ratio("a", 2, "minimum_ms") is None


def test_the_floor_is_arithmetic_or_reading_the_weights() -> None:
    assert MACHINE.floor_ms(1e9, 1000, 1) == pytest.approx(10)
    assert MACHINE.floor_ms(1e9, 10**9, 1) == pytest.approx(100)


def test_results_are_written_completely_or_not_at_all(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "results.json"
    results.footprints.append(Footprint("a", OURS, 1.5, 2, 3))
    write_results(path, results)
    content = json.loads(path.read_text())
    assert content["machine"]["ceilings"]["1"]["read_gbs"] == 10
    assert content["footprints"][0]["start_ms"] == 1.5
    results.failures.append(object())  # type: ignore[arg-type] what JSON can't write
    with pytest.raises(TypeError):
        write_results(path, results)
    assert json.loads(path.read_text()) == content
    assert list(path.parent.iterdir()) == [path]


def test_a_wrong_name_is_refused_with_the_right_ones() -> None:
    command = [sys.executable, "-m", "bench", "--engines", "ncn"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "'ncn' is none of edge_perception, onnxruntime" in done.stderr
