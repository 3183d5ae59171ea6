"""A small model written by hand (program.c), in the layouts that a test asks for."""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
import platform
import subprocess

from edge_perception.runtime import model_to_json
from edge_perception.runtime.manifest import ABI_VERSION, Decoder, Model, Preprocess, Step, Tensor

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "edge_compiler/targets/program/runtime"
INCLUDES = ("-I", str(RUNTIME), "-I", str(ROOT / "edge_compiler/targets/include"))
LIBRARIES = ("-lpthread", "-lm")
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
            variants=("future", "slow", "fast", "other", "baseline"),
            requires=(),
            inputs=(Tensor("x", self.shape, layout="NHWC" if self.channels_last else "NCHW"),),
            outputs=(Tensor("doubled", self.shape), Tensor("box", self.shape)),
            preprocess=preprocess if self.image else None,
            decoder=Decoder(),
            labels=(),
            steps=steps,
            allocations=(),
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
    """Write the model"s sources and return the compiler"s arguments for them."""
    text = json.dumps(model_to_json(spec.model()))  # an ASCII C string: JSON escapes no control
    description = directory / "description.c"
    description.write_text(
        f'#include "program.h"\nconst char edge_description[] = {text};\n', encoding="utf-8"
    )
    return [str(Path(__file__).with_name("program.c")), str(description), *spec.defines()]


def compile_model(directory: Path, spec: Spec, runtime: list[str], *arguments: str) -> Path:
    """Build the model"s library out of ``runtime`` (sources or objects) and return its path."""
    library = directory / "model.so"
    compile_c(
        "gcc",
        library,
        *("-O1", "-fPIC", "-shared", "-fvisibility=hidden"),
        *write_program(directory, spec),
        *runtime,
        *arguments,
        *LIBRARIES,
    )
    return library
