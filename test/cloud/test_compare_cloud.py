"""``edge-robot compare-cloud`` with a server of the protocol, and what it says when it can't."""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
from pathlib import Path
import select
import signal
import subprocess
import sys
import time
from typing import Any

from inference_server import grpc, response, serving
import numpy as np
from PIL import Image
import pytest

from edge_perception import commands
from edge_perception.cloud import children, compare, plot, results
from edge_perception.cloud.compare import Run
from edge_perception.cloud.figures import figures
from edge_perception.cloud.link import Traffic
from edge_perception.cloud.profiles import AS_IT_IS
from edge_perception.cloud.record import Mode, Record, Said
from edge_perception.robot.plan import RequestError

FRAMES = 6
SEEN = np.array([[0.1, 0.2, 0.7]], np.float32)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Serve the model "tiny", and no other."""

    def infer(request: Any, context: Any) -> Any:
        if request.model_name != "tiny":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
        return response(scores=SEEN)

    with serving(infer) as port:
        yield port


def comparing(bundle: Path, port: int) -> list[str]:
    """Return the words that compare a bundle with the server on this machine."""
    command = ["compare-cloud", "--model", str(bundle), "--remote", f"grpc://127.0.0.1:{port}"]
    return [*command, "--remote-model", "tiny"]


def test_local_remote_and_both_are_compared(
    port: int,
    tiny_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(compare, "WARM_UP", 0.2)
    picture = tmp_path / "plot.png"
    command = [*comparing(tiny_bundle, port), "--profile", "lan", "--frames", str(FRAMES)]
    command += ["--rate", "20", "--camera", "pattern:64x48", "--deadline", "60"]
    assert commands.main([*command, "--json", "--plot", str(picture)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["rate"]) == (tiny_bundle.name, 20.0)
    runs = {(one["network"], one["who"]): one for one in found["runs"]}
    assert [*runs] == [("none", "local"), ("lan", "remote"), ("lan", "remote_first")]
    shown = 1 * 3 * 4 * 4
    for (network, _), one in runs.items():
        assert one["frames"] == FRAMES
        assert 0 < one["decided"] <= FRAMES  # a busy machine may leave some out
        assert 0 < one["p50"] <= one["p95"] <= one["p99"] <= one["max"]
        assert one["cpu"] > 0
        if network == "none":
            assert (one["sent"], one["received"], one["asked"]) == (0, 0, {})
        else:
            assert one["sent"] > shown
            assert one["received"] > SEEN.nbytes
            assert one["asked"]["answered"] > 0
            assert one["asked"]["late"] == one["asked"]["failed"] == 0
    assert runs["lan", "remote"]["p50"] > 1.0  # a frame and its answer: 1 ms there and back
    with Image.open(picture) as drawn:
        assert drawn.format == "PNG"
        assert min(drawn.size) > 300
    assert [*tmp_path.iterdir()] == [picture]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--remote", "http://a:1"], "--remote: expected grpcs://HOST:PORT, or grpc:// without"),
        (["--remote-model", "huge"], "NOT_FOUND: 'no such model'"),
        (["--model", "nowhere.edge"], "nowhere.edge"),
        (["--model", "pipeline.yaml"], "expected a bundle, not a pipeline of several"),
        (["--frames", "0"], "--frames is 0: expected more than 0"),
        (["--rate", "nan"], "--rate is nan: expected more than 0"),
        (["--remote", "grpc://robot.example:1", "--token", "t"], "use grpcs://, which encrypts"),
        (["--camera", "pattern:0x0"], "the test pattern 'pattern:0x0' has no size"),
        (["--rules", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_can_not_be_compared(
    given: list[str],
    says: str,
    port: int,
    tiny_bundle: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert commands.main([*comparing(tiny_bundle, port), *given]) == 1
    said = capsys.readouterr()
    assert says in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    second = 1_000_000_000
    decisions = [Said(12_000_000, 0, False), Said(162_000_000, 100_000_000, False)]
    asked = {"answered": 1, "late": 1, "failed": 0, "spared": 2, "sent": 9, "received": 9}
    record = Record(0, second // 5, [0, second // 10], decisions, 0.02, 3.0, "RAPL", asked)
    runs = [
        Run("none", Mode.LOCAL, figures(record, Traffic())),
        Run("lte", Mode.REMOTE, figures(record, Traffic(5000, 1000))),
    ]
    results.show(runs)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:6] == ["network", "who", "p50", "p95", "p99", "max"]
    [row] = [line.split() for line in lines if line.split()[:1] == ["lte"]]
    numbers = "37.0 59.5 61.5 62.0 50.0 100% 100% 6% 150 3 10.0 25%"
    assert row == ["lte", "remote", *numbers.split()]
    assert "energy an image (RAPL): none local 1.5 J, lte remote 1.5 J" in "\n".join(lines)
    assert max(map(len, lines)) <= 100


def test_the_plot_of_who_never_decides(tmp_path: Path) -> None:
    nothing = Record(0, 1, [0], [], 0.0, None, "none", {})
    plot.draw([Run("outage", Mode.REMOTE, figures(nothing, Traffic()))], tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as drawn:
        assert drawn.format == "PNG"
    with pytest.raises(OSError, match="No such file"):
        plot.draw([], tmp_path / "nowhere" / "a.png")


def test_a_link_that_is_gone_is_said() -> None:
    asked = compare.server("grpc://127.0.0.1:1", "m", 1.0, None, None)
    with children.linked(AS_IT_IS, asked, 1) as link:
        link.begin()
        link._process.kill()
        link._process.wait()
        with pytest.raises(RequestError, match="the link to the server has ended"):
            link.begin()


def test_ctrl_c_ends_all(port: int, tiny_bundle: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "edge_perception.cli",
        "compare-cloud",
        "--model",
        tiny_bundle,
    ]
    command += ["--remote", f"grpc://127.0.0.1:{port}", "--remote-model", "tiny"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        tasks = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not (children_there := tasks.read_text().split()):
            assert process.poll() is None
            time.sleep(0.01)
        ends = [os.pidfd_open(int(one)) for one in children_there]
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, said = process.communicate(timeout=60)
        assert (process.returncode, said.strip()) == (130, "")
        for end in ends:  # can be read once its process has ended, whoever takes note of that
            assert select.select([end], [], [], 60)[0]
            os.close(end)
