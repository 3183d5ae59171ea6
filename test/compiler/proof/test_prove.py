"""Whether the proof notices what is wrong: kernels, pre-processing, crashes, hangs, NaN."""

from collections.abc import Callable, Mapping
from pathlib import Path
import subprocess
from typing import Any

import cv2
import numpy as np
import onnx
from onnx import numpy_helper
import pytest
from small_models import make_model, node, weights

from edge_compiler import targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.description.describe import Description
from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.progress import Progress
from edge_compiler.proof.difference import is_wrong
from edge_compiler.proof.prove import Prover
from edge_compiler.samples.noise import random_inputs
from edge_compiler.samples.preprocess import preprocess
from edge_compiler.sandbox import NativeSandbox, Sandbox
from edge_compiler.targets.base import BuildOptions, Target
from edge_perception.runtime import BundleError, check_variants, load, read_manifest
from edge_perception.runtime.manifest import Model, Preprocess, Tensor
from edge_perception.runtime.selftest import read_selftest, run_selftest

Array = np.ndarray[Any, Any]


def silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


class WrongTarget(Target):
    """A target whose code multiplies with one wrong weight."""

    def build(
        self,
        graph: Graph,
        description: Description,
        directory: Path,
        progress: Progress,
        options: BuildOptions,
    ) -> Model:
        """Change a weight of the second convolution, then build."""
        head = next(value for value in graph.constants() if value.name == "head.weight")
        assert head.constant is not None
        head.constant = head.constant.copy()
        head.constant.flat[0] += 0.01
        return super().build(graph, description, directory, progress, options)


def test_wrong_kernel_is_named_and_leaves_no_bundle(
    tiny_onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = targets.get("host")
    wrong = WrongTarget(host.name, host.platform, host.home)
    monkeypatch.setitem(targets.TARGETS, "host", wrong)
    message = (
        r"wrong at node 'head'.*: relative error \S+ where 0.0001 is allowed, "
        r"worst at \[0, 0, \d+, \d+\]: \S+ instead of \S+ \(variant \w+, 2 thread"
    )
    with pytest.raises(CompileError, match=message):
        compile_model(tiny_onnx, tmp_path / "wrong.edge", Options(), silent)
    assert list(tmp_path.iterdir()) == []


class Tampered(NativeSandbox):
    """A sandbox whose library's values are changed on their way."""

    step: int
    threads: int
    change: Callable[[Array], Array]

    def observe(self, variant: str, threads: int, inputs: Mapping[str, Array]) -> list[Array]:
        """Change the value of one step, with so many threads only."""
        values = list(super().observe(variant, threads, inputs))
        if threads == self.threads:
            values[self.step] = self.change(values[self.step])
        return values

    def run(self, variant: str, threads: int, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Change the output that is that step's value likewise."""
        outputs = super().run(variant, threads, inputs)
        if threads == self.threads:
            outputs["scores"] = self.change(outputs["scores"])
        return outputs


def with_nan(value: Array) -> Array:
    value = value.copy()
    value.flat[-1] = np.nan
    return value


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_nan, "1 of 3 values are NaN or infinite"),
        (lambda value: value[:, :2], r"shape \[1, 2\] where \[1, 3\] is expected"),
        (lambda value: value * 1.001, "relative error 0.00"),
    ],
)
def test_any_wrong_value_of_any_thread_count_is_noticed(
    tiny_bundle: Path,
    tiny_onnx: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Array], Array],
    message: str,
    threads: int,
) -> None:
    model = read_manifest(tiny_bundle).model
    last = max(i for i, step in enumerate(model.steps) if step.value == "scores")
    monkeypatch.setattr(Tampered, "step", last, raising=False)
    monkeypatch.setattr(Tampered, "threads", threads, raising=False)
    monkeypatch.setattr(Tampered, "change", staticmethod(change), raising=False)
    reference = Reference(tiny_onnx, model.inputs, [step.value for step in model.steps])
    with Tampered(tiny_bundle / "model.so") as sandbox:
        prover = Prover(sandbox, model, reference)
        with pytest.raises(CompileError, match=rf"node 'softmax'.*{message}.*{threads} thread"):
            prover.prove((), silent)


def test_where_instruction_sets_choose_differently_there_are_several_answers(
    tmp_path: Path,
) -> None:
    """Scores in pairs whose terms are the same, in another order: rounding decides on the best."""
    w, order = weights(128, 64), np.arange(128)[::-1].copy()
    # of so many choices not all are alike, whatever the numbers
    constants = {"w": w, "turned": w[::-1].copy(), "order": order, "k": np.array([96])}
    nodes = [
        node("MatMul", "x w", "one"),
        node("Gather", "x order", "back", axis=1),
        node("MatMul", "back turned", "other"),
        node("Concat", "one other", "scores", axis=1),
        node("TopK", "scores k", "best places", axis=1),
        node("Gather", "table places", "y", axis=0),
    ]
    constants["table"] = weights(128, 3)
    onnx.save(make_model(nodes, {"x": [1, 128]}, constants, ["y"]), tmp_path / "model.onnx")
    bundle = tmp_path / "model.edge"
    proof = compile_model(tmp_path / "model.onnx", bundle, Options(), silent).proof
    inputs, answers = read_selftest(bundle, read_manifest(bundle))
    errors = check_variants(bundle)
    assert proof.answers == len(answers) == min(len(errors), 2)  # with and without FMA
    assert max(errors.values()) <= proof.tolerance == 1e-4
    answer = answers[-1]["y"]
    with load(bundle) as model:
        assert not is_wrong(model.run(inputs)["y"], answers[0]["y"])
        swapped = {"y": answer[:, ::-1]}
        selftest = (inputs, (swapped,) * len(answers))
        with pytest.raises(BundleError, match="output 'y' is off by"):
            run_selftest(model, selftest, bundle / "selftest.npz", proof)


def test_wrong_preprocessing_is_noticed(
    tiny_bundle: Path, tiny_onnx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = read_manifest(tiny_bundle).model
    reference = Reference(tiny_onnx, model.inputs, [step.value for step in model.steps])
    honest = NativeSandbox.preprocess
    monkeypatch.setattr(
        NativeSandbox, "preprocess", lambda *arguments: honest(*arguments)[:, ::-1].copy()
    )
    with NativeSandbox(tiny_bundle / "model.so") as sandbox:
        prover = Prover(sandbox, model, reference)
        with pytest.raises(CompileError, match="pre-processing is wrong on a noisy frame"):
            prover.prove((), silent)


def test_proof_covers_every_tensor_of_the_model(tiny_bundle: Path, tiny_onnx: Path) -> None:
    model = read_manifest(tiny_bundle).model
    steps = [step for step in model.steps if step.value]
    reference = Reference(tiny_onnx, model.inputs, [step.value for step in steps])
    assert {step.value for step in steps} <= reference.tensors
    proof = read_manifest(tiny_bundle).proof
    assert 0 < proof.worst_error <= proof.tolerance == 1e-4
    assert proof.inputs == 3


def library(folder: Path, code: str) -> Path:
    source = folder / "bad.c"
    source.write_text("#include <stdlib.h>\n#include <unistd.h>\n#include <stdio.h>\n" + code)
    path = folder / "bad.so"
    subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", str(path)], check=True)
    return path


START = "__attribute__((constructor)) static void start(void)"


def test_crash_of_the_library_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    path = library(tmp_path, START + '{ fputs("double free\\n", stderr); abort(); }')
    with (
        NativeSandbox(path) as sandbox,
        pytest.raises(CompileError, match=r"crashed in best_variant\(\): SIGABRT, double free"),
    ):
        sandbox.best_variant()


def test_exit_of_the_library_is_an_error(tmp_path: Path) -> None:
    path = library(tmp_path, START + "{ exit(0); }")
    with (
        NativeSandbox(path) as sandbox,
        pytest.raises(CompileError, match=r"crashed.*exit code 0"),
    ):
        sandbox.best_variant()


def test_hang_of_the_library_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sandbox, "reply_timeout_s", 0.1)
    path = library(tmp_path, START + "{ for (;;) pause(); }")
    with NativeSandbox(path) as sandbox, pytest.raises(CompileError, match="did not answer"):
        sandbox.best_variant()


def test_what_is_no_library_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "model.so"
    path.write_bytes(b"no library")
    with NativeSandbox(path) as sandbox, pytest.raises(CompileError, match="can't be loaded"):
        sandbox.best_variant()


def test_model_that_gives_nan_itself_is_refused(tmp_path: Path) -> None:
    zero = np.zeros((1, 4), np.float32)
    model = make_model([node("Div", "x zero", "y")], {"x": [1, 4]}, {"zero": zero})
    onnx.save(model, tmp_path / "nan.onnx")
    with pytest.raises(CompileError, match="model itself gives NaN or infinity at node"):
        compile_model(tmp_path / "nan.onnx", tmp_path / "nan.edge", Options(), silent)
    assert not (tmp_path / "nan.edge").exists()


def test_reference_reads_external_data_and_new_shapes(tmp_path: Path) -> None:
    model = make_model(
        [node("Add", "x w", "sum"), node("Relu", "sum", "y")],
        {"x": [1, "channels"]},
        {"w": weights(1, 300)},
    )
    path = tmp_path / "external.onnx"
    onnx.save(model, path, save_as_external_data=True, location="external.bin", size_threshold=0)
    reference = Reference(path, [Tensor("x", (1, 300))], ["sum", "no such tensor"])
    x = np.ones((1, 300), np.float32)
    values = reference.run({"x": x})
    assert set(values) == reference.tensors == {"sum", "y"}
    w = numpy_helper.to_array(onnx.load(path).graph.initializer[0])
    np.testing.assert_array_equal(values["sum"], x + w)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_preprocessing_is_that_of_opencv(layout: str) -> None:
    frame = np.random.default_rng(3).integers(0, 256, (48, 64, 3), np.uint8)
    spec = Preprocess("image", "bgr", "stretch", (10.0, 20.0, 30.0), (0.5, 1.0, 2.0))
    shape = (1, 3, 40, 100) if layout == "NCHW" else (1, 40, 100, 3)
    image = preprocess(frame, spec, Tensor("image", shape, layout=layout))
    expected = cv2.resize(frame[:, :, ::-1].astype(np.float32), (100, 40))
    expected = (expected - np.float32(spec.mean)) * np.float32(spec.scale)
    if layout == "NCHW":
        expected = expected.transpose(2, 0, 1)
    np.testing.assert_allclose(image[0], expected, rtol=0, atol=1e-3)


def test_letterbox_keeps_the_proportions_and_pads_around() -> None:
    frame = np.full((50, 100, 3), 200, np.uint8)
    spec = Preprocess("image", "rgb", "letterbox", pad_value=7)
    image = preprocess(frame, spec, Tensor("image", (1, 3, 64, 64), layout="NCHW"))[0, 0]
    assert np.all(image[16:48] == 200)
    assert np.all(image[:16] == 7)
    assert np.all(image[48:] == 7)


def test_grey_is_that_of_bt601() -> None:
    frame = np.array([[[255, 0, 0]], [[0, 255, 0]], [[0, 0, 255]]], np.uint8)
    spec = Preprocess("image", "mono", mean=(0.0,), scale=(1.0,))
    image = preprocess(frame, spec, Tensor("image", (1, 1, 3, 1), layout="NCHW"))
    np.testing.assert_allclose(image.ravel() / 255, [0.299, 0.587, 0.114], atol=1e-6)


def test_random_masks_keep_the_first_and_most() -> None:
    tensors = [Tensor("attention_mask", (40, 16), "int64"), Tensor("mask", (), "int32")]
    mask, one = random_inputs(tensors, None, 1).values()
    assert set(np.unique(mask)) == {0, 1}
    assert np.all(mask[:, 0])
    assert mask.mean() > 0.6
    assert one in (0, 1)


def test_random_inputs_are_reproducible_and_in_range() -> None:
    tensor = Tensor("image", (1, 3, 33, 17), layout="NCHW")
    spec = Preprocess("image", mean=(100.0,) * 3, scale=(0.01,) * 3)
    first = random_inputs([tensor], spec, 1)["image"]
    np.testing.assert_array_equal(first, random_inputs([tensor], spec, 1)["image"])
    assert np.any(first != random_inputs([tensor], spec, 2)["image"])
    pixels = first / 0.01 + 100
    assert pixels.min() > -1e-3
    assert pixels.max() < 255.001
    assert pixels.std() > 40
