"""The Python in the documentation runs, with a bundle, a frame and an array at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pages import Block, blocks
import pytest

from edge_perception.runtime import load

BLOCKS = blocks("python", "py")


def test_there_are_some_that_run() -> None:
    assert sum(not block.mark for block in BLOCKS) > 1
    assert not [block for block in BLOCKS if block.mark and not block.reason]


@pytest.mark.parametrize("block", BLOCKS, ids=[f"{one.page}:{one.line}" for one in BLOCKS])
def test_a_block_of_python(
    block: Block, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = compile(block.text, f"{block.page}:{block.line}", "exec")
    if block.mark:
        return
    (tmp_path / "model.edge").symlink_to(tiny_bundle)
    monkeypatch.chdir(tmp_path)
    with load(tiny_bundle) as model:
        [image] = model.manifest.model.inputs
    given = {
        "frame": np.zeros((48, 64, 3), np.uint8),
        "array": np.zeros(image.shape, np.float32),
    }
    exec(code, given)
    outputs = given["outputs"]
    assert isinstance(outputs, dict)
    assert all(np.isfinite(one).all() for one in outputs.values())
    given["model"].close()  # type: ignore[attr-defined]
