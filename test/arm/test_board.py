"""What a board does with a bundle, in an emulated Python that has numpy and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
import json
import os
from pathlib import Path
import subprocess

from cross import edgec, ROOT, tools_or_skip
import numpy as np
import pytest

from bench.arm import guest
from edge_compiler.toolchain.base import Toolchain
from edge_perception.runtime import load

RUN = """
import json, sys
import numpy as np
from edge_perception.runtime import load

frame = np.arange(48 * 64 * 3, dtype=np.uint32).reshape(48, 64, 3).astype(np.uint8)
with load(sys.argv[1], threads=2, selftest=True) as model:
    print(json.dumps(model.run_image(frame, "bgr8")["scores"].tolist()))
"""


@dataclass(frozen=True)
class Board:
    """An emulated board with a bundle made for it."""

    tools: Toolchain
    root: Path
    bundle: Path

    def python(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run the board's Python on the checkout."""
        libraries = self.root / "usr" / "lib" / self.tools.triple
        settings = {
            "PYTHONPATH": f"{ROOT}:{self.root}/usr/lib/python3/dist-packages",
            "LD_LIBRARY_PATH": f"{libraries}/blas:{libraries}/lapack",  # where Debian keeps them
        }
        words = [word for name, value in settings.items() for word in ("-E", f"{name}={value}")]
        program = self.root / "usr" / "bin" / f"python{guest.VERSION}"
        command = [*self.tools.emulator(), "-L", self.root, *words, program, *arguments]
        return subprocess.run([*map(str, command)], capture_output=True, text=True, cwd="/")


@pytest.fixture(scope="session", params=["aarch64", "armv7"])
def board(
    request: pytest.FixtureRequest, made_once: Callable[..., Path], tiny_onnx: Path
) -> Board:
    tools = tools_or_skip(request.param)
    if not os.access("/usr/bin/apt-get", os.X_OK):
        pytest.skip("needs apt, which gets the board's Python")
    bundle = made_once(
        f"board-{request.param}.edge",
        lambda path: edgec("compile", tiny_onnx, "-o", path, "--target", request.param),
    )
    roots = made_once(
        f"board-{request.param}.path",
        lambda path: path.write_text(
            str(guest.unpack_python(tools.machine, ("python3", "python3-numpy")))
        ),
    )
    return Board(tools, Path(roots.read_text()), bundle)


def test_edgec_verifies_on_the_board(board: Board) -> None:
    done = board.python("-m", "edge_compiler", "verify", board.bundle)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("files: ")
    assert lines[1] == "signature: none"
    assert lines[2].startswith("self-test: relative error ")
    assert lines[-2].startswith("nodes: not compared, that needs ONNX Runtime")
    assert lines[-1] == f"{board.bundle} is right"


def test_board_sees_in_a_frame_what_this_machine_sees(board: Board, tiny_bundle: Path) -> None:
    done = board.python("-c", RUN, board.bundle)
    assert done.returncode == 0, done.stderr
    frame = np.arange(48 * 64 * 3, dtype=np.uint32).reshape(48, 64, 3).astype(np.uint8)
    with load(tiny_bundle) as model:
        expected = model.run_image(frame, "bgr8")["scores"]
    np.testing.assert_allclose(json.loads(done.stdout), expected, rtol=1e-5)


def test_board_refuses_a_bundle_for_another_machine(board: Board, tiny_bundle: Path) -> None:
    done = board.python("-m", "edge_compiler", "verify", tiny_bundle)
    assert done.returncode == 1
    assert done.stderr.startswith(f"edgec: error: {tiny_bundle} was compiled for x86_64")
    assert f"--target {board.tools.name}" in done.stderr
