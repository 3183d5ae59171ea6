"""Every operator and kernel on Arm: code without a warning, right, NaN and infinity kept."""

from collections.abc import Iterator
from pathlib import Path

from cross import tools_or_skip
import onnx
from operator_models import Built, PROVEN_MODELS
import pytest
from special_numbers import APART, assert_kept, SPECIAL

from edge_compiler import compile as stages
from edge_compiler.targets.program import build

TARGETS = ["aarch64", "armv7"]
QUICK = ("convolutions", "moves", "quantised")
"""What 32 bits and half as many registers are most likely to break."""
CASES = [
    pytest.param(
        target, model, marks=pytest.mark.slow if target == "armv7" and model not in QUICK else ()
    )
    for target in TARGETS
    for model in PROVEN_MODELS
]


@pytest.mark.parametrize(("target", "model"), CASES)
def test_operators_have_no_warning_and_are_proven(
    target: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools_or_skip(target)
    path = tmp_path / "model.onnx"
    onnx.save(PROVEN_MODELS[model](), path)
    monkeypatch.setattr(build, "COMMON_FLAGS", (*build.COMMON_FLAGS, "-Werror"))
    stages.compile_model(path, tmp_path / "x.edge", stages.Options(target), lambda *_: None)


@pytest.fixture(
    scope="module", params=[(target, model) for target in TARGETS for model in APART], ids="-".join
)
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    target, model = request.param
    tools_or_skip(target)
    folder = tmp_path_factory.mktemp(model)
    with Built(PROVEN_MODELS[model](), folder, target) as compiled:
        yield compiled


@pytest.mark.slow
@pytest.mark.parametrize("special", SPECIAL)
def test_special_numbers_give_what_onnx_runtime_gives(built: Built, special: str) -> None:
    if special == "denormal" and built.model.target.startswith("arm-"):
        pytest.skip("NEON of 32-bit Arm takes denormal numbers for zero")
    assert_kept(built, SPECIAL[special])
