"""Builds a small hand-written model with the real run-time part, in the layouts that a test asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
import json
from pathlib import Path
import platform
import subprocess

from edge_perception.runtime import model_to_json
from edge_perception.runtime.manifest import ABI_VERSION, Decoder, Model, Preprocess, Step, Tensor
import pytest

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "edge_compiler/targets/c/runtime"
INCLUDES = ("-I", str(RUNTIME), "-I", str(ROOT / "edge_compiler/targets/include"))
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True)
class Spec:
    """What the hand-written model looks like."""

    channels: int = 3
    height: int = 11
    width: int = 7
    block: int = 1
    dense_input: bool = False
    channels_last: bool = False
    color: str = "rgb"
    letterbox: bool = False
    mean: tuple[float, ...] = (10.0, 20.0, 30.0)
    scale: tuple[float, ...] = (0.5, 0.25, 0.125)
    pad_value: float = 114.0
    image: bool = True
    supported: str = "edge_cpu_always"
    name: str = "box"

    @property
    def shape(self) -> tuple[int, int, int, int]:
        if self.channels_last:
            return (1, self.height, self.width, self.channels)
        return (1, self.channels, self.height, self.width)

    def model(self) -> Model:
        steps = tuple(
            Step(name=name, kernel=name, nodes=(name,), value=name, shape=self.shape)
            for name in ("doubled", "box")
        )
        preprocess = Preprocess(
            input="x",
            color=self.color,
            resize="letterbox" if self.letterbox else "stretch",
            mean=self.mean[: self.channels],
            scale=self.scale[: self.channels],
            pad_value=self.pad_value,
        )
        return Model(
            name=self.name,
            sha256="0" * 64,
            compiler="by hand",
            abi=ABI_VERSION,
            target=f"{platform.machine()}-linux-gnu",
            variants=("future", "fast", "baseline"),
            requires=(),
            inputs=(Tensor("x", self.shape, layout="NHWC" if self.channels_last else "NCHW"),),
            outputs=(Tensor("doubled", self.shape), Tensor("box", self.shape)),
            preprocess=preprocess if self.image else None,
            decoder=Decoder(),
            labels=(),
            steps=steps,
            allocations=(),
            fusions=(),
            arena_bytes=0,
            weight_bytes=4,
            macs=0,
        )

    def defines(self) -> list[str]:
        numbers = ", ".join(f"{m}f" for m in self.mean)
        scales = ", ".join(f"{s}f" for s in self.scale)
        preprocessing = (
            f"{{ {int(self.image)}, {int(self.letterbox)}, {self.channels}, {self.height}, "
            f"{self.width}, {int(self.color == 'bgr')}, {int(self.channels_last)}, "
            f"{self.pad_value}f, {{ {numbers} }}, {{ {scales} }} }}"
        )
        values = {
            "CHANNELS": self.channels,
            "HEIGHT": self.height,
            "WIDTH": self.width,
            "BLOCK": self.block,
            "DENSE_INPUT": int(self.dense_input or self.channels_last),
            "PREPROCESSING": preprocessing,
            "EDGE_TEST_SUPPORTED": self.supported,
        }
        return [f"-D{key}={value}" for key, value in values.items()]


def compile_c(compiler: str, output: Path, *arguments: str) -> None:
    command = [compiler, *WARNINGS, *INCLUDES, *arguments, "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def write_program(directory: Path, spec: Spec) -> list[str]:
    """Write the model's sources and return the compiler's arguments for them."""
    text = json.dumps(model_to_json(spec.model()))  # an ASCII C string: JSON escapes no control
    description = directory / "description.c"
    description.write_text(
        f'#include "program.h"\nconst char edge_description[] = {text};\n', encoding="utf-8"
    )
    return [str(Path(__file__).with_name("program.c")), str(description), *spec.defines()]


Build = Callable[[Spec], Path]


@pytest.fixture(scope="session")
def runtime_objects(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The run-time part, compiled once."""
    directory = tmp_path_factory.mktemp("runtime")
    objects = []
    for source in sorted(RUNTIME.glob("*.c")):
        target = directory / (source.stem + ".o")
        compile_c("gcc", target, "-O3", "-fPIC", "-fvisibility=hidden", "-c", str(source))
        objects.append(str(target))
    return objects


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory, runtime_objects: list[str]) -> Build:
    """Build the hand-written model; the same one twice is built once."""
    built: dict[Spec, Path] = {}

    def build_once(spec: Spec) -> Path:
        if spec not in built:
            directory = tmp_path_factory.mktemp("model")
            library = directory / "model.so"
            compile_c(
                "gcc",
                library,
                *("-O1", "-fPIC", "-shared", "-fvisibility=hidden"),
                *write_program(directory, spec),
                *runtime_objects,
                "-lpthread",
                "-lm",
            )
            built[spec] = library
        return built[spec]

    return build_once


@pytest.fixture
def spec() -> Spec:
    return Spec()


__all__ = ["Build", "Spec", "replace"]
