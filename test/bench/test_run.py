"""The whole benchmark, with engines that need no installation and a network of a few layers."""

import json
from pathlib import Path
import subprocess
import sys

import onnx
import pytest

from bench import cache, environments, run
from bench.builder import Builder
from bench.cache import BenchError
from bench.engines import Engine, OURS, REFERENCE, ROOT
from bench.environments import Environment


def small_network() -> onnx.ModelProto:
    net = Builder("small", 16)
    x = net.conv(net.image, 8, 3, 2)
    return net.model(scores=net.softmax(net.linear(net.global_average(x), 4)))


def prepare(engine: Engine, *, upgrade: bool) -> Environment:
    if engine.name not in (OURS, REFERENCE):
        raise BenchError("no such package")
    return Environment(engine, Path(sys.executable), "1.2.3", 10)


@pytest.fixture
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(cache.NETWORKS, "small", small_network)
    monkeypatch.setattr(environments, "prepare", prepare)
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "draw", lambda *_: None)


@pytest.mark.usefixtures("_small")
def test_a_run_ends_with_a_table_and_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = run.Plan([OURS, "ncnn"], ["small"], [1], rounds=2, seconds=0.001)
    run.run(plan)
    printed = capsys.readouterr()
    assert "best other / ours" in printed.out
    assert "ncnn is skipped, it can't be installed: no such package" in printed.err
    [path] = (tmp_path / "build" / "bench").glob("*.json")
    results = json.loads(path.read_text())
    assert set(results["engines"]) == {OURS, REFERENCE}
    assert results["networks"]["small"]["gflop"] == pytest.approx(
        2e-9 * 8 * 8 * 8 * 3 * 9, rel=0.05
    )
    assert all(latency["correct"] for latency in results["latencies"])
    assert results["failures"] == ["ncnn is skipped, it can't be installed: no such package"]


@pytest.mark.usefixtures("_small")
def test_two_benchmarks_do_not_disturb_each_other() -> None:
    with cache.alone():
        done = subprocess.run(
            [sys.executable, "-m", "bench"], cwd=ROOT, capture_output=True, text=True
        )
    assert done.returncode == 1
    assert done.stderr == "bench: another benchmark is running; two would disturb each other\n"


def test_a_command_that_fails_or_hangs_is_reported() -> None:
    def python(code: str) -> list[Path | str]:
        return [sys.executable, "-c", code]

    with pytest.raises(BenchError, match=r"^first \| second$"):
        environments.run(python("import sys; print('first', flush=True); sys.exit('second')"), 300)
    with pytest.raises(BenchError, match=r"took longer than 0 s"):
        environments.run(python("import time; time.sleep(100)"), 0.1)
