"""Real architectures on Arm: proven in an emulator, and small libraries."""

from collections.abc import Callable
from pathlib import Path
import re
import shutil
import subprocess

from cross import edgec, tools_or_skip
from light_models import give_weights
import pytest

from edge_perception.runtime import read_manifest

SYSTEM_LIBRARIES = {"libc.so.6", "libm.so.6", "libpthread.so.0"}
LOADERS = {"ld-linux-aarch64.so.1", "ld-linux-armhf.so.3"}
BYTES_BESIDE_WEIGHTS = 500_000
CASES = [
    ("aarch64", "squeezenet"),
    ("armv7", "squeezenet"),
    *(
        pytest.param("aarch64", name, marks=pytest.mark.slow)
        for name in (
            *("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2"),
            *("resnet50", "shufflenet", "vgg19", "zfnet512"),
        )
    ),
]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("target", "name"), CASES)
def test_light_model_is_proven_and_small(
    target: str,
    name: str,
    tmp_path: Path,
    made_once: Callable[[str, Callable[[Path], object]], Path],
) -> None:
    tools = tools_or_skip(target)
    model = made_once(f"random_{name}.onnx", lambda path: give_weights(name, path))
    bundle = tmp_path / f"{name}.edge"
    assert "proven: " in edgec("compile", model, "-o", bundle, "--target", target)
    library = bundle / "model.so"
    weights = read_manifest(bundle).model.weight_bytes
    assert library.stat().st_size <= weights + BYTES_BESIDE_WEIGHTS
    listed = subprocess.run(
        ["readelf", "-d", "-S", "-W", library], capture_output=True, text=True, check=True
    ).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", listed))
    assert needed <= SYSTEM_LIBRARIES | LOADERS, f"{tools.triple}: {needed}"
    assert ".symtab" not in listed
    shutil.rmtree(bundle)  # with all the weights: pytest keeps the folders of three runs
