"""The run-time part has no data race, memory error or undefined behaviour on a full tour."""

from collections.abc import Callable
from pathlib import Path
import shutil

from box_model import compile_c, LIBRARIES, RUNTIME, Spec, write_program
import pytest

SANITIZERS = ("thread", "address,undefined")


@pytest.mark.parametrize("sanitizer", SANITIZERS)
@pytest.mark.parametrize(
    "spec",
    [
        Spec(block=16, height=30, width=20, letterbox=True),
        Spec(height=30, width=20, channels_last=True),
    ],
    ids=["blocked", "channels last"],
)
def test_a_tour_of_the_interface_is_clean(
    tmp_path: Path, sanitizer: str, spec: Spec, assert_sanitized_run: Callable[..., None]
) -> None:
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
    assert_sanitized_run(str(program))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_compilers_have_no_warning(tmp_path: Path, compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    for source in RUNTIME.glob("*.c"):
        compile_c(compiler, tmp_path / "object.o", "-O3", "-Wshadow", "-c", str(source))
