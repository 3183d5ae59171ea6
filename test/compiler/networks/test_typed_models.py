"""Models of integers, bools and images of bytes, from the file to the robot's loader."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
import pytest
from small_models import Array, make_model, node, run, weights, with_output_types, with_variants

from edge_compiler import targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.errors import CompileError
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.proof.prove import Prover
from edge_compiler.samples.preprocess import preprocess
from edge_compiler.sandbox import NativeSandbox
from edge_compiler.targets.program.variants import BASELINE
from edge_perception.runtime import BundleError, load, read_manifest, schema
from edge_perception.runtime.manifest import Manifest, Preprocess

INT32, INT64 = onnx.TensorProto.INT32, onnx.TensorProto.INT64
UINT8, BOOL = onnx.TensorProto.UINT8, onnx.TensorProto.BOOL
PAIRS, TERMS = 400, 60


@pytest.fixture(autouse=True)
def one_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(targets.TARGETS, "host", with_variants("host", BASELINE))


def compiled(model: onnx.ModelProto, folder: Path) -> tuple[Path, Manifest]:
    onnx.save(with_output_types(model), folder / "model.onnx")
    bundle = folder / "model.edge"
    return bundle, compile_model(folder / "model.onnx", bundle, Options(), lambda *_: None)


def labeller() -> onnx.ModelProto:
    """Return a network from an image of bytes, channels last, to a class for each pixel."""
    return make_model(
        [
            node("Transpose", "image", "planes", perm=[0, 3, 1, 2]),
            node("Cast", "planes", "pixels", to=onnx.TensorProto.FLOAT),
            node("Conv", "pixels w", "scores", pads=[1, 1, 1, 1]),
            node("ArgMax", "scores", "classes", axis=1, keepdims=0),
            node("Greater", "scores limit", "sure"),
        ],
        {"image": [1, 13, 17, 3]},
        {"w": weights(21, 3, 3, 3), "limit": np.float32(100)},
        outputs=["classes", "sure"],
        types={"image": UINT8},
    )


def test_bytes_in_and_classes_out(tmp_path: Path) -> None:
    model = labeller()
    bundle, manifest = compiled(model, tmp_path)
    said = [(t.name, t.dtype) for t in (*manifest.model.inputs, *manifest.model.outputs)]
    assert said == [("image", "uint8"), ("classes", "int64"), ("sure", "bool")]
    image = np.random.default_rng(5).integers(0, 256, (1, 13, 17, 3), np.uint8)
    with load(bundle, threads=1, selftest=True) as loaded:
        ours = loaded.run({"image": image})
    for array, expected in zip(ours.values(), run(model, {"image": image}), strict=True):
        assert array.dtype == expected.dtype
        assert np.mean(array != expected) < 1e-2  # but for pixels where two classes are as good


@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_frames_become_bytes(layout: str, resize: str, tmp_path: Path) -> None:
    perm = [0, 3, 1, 2] if layout == "NHWC" else [0, 1, 2, 3]
    shape = (1, 18, 27, 3) if layout == "NHWC" else (1, 3, 18, 27)
    model = make_model(
        [node("Transpose", "x", "planes", perm=perm), node("Cast", "planes", "y", to=1)],
        {"x": shape},
        types={"x": UINT8},
    )
    spec = Preprocess("x", "bgr", resize, (3.0, 0.0, -20.0), (1.1, 0.9, 1.0), pad_value=200.0)
    entry = model.metadata_props.add(key="edge.preprocess")
    entry.value = json.dumps(schema.encode(spec))
    bundle, manifest = compiled(model, tmp_path)
    frame = np.random.default_rng(3).integers(0, 256, (50, 64, 3), np.uint8)
    expected = preprocess(frame, spec, manifest.model.inputs[0])
    turned = [[[0, 2, 5], [-1.5, 0, 40]]]  # pixels of the frame for those of the input
    with load(bundle, threads=2, selftest=True) as loaded:
        made = loaded.preprocess(frame, "rgb8")
        (planes,) = loaded.run_image(frame, "rgb8").values()
        region = loaded.preprocess(frame, "rgb8", turned[0])
        ((of_region,),) = (
            outputs.values() for outputs in loaded.run_regions(frame, "rgb8", turned)
        )
    assert made.dtype == np.uint8
    assert np.abs(made - np.clip(expected, 0, 255)).max() <= 0.501
    np.testing.assert_array_equal(planes, made.transpose(perm))
    np.testing.assert_array_equal(of_region, region.transpose(perm))
    assert len(np.unique(region)) > 100


def test_arrays_of_another_type_are_refused(tmp_path: Path) -> None:
    bundle, _ = compiled(labeller(), tmp_path)
    image = np.zeros((1, 13, 17, 3), np.float32)
    with (
        load(bundle, threads=1) as loaded,
        pytest.raises(BundleError, match=r"'image' must be a uint8 array but is float32.*asarray"),
    ):
        loaded.run({"image": image})


def test_indices_are_tried_in_the_range_of_what_they_index(tmp_path: Path) -> None:
    table = weights(3, 8)
    model = make_model(
        [node("Gather", "table i", "y")], {"i": [5]}, {"table": table}, types={"i": INT64}
    )
    bundle, _ = compiled(model, tmp_path)
    with load(bundle, threads=1) as loaded:
        rows = loaded.run({"i": np.array([2, -3, 0, 7, -9])})["y"]
    np.testing.assert_array_equal(rows, table[[2, 0, 0, 2, 0]])  # none is read from elsewhere


CASTABLE = {
    "float": np.float32,
    "bool": np.bool_,
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "uint16": np.uint16,
    "int32": np.int32,
    "uint32": np.uint32,
    "int64": np.int64,
}


def test_all_casts_are_those_of_onnx_runtime(tmp_path: Path) -> None:
    codes = {
        name: onnx.helper.np_dtype_to_tensor_dtype(np.dtype(x)) for name, x in CASTABLE.items()
    }
    pairs = [(one, other) for one in codes for other in codes if one != other]
    nodes = [node("Cast", one, f"{one}_{other}", to=codes[other]) for one, other in pairs]
    outputs = [output for n in nodes for output in n.output]
    model = make_model(nodes, dict.fromkeys(codes, (4,)), outputs=outputs, types=codes)
    bundle, _ = compiled(model, tmp_path)
    edges = {
        name: np.array([np.iinfo(x).min, np.iinfo(x).max, 0, 7], x)
        for name, x in CASTABLE.items()
        if name not in ("float", "bool")
    }
    edges["float"] = np.array([-3.75, 250.5, 1e9, -70000.2], np.float32)
    edges["bool"] = np.array([True, False, True, False])
    expected = dict(zip(outputs, run(with_output_types(model), edges), strict=True))
    with load(bundle, threads=1) as loaded:
        for name, ours in loaded.run(edges).items():
            np.testing.assert_array_equal(ours, expected[name], name)


def ties() -> onnx.ModelProto:
    """Return a network that chooses between sums of the same terms in another order."""
    rng = np.random.default_rng(2)
    w = np.zeros((2 * TERMS, 2 * PAIRS), np.float32)
    w[:TERMS, ::2] = rng.uniform(-1, 1, (TERMS, PAIRS))
    w[TERMS:, 1::2] = w[:TERMS, ::2][::-1]
    return make_model(
        [
            node("Slice", "x last first axis back", "flipped"),
            node("Concat", "x flipped", "both", axis=1),
            node("Gemm", "both w", "sums"),
            node("Reshape", "sums pairs", "choices"),
            node("ArgMax", "choices", "chosen", axis=1, keepdims=0),
            node("Gather", "table chosen", "rows"),
            node("Mul", "rows rows", "squares"),
        ],
        {"x": [1, TERMS]},
        {
            "w": w,
            "last": np.array([-1]),
            "first": np.array([-TERMS - 1]),
            "axis": np.array([1]),
            "back": np.array([-1]),
            "pairs": np.array([PAIRS, 2]),
            "table": np.array([[1, -3], [5, 7]], np.float32),
        },
        outputs=["chosen", "squares"],
    )


def test_a_choice_that_a_rounding_decides_is_proven(tmp_path: Path) -> None:
    model = ties()
    bundle, manifest = compiled(model, tmp_path)
    assert "in float64" in manifest.proof.reference
    assert manifest.proof.worst_error <= 1e-4
    with load(bundle, threads=1, selftest=True) as loaded:
        x = np.random.default_rng(1).standard_normal((1, TERMS), np.float32)
        ours, (theirs, _) = loaded.run({"x": x})["chosen"], run(model, {"x": x})
    assert 0 < np.mean(ours != theirs) < 0.9  # what is proven does differ


def flip_one(value: Array) -> Array:
    changed = value.copy()
    changed.flat[7] = not changed.flat[7] if value.dtype.kind == "b" else changed.flat[7] + 1
    return changed


@pytest.mark.parametrize("name", ["classes", "sure", "planes"])
def test_one_wrong_integer_is_found(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, manifest = compiled(labeller(), tmp_path)
    honest = NativeSandbox.observe

    def observe(*arguments: object) -> list[Array]:
        values = list(honest(*arguments))  # type: ignore[arg-type]
        index = next(i for i, step in enumerate(steps) if step.value == name)
        values[index] = flip_one(values[index])
        return values

    monkeypatch.setattr(NativeSandbox, "observe", observe)
    steps = read_manifest(bundle).model.steps
    reference = Reference(
        tmp_path / "model.onnx", manifest.model.inputs, [step.value for step in steps]
    )
    message = rf"wrong at node '{name}': 1 of \d+ elements differ, the first at \[0, 0,"
    with (
        NativeSandbox(bundle / "model.so") as sandbox,
        pytest.raises(CompileError, match=message),
    ):
        Prover(sandbox, manifest.model, reference).prove((), lambda *_: None)


HALF, DOUBLE = onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE


def other_floats(type_: int, dtype: type) -> onnx.ModelProto:
    """Return a network that is written in another float as a whole, with a large mask."""
    mask = np.zeros((1, 12), dtype)
    mask[0, 3:] = np.finfo(dtype).min
    return make_model(
        [
            node("Conv", "x w b", "c", pads=[1, 1, 1, 1]),
            node("Relu", "c", "r"),
            node("GlobalAveragePool", "r", "p"),
            node("Flatten", "p", "f"),
            node("Cast", "f", "single", to=onnx.TensorProto.FLOAT),
            node("Cast", "single", "again", to=type_),
            node("Add", "again mask", "masked"),
            node("Softmax", "masked", "y"),
        ],
        {"x": [1, 3, 8, 8]},
        {"w": weights(12, 3, 3, 3).astype(dtype), "b": weights(12).astype(dtype), "mask": mask},
        outputs=["y", "r"],
        types={"x": type_},
    )


@pytest.mark.parametrize(
    ("type_", "dtype", "tolerance"), [(HALF, np.float16, 4e-3), (DOUBLE, np.float64, 1e-5)]
)
def test_a_file_of_other_floats_is_computed_in_float32(
    type_: int, dtype: type, tolerance: float, tmp_path: Path
) -> None:
    model = other_floats(type_, dtype)
    bundle, manifest = compiled(model, tmp_path)
    assert "in float32" in manifest.proof.reference
    tensors = (*manifest.model.inputs, *manifest.model.outputs)
    assert {tensor.dtype for tensor in tensors} == {"float32"}
    x = np.random.default_rng(1).uniform(-1, 1, (1, 3, 8, 8)).astype(np.float32)
    with load(bundle, threads=1, selftest=True) as loaded:
        ours = loaded.run({"x": x})
    expected = ReferenceEvaluator(model).run(None, {"x": x.astype(dtype)})
    for values, want in zip(ours.values(), expected, strict=True):
        assert want.dtype == dtype
        difference = np.abs(values - want.astype(np.float64))
        assert difference.max() <= tolerance * np.abs(want).max()


def test_large_weights_of_half_floats_stay_in_their_file(tmp_path: Path) -> None:
    w = weights(600, 20).astype(np.float16)
    nodes = [node("Cast", "w", "wide", to=onnx.TensorProto.FLOAT), node("MatMul", "x wide", "y")]
    model = make_model(nodes, {"x": [1, 600]}, {"w": w})
    bundle, _ = compiled(model, tmp_path)
    x = weights(1, 600)
    with load(bundle, threads=1) as loaded:
        ours = loaded.run({"x": x})["y"]
    np.testing.assert_allclose(ours, x.astype(np.float64) @ w.astype(np.float64), atol=1e-4)


def test_divisors_that_are_zero_stop_no_robot(tmp_path: Path) -> None:
    """ONNX Runtime refuses them, so the proof has others."""
    nodes = [node("Div", "a b", "whole"), node("Mod", "a b", "rest")]
    shapes = {"a": [2, 3], "b": [3]}
    model = make_model(nodes, shapes, outputs=["whole", "rest"], types=dict.fromkeys("ab", INT32))
    bundle, _ = compiled(model, tmp_path)
    a, b = np.array([[7, -7, 7], [-128, 2, 0]], np.int32), np.array([2, 0, -3], np.int32)
    with load(bundle, threads=1, selftest=True) as loaded:
        found = loaded.run({"a": a, "b": b})
    assert found["whole"].tolist() == [[3, 0, -2], [-64, 0, 0]]
    assert found["rest"].tolist() == [[1, -7, -2], [0, 2, 0]]
