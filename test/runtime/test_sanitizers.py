"""The run-time part has no data race, memory error or undefined behaviour on a full tour."""

from collections.abc import Callable
from pathlib import Path
import platform
import shutil
import subprocess
import sys

from box_model import compile_c, LIBRARIES, ROOT, RUNTIME, Spec, write_program
import pytest

from edge_compiler.targets.c.variants import X86_64

SANITIZERS = ("thread", "address,undefined")
VARIANT_FLAGS = {variant.name: variant.flags for variant in X86_64}


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if "unexpected memory mapping" in done.stderr:  # newer kernels: addresses too random for it
        done = subprocess.run(
            ["setarch", "--addr-no-randomize", *command],
            capture_output=True,
            text=True,
            timeout=120,
        )
    return done


def build(arguments: list[str], output: str, folder: Path) -> None:
    command = ["gcc", "-std=gnu11", "-I.", "-Iruntime", *arguments, "-o", output]
    subprocess.run(command, cwd=folder, check=True)


@pytest.fixture(scope="module")
def tiny_source(made_once: Callable[..., Path], tiny_onnx: Path) -> Path:
    """Return the folder with the generated code of a small model."""

    def compile_model(path: Path) -> None:
        command = [sys.executable, "-m", "edge_compiler", "compile", tiny_onnx]
        subprocess.run([*command, "-o", path, "--keep-source"], check=True, cwd=ROOT)

    return made_once("tiny_source.edge", compile_model) / "source"


@pytest.mark.parametrize("sanitizer", SANITIZERS)
@pytest.mark.parametrize(
    "spec",
    [
        Spec(block=16, height=30, width=20, letterbox=True),
        Spec(height=30, width=20, channels_last=True),
    ],
    ids=["blocked", "channels last"],
)
def test_a_tour_of_the_interface_is_clean(tmp_path: Path, sanitizer: str, spec: Spec) -> None:
    program = tmp_path / "driver"
    compile_c(
        "gcc",
        program,
        *("-O1", "-g", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all"),
        str(Path(__file__).with_name("driver.c")),
        *write_program(tmp_path, spec),
        *(str(source) for source in RUNTIME.glob("*.c")),
        *LIBRARIES,
    )
    done = run([str(program)])
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the variants are those of x86-64")
@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_generated_code_is_clean(tiny_source: Path, tmp_path: Path, sanitizer: str) -> None:
    flags = ("-g", "-O2", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all")
    driver = str(Path(__file__).with_name("generated_driver.c"))
    sources = [*tiny_source.glob("*.[cS]"), *tiny_source.glob("runtime/*.c")]
    objects = []
    for source in sources:
        objects.append(str(tmp_path / f"{source.stem}.o"))
        variant = VARIANT_FLAGS.get(source.stem.rpartition("_")[0].removeprefix("steps_"), ())
        build([*flags, *variant, "-c", str(source)], objects[-1], tiny_source)
    sizes = ("-DINPUT_FLOATS=3*32*32", "-DOUTPUT_FLOATS=3")
    program = tmp_path / "driver"
    build([*flags, *sizes, driver, *objects, *LIBRARIES], str(program), tiny_source)
    done = run([str(program), *VARIANT_FLAGS])
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_compilers_have_no_warning(tmp_path: Path, compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    for source in RUNTIME.glob("*.c"):
        compile_c(compiler, tmp_path / "object.o", "-O3", "-Wshadow", "-c", str(source))
