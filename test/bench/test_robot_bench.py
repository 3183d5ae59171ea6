"""The benchmark of the robot: it reads the right counters, and tells what the robot needs."""

import json
from pathlib import Path
import subprocess
import sys
import threading
import time

import pytest

from bench.engines import ROOT
from bench.robot import results
from bench.robot.processes import COMPOSED, MODES, Process, processor_times, SEPARATE
from bench.robot.results import medians, percentiles, Turn
from edge_perception.core.stamps import SECOND
from edge_perception.transport.threads import name_thread


def turn(mode: str, p50: float, threads: dict[str, float]) -> Turn:
    some = (1.0, 2.0, 3.0)
    process = {"robot" if mode == COMPOSED else "imu": threads}
    return Turn(mode, (p50, 2.0, 3.0), some, some, 30.0, 2.0, 10**8, process)


def test_processor_times_are_those_of_named_threads():
    done = threading.Event()
    used = []

    def work() -> None:
        name_thread("busy bee")
        while time.thread_time() < 0.2:
            pass
        used.append(time.thread_time())
        done.wait()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        while not used:
            time.sleep(0.01)
        this = subprocess.Popen(["true"])
        this.wait()
        this.pid = int(Path("/proc/self").readlink().name)
        measured = processor_times(Process("this", this))["busy bee"]
        assert measured == pytest.approx(used[0], abs=0.05)
    finally:
        done.set()
        thread.join()


def test_a_turn_is_summed_up_by_percentiles_and_turns_by_medians():
    assert percentiles(range(101)) == (50.0, 95.0, 99.0)
    turns = [
        turn(COMPOSED, 5.0, {"imu": 4.0, "executor": 1.0}),
        turn(COMPOSED, 9.0, {"imu": 6.0}),
        turn(COMPOSED, 6.0, {"imu": 5.0, "executor": 3.0}),
        turn(SEPARATE, 100.0, {"imu": 50.0, "executor": 1.0}),
    ]
    found = medians(turns, COMPOSED)
    assert found["stamp to decision p50 [ms]"] == 6.0
    assert found["load of imu"] == 5.0
    assert found["load of executor"] == 1.0
    assert found["load [% of a core]"] == 6.0
    assert medians(turns, SEPARATE)["stamp to decision p50 [ms]"] == 100.0
    assert medians(turns, SEPARATE)["load of imu"] == 51.0


@pytest.mark.ros
def test_the_robot_is_measured_both_ways(tiny_bundle, monkeypatch, tmp_path):
    pytest.importorskip("rclpy")
    command = [
        *(sys.executable, "-m", "bench.robot", "--turns=1", "--seconds=4"),
        *(f"--model={tiny_bundle}", "--camera=pattern:64x48", f"--output={tmp_path}/robot.json"),
    ]
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path))  # so that no other benchmark is in the way
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "robot.json").read_text())
    assert [one["mode"] for one in found["turns"]] == list(MODES)
    *whole, bare = found["turns"]
    assert set(bare["threads"]) == {"imu", "wheels", "pose", "source of imu", "source of wheels"}
    assert all(sum(threads.values()) > 0 for threads in bare["threads"].values())
    for one in whole:
        assert 0 < one["overhead"][0] < one["latency"][0]
        assert one["latency"][0] <= one["latency"][1] <= one["latency"][2]
        threads = set(one["threads"] if one["mode"] == SEPARATE else one["threads"]["robot"])
        assert {"imu", "wheels", "pose", "perception", "camera", "decision"} <= threads
        assert one["decisions"] > 0
    for name in (*MODES, "stamp to decision p99 [ms]", "load of pose", "load of source of imu"):
        assert name in done.stdout


def test_what_is_measured_is_written_whole(tmp_path):
    path = tmp_path / "new" / "robot.json"
    results.write(path, {"cores": 2}, [turn(SEPARATE, 5.0, {"imu": 4.0})])
    found = json.loads(path.read_text())
    assert found["cores"] == 2
    assert found["medians"]["separate"]["load of imu"] == 4.0
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.ros
def test_an_age_is_work_the_wait_for_the_next_image_and_the_way():
    from bench.robot.watch import Watcher

    heard = Watcher(lambda seconds: None)
    heard.images = [10 * SECOND, 10 * SECOND + 25_000_000]
    heard.decided = {10 * SECOND: 10 * SECOND + 90_000_000, 20 * SECOND: 20 * SECOND}
    heard.works = {10 * SECOND: 60.0}
    (sight,) = heard.sights(0)
    assert (sight.age, sight.work, sight.interval) == pytest.approx((90.0, 60.0, 25.0))
    assert sight.late == pytest.approx(5.0)
    assert heard.sights(11 * SECOND) == []


@pytest.mark.ros
def test_a_limit_is_kept_or_not():
    from bench.robot.limits import Result

    assert Result("", 99.0, 100.0, "").kept
    assert not Result("", 101.0, 100.0, "").kept
