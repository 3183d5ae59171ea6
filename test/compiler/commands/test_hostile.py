"""Files and environments that mean no good: edgec says one sentence, or does its work."""

from __future__ import annotations

import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
from typing import Any

import onnx
from onnx import helper
from PIL import Image
import pytest
from small_models import make_model, node

from edge_compiler import cli
from edge_compiler.description.strict_json import parse_json
from edge_compiler.errors import CompileError
from edge_compiler.files.destination import check_destination
from edge_compiler.samples.images import read_image
from edge_compiler.terminal import printable, shortened
from edge_perception.runtime import BundleError, read_manifest

HOSTILE = "a\x1b]0;title\x07\x9b2J\u202eb\r\nc"
WITHOUT_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def edgec(*arguments: object, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Run edgec as a user does; None removes a variable."""
    variables = {k: v for k, v in (os.environ | environment).items() if v is not None}
    return subprocess.run(
        [sys.executable, "-m", "edge_compiler", *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        env=variables,
    )


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence of a refusal."""
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if not line.endswith(" ...")]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("edgec: error: ")
    return lines[0]


def save(model: onnx.ModelProto, folder: Path, **metadata: Any) -> Path:
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()}
    helper.set_model_props(model, {f"edge.{key}": text for key, text in texts.items()})
    onnx.save(model, folder / "model.onnx")
    return folder / "model.onnx"


def tiny() -> onnx.ModelProto:
    return make_model([node("Relu", "x", "y")], {"x": [1, 4]})


# What is printed


def test_control_characters_are_written_as_escapes() -> None:
    assert printable(HOSTILE) == r"a\x1b]0;title\x07\x9b2J\u202eb\r\nc"
    assert printable("Straße 'π' 日本") == "Straße 'π' 日本"
    assert printable("half \ud800") == r"half \ud800"


def test_names_in_a_file_move_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny()
    names = [HOSTILE, HOSTILE + "2", HOSTILE + "3"]
    graph = model.graph
    graph.node[0].name, graph.node[0].input[0], graph.node[0].output[0] = names
    graph.input[0].name, graph.output[0].name = names[1:]
    assert cli.main(["analyze", str(save(model, tmp_path))]) == 0
    graph.node[0].op_type = "Exp" + HOSTILE
    assert cli.main(["analyze", str(save(model, tmp_path))]) == 1
    said = "".join(capsys.readouterr())
    assert r"\x1b]0;title" in said
    assert not set("\x1b\x07\x9b\u202e\r") & set(said)


def test_long_names_are_shortened() -> None:
    assert shortened("n" * 5000 + " is short") == f"{'n' * 100}...{'n' * 50} is short"


@pytest.mark.parametrize("encoding", ["ascii", None])
def test_terminals_without_unicode(encoding: str | None, tmp_path: Path) -> None:
    model = make_model([node("Relu", "größe", "y")], {"größe": [1, 4]})
    done = edgec("analyze", save(model, tmp_path), PYTHONIOENCODING=encoding, **WITHOUT_UTF8)
    assert done.returncode == 0, done.stderr
    assert "gr\\xf6\\xdfe: 1 x 4" in done.stdout


# Environments


def test_labels_beyond_the_encoding_of_the_locale(tmp_path: Path) -> None:
    path = save(tiny(), tmp_path, labels=["café", "日本", "ß", "x"])
    done = edgec("compile", path, "-o", tmp_path / "out.edge", **WITHOUT_UTF8)
    assert done.returncode == 0, done.stderr
    assert read_manifest(tmp_path / "out.edge").model.labels[:2] == ("café", "日本")


def _without_a_home(*arguments: object) -> subprocess.CompletedProcess[str]:
    homeless = {"HOME": None, "EDGE_CACHE": None, "XDG_CACHE_HOME": None}
    code = (
        "import os, pwd, sys; pwd.getpwuid = lambda _: {}['nobody']\n"
        "from edge_compiler.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={k: v for k, v in (os.environ | homeless).items() if v is not None},
        timeout=60,
    )


def test_users_without_a_home_folder_cannot_fetch() -> None:
    done = _without_a_home("fetch", "squeezenet1.1")
    assert "no home folder" in sentence(done)
    assert "EDGE_CACHE" in done.stderr


def test_users_without_a_home_folder_compile_all_anew(tmp_path: Path) -> None:
    done = _without_a_home("compile", save(tiny(), tmp_path), "-o", tmp_path / "out.edge")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kilobytes", [100_000, 150_000, 160_000, 200_000])
def test_a_machine_without_memory(kilobytes: int) -> None:
    command = f"ulimit -v {kilobytes}; exec {sys.executable} -m edge_compiler analyze x.onnx"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, cwd=Path.cwd()
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "edgec: error: " in done.stderr or "OpenBLAS" in done.stderr  # which ends the process


SUPERVISED = """
import os, signal, sys, time
from edge_compiler.supervise import supervise
def command():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(os.getpid(), flush=True)
    {0}
sys.exit(supervise(command))
"""


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        ("os.abort()", "has crashed (SIGABRT)"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "has crashed (SIGSEGV)"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "not enough memory"),
    ],
)
def test_a_library_that_crashes_ends_in_a_sentence(command: str, pattern: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SUPERVISED.format(command)], capture_output=True, text=True
    )
    assert pattern in sentence(done)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_whoever_ends_edgec_ends_its_child(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISED.format("time.sleep(600)")],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline()
        parent.send_signal(number)
        assert parent.wait(timeout=60) == (143 if number == signal.SIGTERM else -number)
        assert parent.stdout.read() == ""  # which ends when the child has ended


# Metadata, images, destinations


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ('{"a": NaN}', "has nan where a finite number is expected"),
        ('{"a": [1e400]}', "has inf where a finite number is expected"),
        ("[" * 100_000 + "]" * 100_000, "nested more than 16 deep"),
        ("[" * 20 + "]" * 20, "nested more than 16 deep"),
        (r'["\ud800"]', r"has the text '\\ud800', which is no Unicode"),
        (r'{"\u001b[2J": 1}', r"the field '\\x1b\[2J', whose name can't be printed"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        (str(2**60), "an integer beyond 2"),
        ("9" * 5000, "is not valid JSON|an integer beyond"),
        ("{", "is not valid JSON"),
    ],
)
def test_metadata_that_no_bundle_can_hold(text: str, pattern: str) -> None:
    with pytest.raises(CompileError, match=f"^where .*({pattern})"):
        parse_json(text, "where")


def test_only_usual_image_formats_are_opened(tmp_path: Path) -> None:
    image = Image.new("RGB", (4, 3), "red")
    for suffix in ("png", "jpg", "bmp", "webp", "ppm", "tiff"):
        image.save(tmp_path / f"a.{suffix}")
        assert read_image(tmp_path / f"a.{suffix}").shape == (3, 4, 3)
    for suffix in ("eps", "pdf", "gif", "tga"):
        image.save(tmp_path / f"b.{suffix}")
        shutil.move(tmp_path / f"b.{suffix}", tmp_path / "b.png")  # the name says nothing
        with pytest.raises(CompileError, match="is not an image that can be read; expected BMP"):
            read_image(tmp_path / "b.png")


def test_a_bundle_that_holds_other_files_is_not_replaced(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "own.edge"
    shutil.copytree(tiny_bundle, bundle)
    assert check_destination(bundle) == bundle
    (bundle / "model.so").unlink()  # damaged, but nothing else
    assert check_destination(bundle) == bundle
    (bundle / "notes.txt").write_text("months of work")
    with pytest.raises(BundleError, match=r"holds other files too, .*: 'notes\.txt'; move them"):
        check_destination(bundle)


def test_a_fifo_for_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    bundle = tmp_path / "own.edge"
    bundle.mkdir()
    os.mkfifo(bundle / "manifest.json")
    with pytest.raises(BundleError, match="exists and is no bundle"):
        check_destination(bundle)
