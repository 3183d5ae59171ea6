"""The command ``edgec finish``, which is the same with the compiler and without it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import sys
import time

from edge_perception.runtime.tensorrt.finish import finish

SUMMARY = "build and prove, on the device, the engine of a bundle for TensorRT"
_SILENCE = 2.0
"""Seconds after which a stage that goes on says how far it is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("bundle", type=Path, metavar="OUT.edge", help="the bundle")
    parser.add_argument("--again", action="store_true", help="also if that was done already")
    parser.add_argument(
        "--include",
        type=Path,
        metavar="DIR",
        help="folder of NvInfer.h (default: where the compiler looks)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run_finish(arguments: argparse.Namespace) -> int:
    """Do it; BundleError or OSError if anything is wrong."""
    done = finish(arguments.bundle, _Lines(), arguments.again, arguments.include)
    model, proof = done.contents.manifest.model, done.contents.manifest.proof
    record, speed = done.contents.record, done.contents.record.speed
    assert speed is not None
    if arguments.json:
        findings = {
            "bundle": str(done.place),
            "seconds": done.seconds,
            "compiler": model.compiler,
            "worst_error": proof.worst_error,
            "worst_output": proof.worst_step,
            "median_ms": speed.median_ms,
        }
        print(json.dumps(findings, indent=2))
        return 0
    if done.seconds is None:
        print(f"it was finished already, {record.created}; --again builds it anew")
    else:
        print(f"engine: built in {done.seconds:.1f} s for {speed.machine}")
    print(
        f"proven: {proof.inputs} inputs against {proof.reference}, worst relative error "
        f"{proof.worst_error:.1e} at {proof.worst_step}"
    )
    print(f"speed: {speed.median_ms:.2f} ms a run")
    print(f"kept: {done.place}; nodes use it when they load {arguments.bundle} again")
    return 0


class _Lines:
    """Writes a line to standard error for each stage, and from time to time how far it is."""

    def __init__(self) -> None:
        self._stage, self._said = "", 0.0

    def __call__(self, stage: str, done: int, of: int) -> None:
        """Note where we are."""
        now = time.monotonic()
        if stage == self._stage and now - self._said < _SILENCE:
            return
        self._stage, self._said = stage, now
        print(f"{stage} {done}/{of}" if of else f"{stage} ...", file=sys.stderr)
