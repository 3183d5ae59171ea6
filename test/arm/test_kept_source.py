"""The sources that ``--keep-source`` leaves build the same library by cmake, for a board too."""

from collections.abc import Callable
from pathlib import Path
import subprocess
import sys

from cross import edgec, tools_or_skip
import numpy as np
import pytest

from edge_compiler import targets, toolchain
from edge_perception.runtime import read_manifest
from edge_perception.runtime.selftest import read_selftest

CMAKE = Path(sys.executable).with_name("cmake")


@pytest.fixture(
    params=[
        "aarch64",
        pytest.param("aarch64-acl", marks=pytest.mark.slow),
        pytest.param("armv7", marks=pytest.mark.slow),
        "armv7-acl",
    ]
)
def bundle(
    request: pytest.FixtureRequest, made_once: Callable[..., Path], tiny_onnx: Path
) -> Path:
    """Return a bundle with its sources."""
    tools = tools_or_skip(request.param)
    if not all(library.is_installed() for library in tools.libraries):
        pytest.skip(f"needs: edgec toolchain install {tools.name}")
    options = ("--target", tools.name, "--keep-source")
    options += ("--place", "all=acl") if tools.libraries else ()
    return made_once(
        f"kept-{tools.name}.edge", lambda path: edgec("compile", tiny_onnx, "-o", path, *options)
    )


def test_kept_source_builds_the_same_library(bundle: Path, tmp_path: Path) -> None:
    target = targets.get(bundle.stem.removeprefix("kept-"))
    tools = toolchain.get(target.name)
    configure = [CMAKE, "-S", bundle / "source", "-B", tmp_path, "-DCMAKE_SYSTEM_NAME=Linux"]
    configure += [f"-DCMAKE_SYSTEM_PROCESSOR={tools.triple.split('-')[0]}"]
    for language in tools.languages:
        variable = {"c": "CMAKE_C_COMPILER", "c++": "CMAKE_CXX_COMPILER"}[language]
        configure.append(f"-D{variable}={tools.find_compiler(language)}")
    if tools.libraries:
        configure.append(f"-DACL_ROOT={tools.find_library('acl')}")
    for command in (configure, [CMAKE, "--build", tmp_path]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stderr

    manifest = read_manifest(bundle)
    model = manifest.model
    inputs, _ = read_selftest(bundle, manifest)
    results = []
    for library in (bundle / manifest.library, tmp_path / "model.so"):
        with target.sandbox(library) as sandbox:
            results.append(sandbox.run(model.variants[0], 1, inputs))
    for name, array in results[0].items():
        np.testing.assert_array_equal(array, results[1][name], err_msg=name)
