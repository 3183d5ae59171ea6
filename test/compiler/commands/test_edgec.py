"""``edgec`` as a command: its options, completion and interruptions."""

from __future__ import annotations

import os
from pathlib import Path
import shlex
import signal
import subprocess
import sys

from edgec_cases import Capture, refusal, run, small
import onnx
from PIL import Image
import pytest


def test_tab_completes_commands_and_models(tmp_path: Path) -> None:
    for typed, expected in (
        ("edgec comp", "compile"),
        ("edgec fetch sq", "squeezenet1.1"),
        ("edgec compile --target c", "c99"),
    ):
        context = {
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "completions"),
            "COMP_LINE": typed,
            "COMP_POINT": str(len(typed)),
        }
        command = [sys.executable, "-m", "edge_compiler.cli"]
        subprocess.run(command, env=os.environ | context, check=True)
        assert expected in (tmp_path / "completions").read_text()


def test_bad_options_are_refused(tiny_onnx: Path, tmp_path: Path, capsys: Capture) -> None:
    compile_ = ("compile", tiny_onnx, "-o", tmp_path / "out.edge")
    assert "unknown target 'hots'; did you mean 'host'" in refusal(
        capsys, *compile_, "--target", "hots"
    )
    assert "no input 'img'" in refusal(capsys, *compile_, "--shape", "img=1,3,32,32")
    (tmp_path / "labels").write_text("\n\n")
    assert "has no label" in refusal(capsys, *compile_, "--labels", tmp_path / "labels")
    assert "cannot read" in refusal(capsys, *compile_, "--labels", tmp_path / "none")
    assert "not a text file" in refusal(capsys, *compile_, "--labels", tiny_onnx)
    assert "holds no image" in refusal(capsys, *compile_, "--calibration", tmp_path)
    assert "is not a folder" in refusal(capsys, *compile_, "--calibration", tmp_path / "none")
    Image.new("RGB", (4, 3)).save(tmp_path / "grey.png")
    onnx.save(small(), tmp_path / "small.onnx")
    compile_ = ("compile", tmp_path / "small.onnx", "-o", tmp_path / "out.edge")
    assert "add --preprocess" in refusal(capsys, *compile_, "--calibration", tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["destroy"],
        ["compile", "m.onnx"],
        ["compile", "m.onnx", "-o", "m.edge", "--shape", "x"],
        ["compile", "m.onnx", "-o", "m.edge", "--shape", "x=1,0"],
        ["fetch"],
        ["run", "m.edge", "i.png", "--top", "0"],
        ["profile", "m.edge", "--seconds", "0"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_closed_streams_do_no_harm(tmp_path: Path) -> None:
    """A file of its own must not become standard output, and nobody needs to listen."""
    (tmp_path / "text").write_text("hello")
    command = [sys.executable, "-m", "edge_compiler", "analyze", str(tmp_path / "text")]
    closed = ["sh", "-c", f"exec {shlex.join(command)} <&- >&-"]
    done = subprocess.run(closed, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == [
        f"edgec: error: {tmp_path}/text (5 bytes) is not an ONNX model, or it is truncated: get "
        "the file again"
    ]


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edge_compiler", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("number", "code", "stage"),
    [
        (signal.SIGINT, 130, "compiling"),
        (signal.SIGINT, 130, "proving"),
        (signal.SIGTERM, 143, "compiling"),
    ],
)
def test_interrupted_compile_leaves_nothing(
    number: signal.Signals, code: int, stage: str, tiny_onnx: Path, tmp_path: Path
) -> None:
    with start("compile", tiny_onnx, "-o", tmp_path / "out.edge") as child:
        assert child.stderr is not None
        for line in child.stderr:
            if line.startswith(stage):
                os.killpg(child.pid, number)  # as a terminal does it: gcc gets it too
                break
        _, errors = child.communicate(timeout=60)
    assert child.returncode == code
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize("kilobytes", [60, 250])
def test_full_disk_is_one_sentence_and_leaves_nothing(
    kilobytes: int, tiny_onnx: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this container may not mount")
    try:
        with start("compile", tiny_onnx, "-o", disk / "out.edge") as child:
            _, errors = child.communicate(timeout=60)
        assert child.returncode == 1
        assert "No space left on device" in errors
        assert "Traceback" not in errors
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_closed_pipe_is_no_traceback() -> None:
    with start("ops") as child:
        assert child.stdout is not None
        child.stdout.close()
        assert child.stderr is not None
        errors = child.stderr.read()
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
    assert child.returncode == 128 + signal.SIGPIPE
