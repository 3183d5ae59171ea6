"""NaN, infinities, denormal and extreme numbers: what ONNX Runtime gives, at every operator."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from operator_functions import ALL_ACTIVATIONS
from operator_models import Built, OPERATOR_MODELS
import pytest
from small_models import run, small_inputs
from special_numbers import APART, assert_kept, assert_like, is_turned, results, SPECIAL

from edge_perception.runtime import load


@pytest.fixture(scope="module", params=APART)
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp(request.param)
    with Built(OPERATOR_MODELS[request.param](), folder) as model:
        yield model


@pytest.mark.parametrize("special", SPECIAL)
def test_special_numbers_give_what_onnx_runtime_gives(built: Built, special: str) -> None:
    assert_kept(built, SPECIAL[special])


@pytest.mark.parametrize("special", SPECIAL)
def test_nothing_but_special_numbers(built: Built, special: str) -> None:
    feeds = small_inputs(built.model.inputs)
    for array in feeds.values():
        if array.dtype.kind == "f":
            array[...] = SPECIAL[special]
    for name, *compared in results(built, feeds):
        numbers = not is_turned(built, name, SPECIAL[special])
        assert_like(name, *compared, numbers=numbers)


@pytest.mark.parametrize("scale", [1e-3, 1e-6, 1e-30])
def test_activations_keep_the_digits_of_small_numbers(scale: float, tmp_path: Path) -> None:
    x = np.float32(scale) * np.random.default_rng(0).standard_normal((1, 20, 9, 11), np.float32)
    compared = set()
    with Built(OPERATOR_MODELS["activations"](), tmp_path) as built:
        for name, ours, theirs, _ in results(built, {"x": x}):
            if name in ("elu", "selu"):  # ONNX Runtime's exp(x) - 1 loses them
                alpha, gamma = {"elu": (0.7, 1.0), "selu": (1.5, 0.8)}[name]
                theirs = gamma * np.where(x < 0, alpha * np.expm1(x.astype(np.float64)), x)
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=0, err_msg=name)
            compared.add(name)
    assert compared == set(ALL_ACTIVATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("special", SPECIAL)
def test_special_numbers_in_a_trained_network(
    squeezenet_bundle: Path, squeezenet_onnx: Path, special: str
) -> None:
    with load(squeezenet_bundle, threads=1) as model:
        (tensor,) = model.manifest.model.inputs
        image = np.random.default_rng(0).standard_normal(tensor.shape).astype(np.float32)
        image[0, :, 100, 100] = SPECIAL[special]
        (ours,) = model.run({tensor.name: image}).values()
    (theirs,) = run(squeezenet_onnx, {tensor.name: image})
    if np.isfinite(SPECIAL[special]):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * np.abs(theirs).max())
    else:
        assert np.all(np.isnan(ours)), "a score hides that the image is broken"
        assert np.all(np.isnan(theirs))
