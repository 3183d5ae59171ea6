"""Integers are the same bytes on every machine, with every instruction set."""

from hashlib import sha256
from pathlib import Path

from cross import tools_or_skip
import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from operator_builder import Builder
from operator_bytes import extreme_bytes, sums_of_bytes
from operator_models import Built, OPERATOR_MODELS
import pytest
from small_models import Array

from edge_compiler.integers.network import Integers

TARGETS = ("host", "aarch64", "armv7")


@pytest.mark.parametrize("model", ["quantised", "signed_bytes"])
def test_quantised_operators_give_the_same_bytes_everywhere(model: str, tmp_path: Path) -> None:
    for target in TARGETS[1:]:
        tools_or_skip(target)
    proto = OPERATOR_MODELS[model]()
    random = np.random.default_rng(2)
    feeds = {
        value.name: random.standard_normal(
            [d.dim_value for d in value.type.tensor_type.shape.dim], np.float32
        )
        for value in proto.graph.input
    }
    found = {}
    for target in TARGETS:
        folder = tmp_path / target
        folder.mkdir()
        with Built(proto, folder, target) as built:
            for variant in built.variants:
                outputs = built.run(variant, feeds)
                digest = sha256(b"".join(outputs[name].tobytes() for name in sorted(outputs)))
                found[target, variant] = digest.hexdigest()
    assert {("aarch64", name) for name in ("i8mm", "dotprod", "neon")} < set(found)
    assert ("armv7", "neon") in found
    assert len(set(found.values())) == 1, found


@pytest.mark.parametrize("type_", [np.uint8, np.int8])
def test_no_sum_of_the_largest_weights_and_bytes_wraps_anywhere(
    type_: type[np.uint8] | type[np.int8], tmp_path: Path
) -> None:
    proto = extreme_bytes(type_)
    feeds = _at_both_ends(proto)
    expected: dict[str, bytes] = {}
    for target in TARGETS:
        tools_or_skip(target)
        folder = tmp_path / target
        folder.mkdir()
        with Built(proto, folder, target) as built:
            shapes = {name: x.shape for name, x in feeds.items()}
            truth = Integers(folder / "model.onnx", shapes)
            for variant in built.variants:
                for name, output in built.run(variant, feeds).items():
                    assert truth.defines(name)
                    if name not in expected:
                        expected[name] = truth.of(name, feeds).tobytes()
                    assert output.tobytes() == expected[name], (target, variant, name)


@pytest.mark.parametrize(("type_", "first"), [(np.uint8, 0), (np.int8, -128)])
@pytest.mark.parametrize("target", TARGETS[1:])
def test_sums_of_bytes_are_exact_on_arm(
    target: str, type_: type[np.uint8] | type[np.int8], first: int, tmp_path: Path
) -> None:
    tools_or_skip(target)
    proto = sums_of_bytes(type_, first)
    feeds = _at_both_ends(proto)
    expected = ReferenceEvaluator(proto).run(None, feeds)
    with Built(proto, tmp_path, target) as built:
        for variant in built.variants:
            found = built.run(variant, feeds)
            for output, sums in zip(proto.graph.output, expected, strict=True):
                np.testing.assert_array_equal(found[output.name], sums, f"{variant}")


def _at_both_ends(proto: onnx.ModelProto) -> dict[str, Array]:
    """Return numbers that become the least and the largest byte: side by side, and each alone."""
    random, feeds = np.random.default_rng(3), {}
    for value in proto.graph.input:
        shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
        x = random.choice(np.array([-100, 100], np.float32), shape)
        third = shape[-1] // 3 if len(shape) > 2 else 0
        x[..., :third], x[..., third : 2 * third] = -100, 100
        if len(shape) == 2:
            x[0], x[1] = -100, 100
        feeds[value.name] = x
    return feeds


def test_a_quotient_in_the_middle_is_rounded_alike(tmp_path: Path) -> None:
    """In float32 it is -72.5, and -72.500002 exactly: times the reciprocal it is beyond."""
    tools_or_skip("armv7")
    b = Builder(None, x=(4, 40))
    b.add("y", "QuantizeLinear", f"x {b.constant(1.0732275)} {b.constant(np.uint8(114))}")
    x = np.full((4, 40), -77.809, np.float32)
    with Built(b.model(), tmp_path, "armv7") as built:
        for variant in built.variants:
            [y] = built.run(variant, {"x": x}).values()
            assert (y == 114 - 72).all()
