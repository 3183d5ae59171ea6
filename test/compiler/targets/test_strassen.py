"""Strassen's method gives ONNX Runtime's results, on any number of threads, within its bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from small_models import make_model, node, run, runs_here, weights

from edge_compiler import targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.float64.strassen import mixed_sizes
from edge_compiler.sandbox import NativeSandbox
from edge_perception.runtime import read_manifest

CHANNELS, OUT = 96, 150  # the last of ten blocks has six


def test_odd_images_with_and_without_halos(tmp_path: Path) -> None:
    path, bundle = tmp_path / "model.onnx", tmp_path / "model.edge"
    nodes = [
        node("Conv", "x w b", "flat", kernel_shape=[1, 1]),
        node("Relu", "flat", "halo"),
        node("Conv", "halo w3", "deep", kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=OUT),
        node("Conv", "x w1", "other", kernel_shape=[1, 1]),
        node("Add", "deep other", "y"),
        node("Conv", "x w2", "stepped", kernel_shape=[1, 1], strides=[1, 2]),
        node("Clip", "stepped low high", "z"),
    ]
    constants = {
        "w": weights(OUT, CHANNELS, 1, 1),
        "b": weights(OUT),
        "w1": weights(OUT, CHANNELS, 1, 1),
        "w2": weights(192, CHANNELS, 1, 1),
        "w3": weights(OUT, 1, 3, 3),
        "low": np.float32(-1),
        "high": np.float32(2),
    }
    model = make_model(nodes, {"x": [2, CHANNELS, 15, 19]}, constants, ("y", "z"))
    onnx.save(model, path)
    compile_model(path, bundle, Options(), lambda *_: None)
    steps = read_manifest(bundle).model.steps
    assert sum(step.kernel.startswith("Strassen 1x1") for step in steps) == 3
    x = np.random.default_rng(2).normal(size=(2, CHANNELS, 15, 19)).astype("f")
    expected = dict(zip(("y", "z"), run(path, {"x": x}), strict=True))
    for variant in targets.get("host").platform.variants:
        if not runs_here(variant):
            continue
        with NativeSandbox(bundle / "model.so") as sandbox:
            one, *others = (sandbox.run(variant.name, count, {"x": x}) for count in (1, 2, 3))
        for name, value in one.items():
            error = np.abs(value - expected[name]).max() / np.abs(expected[name]).max()
            assert error < 1e-5, (variant.name, name)
            for other in others:
                np.testing.assert_array_equal(other[name], value)


@pytest.mark.parametrize("shape", [(3, 4), (3, 5)])
def test_all_terms_are_within_the_bound(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(3)
    w, x = random.random((64, 96)), random.random((1, 96, *shape))
    flat = x[0].reshape(96, -1)
    half = -(-flat.shape[1] // 2)
    (a11, a12), (a21, a22) = (np.hsplit(rows, 2) for rows in np.vsplit(w, 2))
    (b11, b21), (b12, b22) = (np.vsplit(b, 2) for b in (flat[:, :half], flat[:, -half:]))
    # see strassen.h, with all that is subtracted added up
    t1, t3 = b12 + b11, b22 + b12
    t2, s1, s3 = b22 + t1, a21 + a22, a11 + a21
    s2 = s1 + a11
    u = a11 @ b11 + s2 @ t2
    v, product = u + s3 @ t3, s1 @ t1
    left = np.vstack([a11 @ b11 + a12 @ b21, v + a22 @ (t2 + b21)])
    right = np.vstack([u + product + (a12 + s2) @ b22, v + product])
    sizes = mixed_sizes(w.reshape(64, 96, 1, 1), x).reshape(64, -1)
    assert np.all(left <= sizes[:, :half])
    assert np.all(right[:, -(flat.shape[1] - half) :] <= sizes[:, half:])
