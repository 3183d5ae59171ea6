"""``edgec`` as a user meets it: what each command prints, and what it says of bad input."""

from collections.abc import Callable, Iterator
from dataclasses import replace
import json
import os
from pathlib import Path
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import onnx
from onnx import numpy_helper
from PIL import Image
import pytest
from small_models import make_model, node, weights

from edge_compiler import cli
from edge_perception.runtime import load, read_manifest, write_manifest

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _keep_signal_handlers() -> Iterator[None]:
    """Undo what ``cli.main`` sets up for the process that it thinks is its own."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "red.png"
    Image.new("RGB", (40, 30), "red").save(path)
    return path


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def run_json(capsys: Capture, *arguments: object) -> object:
    assert run(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def refusal(capsys: Capture, *arguments: object) -> str:
    """Return the one sentence that says why edgec refused."""
    assert run(*arguments) == 1
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if not line.endswith(" ...")]
    assert captured.out == ""
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("edgec: error: ")
    return lines[0].removeprefix("edgec: error: ")


# What works.


def test_compile_writes_a_complete_bundle(
    tiny_onnx: Path, photo: Path, tmp_path: Path, capsys: Capture
) -> None:
    bundle = tmp_path / "new.edge"
    result = run_json(
        capsys,
        *("compile", tiny_onnx, "-o", bundle, "--name", "eye", "--keep-source"),
        *("--calibration", photo.parent),
    )
    assert isinstance(result, dict)
    assert result["worst_error"] <= 1e-4
    assert [path.name for path in tmp_path.iterdir()] == ["new.edge"]
    manifest = read_manifest(bundle)
    assert manifest.model.name == "eye"
    assert manifest.model.labels == ("red", "green", "blue")
    assert manifest.proof.inputs == 4  # two random ones, a noisy frame, the photo
    assert manifest.speed is not None
    assert {"model.so", "selftest.npz", "report.json", "report.html"} <= set(manifest.files)
    assert (bundle / "source" / "CMakeLists.txt").exists()
    report = json.loads((bundle / "report.json").read_text())
    assert [step["name"] for step in report["steps"]] == [s.name for s in manifest.model.steps]


def test_second_compile_replaces_the_bundle(
    tiny_onnx: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = shutil.copytree(tiny_bundle, tmp_path / "old.edge")
    (bundle / "model.so").write_bytes(b"old")
    assert run("compile", tiny_onnx, "-o", bundle) == 0
    assert (bundle / "model.so").read_bytes() != b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["old.edge"]


def test_analyze_counts_and_finds_what_is_unsupported(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "model.onnx"
    nodes = [node("Conv", "x w", "c"), node("Erf", "c", "e", name="odd"), node("Relu", "e", "y")]
    onnx.save(make_model(nodes, {"x": [1, 2, 5, 5]}, {"w": weights(4, 2, 3, 3)}), path)
    assert run("analyze", path, "--json") == 1
    result = json.loads(capsys.readouterr().out)
    assert result["operators"] == {"Conv": 1, "Erf": 1, "Relu": 1}
    assert result["macs"] == 4 * 2 * 9 * 9
    assert result["parameters"] == 4 * 2 * 9
    assert [(entry["node"], entry["op"]) for entry in result["unsupported"]] == [("odd", "Erf")]
    assert run("analyze", path) == 1
    assert "the operator Erf is not supported" in capsys.readouterr().out


def test_verify_compares_every_node_when_the_model_is_at_hand(
    tiny_onnx: Path, tiny_bundle: Path, tmp_path: Path, capsys: Capture
) -> None:
    moved = shutil.copytree(tiny_bundle, tmp_path / "moved.edge")
    alone = run_json(capsys, "verify", moved)
    assert isinstance(alone, dict)
    assert alone["model"] is None
    assert max(alone["selftest_errors"].values()) <= 1e-4
    given = run_json(capsys, "verify", moved, "--model", tiny_onnx)
    assert isinstance(given, dict)
    assert given["node_errors"]["conv"] <= 1e-4
    assert given["compared"] == ["labels", "preprocess", "decoder", "provenance"]
    shutil.copy(tiny_onnx, tmp_path)
    beside = run_json(capsys, "verify", moved)
    assert isinstance(beside, dict)
    assert beside["model"] == str(tmp_path / tiny_onnx.name)
    assert run("verify", moved) == 0
    assert "moved.edge is right" in capsys.readouterr().out


def test_only_their_owner_may_change_a_bundle(tiny_bundle: Path) -> None:
    """It was compiled where the umask lets everybody write."""
    for path in (tiny_bundle, *tiny_bundle.iterdir()):
        assert path.stat().st_mode & 0o022 == 0


def test_verify_compares_what_the_bundle_says_with_the_model(
    tiny_onnx: Path, tmp_path: Path, capsys: Capture
) -> None:
    """Other labels are right if they were given to the compiler, and only then."""
    (tmp_path / "labels").write_text("stop\ngo\nslow\n")
    bundle = tmp_path / "other.edge"
    assert run("compile", tiny_onnx, "-o", bundle, "--labels", tmp_path / "labels") == 0
    verify = ("verify", bundle, "--model", tiny_onnx)
    capsys.readouterr()
    found = run_json(capsys, *verify)
    assert isinstance(found, dict)
    assert found["compared"] == ["preprocess", "decoder", "provenance"]
    assert run(*verify) == 0
    assert "labels: not compared, given to edgec compile" in capsys.readouterr().out
    write_manifest(bundle, replace(read_manifest(bundle), given=()))
    assert re.search(
        r'the bundle\'s labels is not what .*tiny\.onnx says: \["stop", "go", "slow"\] instead of '
        r'\["red", "green", "blue"\]; compile the model again',
        refusal(capsys, *verify),
    )


def test_explain_shows_placement_fusions_and_memory(tiny_bundle: Path, capsys: Capture) -> None:
    assert run("explain", tiny_bundle) == 0
    text = capsys.readouterr().out
    for expected in ("also computes", "fuse-activation", "Memory map", "classification"):
        assert expected in text
    manifest = run_json(capsys, "explain", tiny_bundle)
    assert isinstance(manifest, dict)
    assert manifest["model"]["name"] == "tiny"


def test_run_prints_labels_and_scores(tiny_bundle: Path, photo: Path, capsys: Capture) -> None:
    results = run_json(capsys, "run", tiny_bundle, photo, photo, "--top", "2")
    assert isinstance(results, list)
    assert [result["image"] for result in results] == [str(photo)] * 2
    classes = results[0]["classes"]
    assert len(classes) == 2
    assert classes[0]["score"] >= classes[1]["score"]
    assert {entry["label"] for entry in classes} <= {"red", "green", "blue"}
    assert run("run", tiny_bundle, photo) == 0
    assert f"{classes[0]['label']} ({classes[0]['class']})" in capsys.readouterr().out


def test_profile_times_every_step_and_group(tiny_bundle: Path, capsys: Capture) -> None:
    result = run_json(capsys, "profile", tiny_bundle, "--seconds", "0.05", "--threads", "1")
    assert isinstance(result, dict)
    steps = read_manifest(tiny_bundle).model.steps
    assert [entry["step"] for entry in result["steps"]] == [step.name for step in steps]
    for parts in (result["steps"], result["groups"]):
        assert sum(entry["share"] for entry in parts) == pytest.approx(1)
        total = sum(entry["milliseconds"] for entry in parts)
        assert total == pytest.approx(result["milliseconds"])
    assert sum(group["steps"] for group in result["groups"]) == len(steps)
    for entry in result["steps"]:
        if entry["gflops"] and result["peak_gflops"]:
            share = entry["gflops"] / result["peak_gflops"]
            assert entry["share_of_peak"] == pytest.approx(share)
    assert run("profile", tiny_bundle, "--seconds", "0.05", "--sort", "time") == 0
    table = capsys.readouterr().out.partition("group ")[0]
    shown = [float(number) for number in re.findall(r" (\d+\.\d{3}) +\d", table)]
    assert len(shown) == len(steps)
    assert shown == sorted(shown, reverse=True)


@pytest.mark.parametrize("outputs", [["y"], ["y", "z"]])
def test_model_that_only_renames_compiles(
    outputs: list[str], tmp_path: Path, capsys: Capture
) -> None:
    nodes = [node("Identity", "x", name) for name in outputs]
    onnx.save(make_model(nodes, {"x": [1, 3, 4, 4]}, outputs=outputs), tmp_path / "m.onnx")
    bundle = tmp_path / "m.edge"
    for command in (("compile", tmp_path / "m.onnx", "-o", bundle), ("verify", bundle)):
        assert run(*command) == 0
    assert run("profile", bundle, "--seconds", "0.01") == 0
    assert run("explain", bundle) == 0
    assert "its input and output are both named" in capsys.readouterr().out
    with load(bundle) as model:
        given = np.arange(48, dtype=np.float32).reshape(1, 3, 4, 4)
        result = model.run({"x": given})
    assert list(result) == outputs
    for array in result.values():
        np.testing.assert_array_equal(array, given)


def test_two_names_of_one_result_are_both_given(tmp_path: Path) -> None:
    nodes = [node("Conv", "x w", "c"), node("Identity", "c", "y"), node("Identity", "c", "z")]
    model = make_model(nodes, {"x": [1, 3, 6, 6]}, {"w": weights(4, 3, 3, 3)}, ["y", "z"])
    onnx.save(model, tmp_path / "m.onnx")
    assert run("compile", tmp_path / "m.onnx", "-o", tmp_path / "m.edge") == 0
    with load(tmp_path / "m.edge") as compiled:
        result = compiled.run({"x": np.ones((1, 3, 6, 6), np.float32)})
        last = len(compiled.manifest.model.steps) - 1
        assert max(entry.last for entry in compiled.manifest.model.allocations) == last
    assert np.any(result["y"])
    np.testing.assert_array_equal(result["y"], result["z"])


def test_explain_lists_alike_decisions_together(tmp_path: Path, capsys: Capture) -> None:
    names = ["x", *(f"{kind}{i}" for i in range(5) for kind in "cr")]
    nodes = [
        node(op, f"{source} w" if op == "Conv" else source, result, name=result)
        for op, source, result in zip(["Conv", "Relu"] * 5, names, names[1:], strict=False)
    ]
    model = make_model(nodes, {"x": [1, 4, 5, 5]}, {"w": weights(4, 4, 1, 1)})
    onnx.save(model, tmp_path / "m.onnx")
    assert run("compile", tmp_path / "m.onnx", "-o", tmp_path / "m.edge") == 0
    capsys.readouterr()
    assert run("explain", tmp_path / "m.edge") == 0
    text = capsys.readouterr().out
    assert re.search(r"fuse-activation +5 +yes +applies Relu +c0, c1, c2 and 2 more", text)
    assert run("explain", tmp_path / "m.edge", "--all") == 0
    assert re.search(r"fuse-activation +c4 +yes +applies Relu", capsys.readouterr().out)


def test_analyze_counts_parameters_that_the_file_only_describes(
    tmp_path: Path, capsys: Capture
) -> None:
    shape = numpy_helper.from_array(np.array([4, 2, 3, 3]), "shape")
    value = numpy_helper.from_array(np.array([0.5], np.float32))
    nodes = [node("ConstantOfShape", "shape", "w", value=value), node("Conv", "x w", "y")]
    model = make_model(nodes, {"x": [1, 2, 5, 5]})
    model.graph.initializer.append(shape)
    onnx.save(model, tmp_path / "m.onnx")
    result = run_json(capsys, "analyze", tmp_path / "m.onnx")
    assert isinstance(result, dict)
    assert result["parameters"] == 4 * 2 * 9


def test_ops_lists_operators_of_onnx_only(capsys: Capture) -> None:
    names = [entry["operator"] for entry in run_json(capsys, "ops")]  # type: ignore[attr-defined]
    assert {"Conv", "Relu", "Softmax"} <= set(names)
    assert "ChannelAffine" not in names
    assert run("ops", "--markdown") == 0
    assert "| Conv |" in capsys.readouterr().out


def test_tab_completes_commands_and_models(tmp_path: Path) -> None:
    for typed, expected in (("edgec comp", "compile"), ("edgec fetch sq", "squeezenet1.1")):
        context = {
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "completions"),
            "COMP_LINE": typed,
            "COMP_POINT": str(len(typed)),
        }
        command = [sys.executable, "-m", "edge_compiler.cli"]
        subprocess.run(command, env=os.environ | context, check=True)
        assert expected in (tmp_path / "completions").read_text()


# Bad models.


def small() -> onnx.ModelProto:
    nodes = [node("Conv", "x w", "c"), node("Relu", "c", "y")]
    return make_model(nodes, {"x": [1, 2, 5, 5]}, {"w": weights(4, 2, 3, 3)})


def truncated(path: Path) -> None:
    path.write_bytes(small().SerializeToString()[:200])


def missing(path: Path) -> None:
    """Write nothing."""


def unknown_operator(path: Path) -> None:
    model = small()
    model.graph.node[1].op_type = "Reluu"
    onnx.save(model, path)


def unsupported_operator(path: Path) -> None:
    model = small()
    model.graph.node[1].op_type = "Erf"
    onnx.save(model, path)


def dynamic_dimension(path: Path) -> None:
    onnx.save(make_model([node("Relu", "x", "y")], {"x": [1, 3, "height", "width"]}), path)


def zero_dimension(path: Path) -> None:
    onnx.save(make_model([node("Relu", "x", "y")], {"x": [1, 3, 0, 5]}), path)


def nan_weights(path: Path) -> None:
    model = small()
    array = numpy_helper.to_array(model.graph.initializer[0]).copy()
    array[0] = np.nan
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(array, "w"))
    onnx.save(model, path)


def no_outputs(path: Path) -> None:
    model = small()
    del model.graph.output[:]
    onnx.save(model, path)


def same_output_twice(path: Path) -> None:
    model = small()
    model.graph.output.append(model.graph.output[0])
    onnx.save(model, path)


def missing_external_data(path: Path) -> None:
    onnx.save(small(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    (path.parent / "weights.bin").unlink()


def bad_metadata(path: Path) -> None:
    model = small()
    onnx.helper.set_model_props(model, {"edge.labels": "[1, 2"})
    onnx.save(model, path)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (truncated, ["model.onnx"]),
        (missing, ["model.onnx"]),
        (unknown_operator, ["Reluu"]),
        (unsupported_operator, ["Erf", "can't run 1 of 2 nodes"]),
        (dynamic_dimension, ["'x'", "dynamic", "--shape x="]),
        (zero_dimension, ["'x'", "zero", "--shape x="]),
        (nan_weights, ["'w'"]),
        (no_outputs, ["model.onnx has no outputs", "export it"]),
        (same_output_twice, ["model.onnx lists the output 'y' 2 times", "export it"]),
        (missing_external_data, ["weights.bin"]),
        (bad_metadata, ["edge.labels", "JSON"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_bad_model_is_one_sentence_and_no_bundle(
    write: Callable[[Path], None], words: list[str], tmp_path: Path, capsys: Capture
) -> None:
    model = tmp_path / "model.onnx"
    write(model)
    before = set(tmp_path.iterdir())
    sentence = refusal(capsys, "compile", model, "-o", tmp_path / "out.edge")
    for word in words:
        assert word in sentence
    assert set(tmp_path.iterdir()) == before


# Bad options.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not valid JSON"),
        ("[]", "must be a JSON object"),
        ('{"colour": "rgb"}', "unknown field 'colour'; did you mean 'color'?"),
        ('{"color": "hsv"}', "color is 'hsv', expected rgb or bgr or mono"),
        ('{"color": "mono"}', "color is 'mono', but the input 'image' has 3 channels"),
        ('{"resize": "crop"}', "resize is 'crop', expected stretch or letterbox"),
        ('{"mean": [1, 2]}', "mean has 2 numbers, expected 3"),
        ('{"scale": ["x", 1, 1]}', "scale has 'x' where a number is expected"),
        ('{"scale": [1, 1, NaN]}', "has nan where a finite number is expected"),
        ('{"pad_value": 300}', "pad_value is 300, expected a grey level 0..255"),
        ('{"input": "picture"}', "input is 'picture', but the model's is 'image'"),
    ],
)
def test_bad_preprocess_file_is_refused(
    content: str, message: str, tiny_onnx: Path, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "preprocess.json"
    file.write_text(content)
    sentence = refusal(
        capsys, "compile", tiny_onnx, "-o", tmp_path / "out.edge", "--preprocess", file
    )
    assert str(file) in sentence
    assert message in sentence


def test_bad_output_is_refused_and_left_alone(
    tiny_onnx: Path, tmp_path: Path, capsys: Capture
) -> None:
    folder = tmp_path / "photos.edge"
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"precious")
    assert "is no bundle" in refusal(capsys, "compile", tiny_onnx, "-o", folder)
    assert (folder / "holiday.jpg").read_bytes() == b"precious"
    assert "must end in .edge" in refusal(capsys, "compile", tiny_onnx, "-o", tmp_path / "out")
    nowhere = tmp_path / "no" / "out.edge"
    assert "does not exist" in refusal(capsys, "compile", tiny_onnx, "-o", nowhere)


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


# Bad bundles and images.


def test_changed_byte_of_a_bundle_is_noticed(
    tiny_bundle: Path, photo: Path, tmp_path: Path, capsys: Capture
) -> None:
    for name in ("model.so", "selftest.npz", "manifest.json", "report.html"):
        bundle = shutil.copytree(tiny_bundle, tmp_path / f"{name}.edge")
        data = bytearray((bundle / name).read_bytes())
        data[len(data) // 2] ^= 1
        (bundle / name).write_bytes(data)
        for command in (("verify", bundle), ("run", bundle, photo), ("explain", bundle)):
            assert name in refusal(capsys, *command)


def test_other_model_than_the_bundles_is_refused(
    tiny_bundle: Path, tmp_path: Path, capsys: Capture
) -> None:
    other = tmp_path / "other.onnx"
    onnx.save(small(), other)
    sentence = refusal(capsys, "verify", tiny_bundle, "--model", other)
    assert "is not the model that" in sentence
    assert "No such file" in refusal(capsys, "verify", tiny_bundle, "--model", tmp_path / "none")


def test_bundle_that_is_none_is_refused(tmp_path: Path, capsys: Capture) -> None:
    for command in ("verify", "explain", "profile"):
        assert "does not exist" in refusal(capsys, command, tmp_path / "none.edge")


def test_bad_images_are_refused(tiny_bundle: Path, tmp_path: Path, capsys: Capture) -> None:
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    assert "is not an image" in refusal(capsys, "run", tiny_bundle, text)
    assert "No such file" in refusal(capsys, "run", tiny_bundle, tmp_path / "none.png")
    Image.new("RGB", (40, 30)).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:60])
    assert "cut.png" in refusal(capsys, "run", tiny_bundle, tmp_path / "cut.png")


def test_model_without_preprocessing_says_what_to_do(tmp_path: Path, capsys: Capture) -> None:
    onnx.save(small(), tmp_path / "small.onnx")
    assert run("compile", tmp_path / "small.onnx", "-o", tmp_path / "small.edge") == 0
    assert "--preprocess FILE.json" in capsys.readouterr().err
    Image.new("RGB", (4, 3)).save(tmp_path / "i.png")
    sentence = refusal(capsys, "run", tmp_path / "small.edge", tmp_path / "i.png")
    assert "has no pre-processing" in sentence


# Interruptions, in a process of its own.


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
