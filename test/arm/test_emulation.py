"""Bundles for Arm, proven and run in an emulator: what they give, and what is refused."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
import json
from pathlib import Path
import shutil
import subprocess
from typing import Any

from cross import edgec, refusal, tools_or_skip
import cv2
import numpy as np
import pytest
from small_models import with_variants

from edge_compiler import frontend, passes, targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.description.describe import describe, Overrides
from edge_compiler.errors import CompileError
from edge_compiler.running.bundle import open_sandbox
from edge_compiler.sandbox import EmulatedSandbox, NativeSandbox, Sandbox
from edge_compiler.targets.base import Target
from edge_compiler.targets.c import part
from edge_compiler.targets.program.variants import NEON64
from edge_compiler.toolchain import processors
from edge_compiler.toolchain.processors import Processor
from edge_perception.runtime import BundleError, load, read_contents, read_manifest, write_manifest
from edge_perception.runtime.files import describe_file
from edge_perception.runtime.manifest import Model, Step
from edge_perception.runtime.selftest import read_selftest

Array = np.ndarray[Any, Any]

CORTEX_A8 = Processor("cortex-a8", 0xC08, 7, ("half", "thumb", "vfp", "neon", "vfpv3"))
CORTEX_A9 = Processor("cortex-a9", 0xC09, 7, ("half", "thumb", "vfp", "neon", "vfpv3"))


def silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


def build(target: Target, model: Path, folder: Path) -> Model:
    """Compile a model without proving it."""
    graph = frontend.load(model, {})
    description = describe(graph, model, Overrides())
    passes.optimise(graph)
    return target.build(graph, description, folder, silent)


@pytest.fixture(scope="session", params=["aarch64", "armv7"])
def cross_bundle(
    request: pytest.FixtureRequest, made_once: Callable[..., Path], tiny_onnx: Path
) -> Path:
    """Return the path of the small model compiled for an Arm processor."""
    target: str = request.param
    tools_or_skip(target)
    return made_once(
        f"tiny-{target}.edge",
        lambda path: edgec("compile", tiny_onnx, "-o", path, "--target", target),
    )


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8))
    return path


def test_values_are_those_of_this_machine(cross_bundle: Path, tiny_bundle: Path) -> None:
    manifest = read_manifest(cross_bundle)
    model = manifest.model
    inputs, _ = read_selftest(cross_bundle, manifest)
    frame = np.random.default_rng(2).integers(0, 256, (30, 50, 3), np.uint8)
    with open_sandbox(cross_bundle, manifest) as there:
        assert isinstance(there, EmulatedSandbox)
        with NativeSandbox(tiny_bundle / "model.so") as here:
            ours = {step.value: value for step, value in _observed(here, inputs)}
            for step, value in _observed(there, inputs):
                if step.value in ours:
                    np.testing.assert_allclose(value, ours[step.value], rtol=1e-4, atol=1e-5)
            scores = there.run(model.variants[-1], 2, inputs)["scores"]
            np.testing.assert_allclose(scores, ours["scores"].reshape(scores.shape), rtol=1e-5)
            np.testing.assert_allclose(
                there.preprocess(frame, "bgr8"), here.preprocess(frame, "bgr8"), rtol=1e-6
            )


def _observed(sandbox: Sandbox, inputs: Mapping[str, Array]) -> Iterator[tuple[Step, Array]]:
    model = sandbox.model()
    return zip(model.steps, sandbox.observe(model.variants[-1], 1, inputs), strict=True)


def test_bundle_says_that_its_speed_is_unknown(cross_bundle: Path) -> None:
    contents = read_contents(cross_bundle)
    manifest = contents.manifest
    assert contents.record.speed is None
    assert 0 < manifest.proof.worst_error <= manifest.proof.tolerance
    report = json.loads((cross_bundle / "report.json").read_text())
    assert report["speed"] is None
    assert report["profile"] is None
    assert {step["milliseconds"] for step in report["steps"]} == {None}
    page = (cross_bundle / "report.html").read_text()
    assert "Proven in an emulator" in page
    assert "GFLOP/s" not in page
    assert "not measured" in edgec("explain", cross_bundle)
    assert "run edgec profile there; --qemu counts" in refusal("profile", cross_bundle)


def test_library_is_for_its_machine_and_needs_libc_alone(cross_bundle: Path) -> None:
    readelf = ["readelf", "--wide", "--file-header", "--dynamic", str(cross_bundle / "model.so")]
    found = subprocess.run(readelf, capture_output=True, text=True, check=True).stdout
    machine = {"aarch64": "AArch64", "arm": "ARM"}
    triple = read_manifest(cross_bundle).model.target
    assert f"Machine:                           {machine[triple.split('-')[0]]}" in found
    needed = {line.split("[")[1] for line in found.splitlines() if "(NEEDED)" in line}
    assert needed <= {"libc.so.6]", "libm.so.6]", "libpthread.so.0]"}


def test_verify_proves_every_step_again(cross_bundle: Path, tiny_onnx: Path) -> None:
    found = json.loads(edgec("verify", cross_bundle, "--model", tiny_onnx, "--json"))
    assert set(found["selftest_errors"]) == {"neon"}
    assert found["node_errors"]["softmax"] < 1e-4


def test_run_recognises_what_the_host_recognises(
    cross_bundle: Path, tiny_bundle: Path, photo: Path
) -> None:
    [here], [there] = (
        json.loads(edgec("run", bundle, photo, "--json")) for bundle in (tiny_bundle, cross_bundle)
    )
    assert here["milliseconds"] > 0
    assert there["milliseconds"] is None
    for ours, theirs in zip(here["detections"], there["detections"], strict=True):
        assert ours["label"] == theirs["label"]
        assert ours["score"] == pytest.approx(theirs["score"], rel=1e-4)


@pytest.mark.parametrize("command", ["verify", "run"])
def test_without_an_emulator_it_says_how_to_get_it(
    cross_bundle: Path, photo: Path, command: str
) -> None:
    photos = [photo] if command == "run" else []
    sentence = refusal(command, cross_bundle, *photos, path="/nowhere")
    target = cross_bundle.stem.removeprefix("tiny-")
    assert "can't be emulated here: qemu-" in sentence
    assert sentence.endswith(f"edgec toolchain install {target}")


def test_loader_of_another_machine_refuses_it(cross_bundle: Path) -> None:
    with pytest.raises(BundleError, match=r"compiled for (aarch64|arm) .*--target host"):
        load(cross_bundle)


def test_library_of_another_model_is_refused(
    cross_bundle: Path, tmp_path: Path, photo: Path
) -> None:
    bundle = shutil.copytree(cross_bundle, tmp_path / "other.edge")
    manifest = read_manifest(bundle)
    write_manifest(bundle, replace(manifest, model=replace(manifest.model, name="other")))
    for arguments in (["verify", bundle], ["run", bundle, photo]):
        assert "describe different models" in refusal(*arguments)


def test_file_that_is_no_library_is_refused(cross_bundle: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(cross_bundle, tmp_path / "broken.edge")
    (bundle / "model.so").write_bytes(b"no library")
    manifest = read_manifest(bundle, check=False)
    files = {**manifest.files, "model.so": describe_file(bundle / "model.so")}
    write_manifest(bundle, replace(manifest, files=files))
    assert "can't be loaded" in refusal("verify", bundle)


def test_processor_without_the_instructions_is_refused(tiny_onnx: Path, tmp_path: Path) -> None:
    tools = tools_or_skip("aarch64")
    dotprod = replace(
        NEON64,
        name="dotprod",
        flags=("-march=armv8.2-a+dotprod",),
        supported="edge_cpu_dotprod",
        features=("asimd", "asimddp"),
    )
    build(with_variants("aarch64", dotprod), tiny_onnx, tmp_path)
    library = tmp_path / "model.so"
    with EmulatedSandbox(library, tools, tools.emulator(processors.CORTEX_A76)) as sandbox:
        assert sandbox.best_variant() == "dotprod"
    with (
        EmulatedSandbox(library, tools, tools.emulator(processors.CORTEX_A53)) as sandbox,
        pytest.raises(CompileError, match=r"lacks .*asimddp.*--target aarch64$"),
    ):
        sandbox.best_variant()


@pytest.fixture(scope="module")
def armv7_library(tiny_onnx: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tools_or_skip("armv7")
    folder = tmp_path_factory.mktemp("armv7")
    build(targets.get("armv7"), tiny_onnx, folder)
    return folder / "model.so"


@pytest.mark.parametrize("processor", [CORTEX_A8, CORTEX_A9], ids=lambda p: p.name)
def test_older_armv7_is_refused(armv7_library: Path, processor: Processor) -> None:
    tools = tools_or_skip("armv7")
    with (
        EmulatedSandbox(armv7_library, tools, tools.emulator(processor)) as sandbox,
        pytest.raises(CompileError, match=r"lacks neon or vfpv4.*--target armv7$"),
    ):
        sandbox.best_variant()
    with EmulatedSandbox(armv7_library, tools, tools.emulator(processors.CORTEX_A7)) as sandbox:
        assert sandbox.best_variant() == "neon"


def test_wrong_kernel_is_refused_and_named(
    tiny_onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools_or_skip("aarch64")
    headers = {path.name: path for path in part.HEADERS}
    text = headers["conv.h"].read_text()
    assert "activation_apply(c.act, result)" in text
    headers["conv.h"] = tmp_path / "conv.h"
    headers["conv.h"].write_text(text.replace("activation_apply(c.act, result)", "result"))
    monkeypatch.setattr(part, "HEADERS", list(headers.values()))
    with pytest.raises(CompileError, match=r"wrong at node 'conv' .*variant neon, 2 thread"):
        compile_model(tiny_onnx, tmp_path / "wrong.edge", Options("aarch64"), silent)
    assert not (tmp_path / "wrong.edge").exists()


def test_tuning_is_refused_where_it_would_measure_the_emulator(
    tiny_onnx: Path, tmp_path: Path
) -> None:
    tools_or_skip("aarch64")
    sentence = refusal(
        "compile", tiny_onnx, "-o", tmp_path / "x.edge", "--target", "aarch64", "--tune"
    )
    assert "leave out --tune" in sentence
