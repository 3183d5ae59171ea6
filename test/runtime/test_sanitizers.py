"""The run-time part has no data race, memory error or undefined behaviour on a full tour."""

from pathlib import Path
import shutil
import subprocess

from box_model import compile_c, LIBRARIES, RUNTIME, Spec, write_program
import pytest


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
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
    if "unexpected memory mapping" in done.stderr:  # newer kernels: addresses too random for it
        done = run(["setarch", "--addr-no-randomize", str(program)])
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_compilers_have_no_warning(tmp_path: Path, compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    for source in RUNTIME.glob("*.c"):
        compile_c(compiler, tmp_path / "object.o", "-O3", "-Wshadow", "-c", str(source))
