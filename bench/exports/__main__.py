"""Exports detectors from their frameworks and proves them: ``python -m bench.exports``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import resource
import sys
import tempfile

from bench import command
from bench.environments import CONVERT_SECONDS, run
from bench.exports.environment import exporters
from edge_compiler.compile import compile_model, Options
from edge_compiler.description.describe import read_overrides
from edge_compiler.terminal import say
from edge_perception.runtime import check_variants

NAMES = ("yolov8n", "yolov5n", "yolox_nano", "yunet")
PREPROCESS = {"input": "images", "color": "rgb", "scale": [1 / 255] * 3}


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.exports", description=__doc__)
    command.add_choice(parser, "--models", NAMES)
    parser.add_argument("--seeds", type=int, default=2, help="of weights; default: %(default)s")
    parser.add_argument("--target", default="host", help="of edgec; default: %(default)s")
    arguments = parser.parse_args()
    return command.run(
        lambda: prove_exports(arguments.models, range(arguments.seeds), arguments.target)
    )


def prove_exports(names: list[str], seeds: range, target: str) -> None:
    """
    Print a line for each model, without pre-processing and with it.

    :raises BenchError: if an export fails.
    :raises CompileError: if a model can't be compiled or proven.
    """
    python = exporters()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "preprocess.json").write_text(json.dumps(PREPROCESS))
        for model in names:
            for seed in seeds:
                arguments: list[Path | str] = [folder, model, str(seed)]
                run([python, "-m", "bench.exports.detectors", *arguments], CONVERT_SECONDS)
                for preprocess in (None, folder / "preprocess.json"):
                    say(_prove(folder / f"{model}-{seed}.onnx", preprocess, target))


def _prove(model: Path, preprocess: Path | None, target: str) -> str:
    """Return what the proof says, and what it cost."""
    bundle = model.with_suffix(".edge")
    before = _processor_seconds()
    options = Options(target=target, overrides=read_overrides(preprocess=preprocess))
    proof = compile_model(model, bundle, options, lambda *_: None).proof
    seconds = _processor_seconds() - before
    selftest = (
        f", self-test {max(check_variants(bundle).values()):.1e}" if target == "host" else ""
    )
    return (
        f"{model.stem:13} {'images' if preprocess else 'tensors'}: worst {proof.worst_error:.1e} "
        f"at {proof.worst_step} ({proof.reference}){selftest}; {seconds:.0f} s of a processor"
    )


def _processor_seconds() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    sys.exit(main())
