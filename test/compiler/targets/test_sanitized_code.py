"""
Generated code has no memory error, undefined behaviour or data race, with every variant.

Sanitizers make compilers slow: ``make test`` takes the best instruction sets that run here,
``make test-long`` all of them.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
import platform
import subprocess

import onnx
from operator_builder import Builder, FLOAT, UINT8
from operator_models import PROVEN_MODELS
import pytest
from small_models import runs_here

from edge_compiler import frontend, passes, targets
from edge_compiler.description.describe import describe, Overrides
from edge_compiler.targets.base import Target
from edge_compiler.targets.machines import INSTRUCTION_SETS
from edge_compiler.targets.program import INCLUDE, library, RUNTIME
from edge_compiler.targets.program.variants import Variant
from edge_compiler.toolchain.machines import X86_64

MEMORY, RACES = "address,undefined", "thread"
DRIVER = Path(__file__).with_name("sanitized_driver.c")
LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="variants of x86-64")


def _this_machine(*, every: bool) -> Target:
    """Return the host with the instruction sets that run here, or with the best of each kind."""
    whole = targets.get("host")

    def of(variants: Sequence[Variant]) -> tuple[Variant, ...]:
        runnable = tuple(filter(runs_here, variants))
        return runnable if every else runnable[:1]

    sets = whole.platform
    platform = replace(
        sets,
        variants=of(sets.variants),
        for_bytes=of(sets.for_bytes),
        for_halves=of(sets.for_halves),
        for_both=of(sets.for_both),
    )
    return replace(whole, platform=platform)


@pytest.fixture(params=["best", pytest.param("every", marks=pytest.mark.long)])
def check(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    made_once: Callable[..., Path],
    assert_sanitized_run: Callable[..., None],
) -> Callable[[Path, str], None]:
    """Return a function that generates code for a model and runs it under a sanitizer."""
    monkeypatch.setattr(library, "build_library", lambda *_: None)

    def check_model(model: Path, sanitizer: str) -> None:
        graph = frontend.load(model)
        description = describe(graph, model, Overrides())
        passes.optimise(graph)
        target = _this_machine(every=request.param == "every")
        target.build(graph, description, tmp_path, lambda *_: None)
        shared = made_once(f"sanitized-{sanitizer}", lambda made: _build_shared(made, sanitizer))
        program = _build(tmp_path / "source", shared, sanitizer)
        found = {_variant(file) for file in (tmp_path / "source").glob("steps_*.c")}
        assert_sanitized_run(str(program), *sorted(found))

    return check_model


def _build_shared(folder: Path, sanitizer: str) -> None:
    """Compile the driver and what every library has."""
    folder.mkdir()
    _compile([DRIVER, *RUNTIME.glob("*.c")], folder, sanitizer)


def _build(source: Path, shared: Path, sanitizer: str) -> Path:
    """Build the driver with the generated code; return the program."""
    _compile([*source.glob("*.[cS]")], source, sanitizer)
    objects = [*source.glob("*.o"), *shared.glob("*.o")]
    command = ["gcc", f"-fsanitize={sanitizer}", *objects, "-o", "driver", "-lpthread", "-lm"]
    subprocess.run(command, cwd=source, check=True)
    return source / "driver"


def _variant(file: Path) -> str:
    """Return the name of the instruction set that a file of steps is for."""
    return file.stem.rpartition("_")[0].removeprefix("steps_")


def _compile(files: Sequence[Path], folder: Path, sanitizer: str) -> None:
    flags = ["gcc", "-std=gnu11", "-g", "-O1", "-I.", f"-I{INCLUDE}", f"-I{RUNTIME}"]
    flags += [f"-I{RUNTIME.parent}", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all"]
    sets = INSTRUCTION_SETS[X86_64]
    every = (*sets.variants, *sets.for_bytes, *sets.for_halves, *sets.for_both)
    variants = {variant.name: variant.flags for variant in every}

    def compile_one(file: Path) -> None:
        variant = variants.get(_variant(file), ())
        command = [*flags, *variant, "-c", file, "-o", f"{file.stem}.o"]
        subprocess.run(command, cwd=folder, check=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(compile_one, files))


@pytest.mark.parametrize("model", PROVEN_MODELS)
def test_operators_are_clean(
    model: str, check: Callable[[Path, str], None], tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(PROVEN_MODELS[model](), path)
    check(path, MEMORY)


@pytest.mark.parametrize("sanitizer", [MEMORY, RACES])
def test_model_with_frames_is_clean(
    tiny_onnx: Path, check: Callable[[Path, str], None], sanitizer: str
) -> None:
    check(tiny_onnx, sanitizer)


@pytest.mark.parametrize("sanitizer", [MEMORY, RACES])
def test_frames_for_bytes_are_clean(
    sanitizer: str, check: Callable[[Path, str], None], tmp_path: Path
) -> None:
    b = Builder({"x": UINT8}, x=(1, 30, 41, 3))
    b.add("pixels", "Cast", to=FLOAT)
    model = b.model()
    model.metadata_props.add(key="edge.preprocess", value='{"resize": "letterbox"}')
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    check(path, sanitizer)


def test_threads_keep_to_their_own_tiles(
    check: Callable[[Path, str], None], tmp_path: Path
) -> None:
    b = Builder(x=(1, 64, 50, 50))  # several chunks of tiles, the last ones cut off by the edges
    conv = b.conv("conv", 32, 3, pads=[1, 1, 1, 1])
    gate = b.add("gate", "Sigmoid", conv)
    b.inner |= {conv, gate}
    b.add("silu", "Mul", f"{conv} {gate}")
    path = tmp_path / "model.onnx"
    onnx.save(b.model(), path)
    check(path, RACES)
    description = (tmp_path / "source" / "description.json").read_text()
    assert "Winograd 3x3, F(4x4, 3x3)" in description


@pytest.mark.slow
@pytest.mark.parametrize("sanitizer", [MEMORY, RACES])
def test_squeezenet_is_clean(check: Callable[[Path, str], None], sanitizer: str) -> None:
    check(LIGHT / "light_squeezenet.onnx", sanitizer)
