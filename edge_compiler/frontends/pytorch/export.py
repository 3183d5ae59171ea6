"""Writes a program that PyTorch exported as ONNX; runs in a Python that has PyTorch."""

from __future__ import annotations

import pickle
import sys
from typing import Any, NoReturn


def main(source: str, destination: str) -> int:
    """Return the exit code: 3 if PyTorch, or what it needs for that, is missing."""
    try:
        import onnxscript  # noqa: F401
        import torch
    except ImportError:
        return 3
    load = torch.load

    def load_weights(*arguments: Any, **options: Any) -> Any:
        """Read tensors alone: torch.export.load would run any pickle that has more."""
        return load(*arguments, **{**options, "weights_only": True})

    torch.load = load_weights
    pickle.loads = _refuse
    torch._C._pickle_load_obj = _refuse
    program = torch.export.load(source)
    exported = torch.onnx.export(program, (), dynamo=True, verbose=False)
    exported.save(destination, external_data=False)
    return 0


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise ValueError("the file has a pickle, which may run anything")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[2:]))
