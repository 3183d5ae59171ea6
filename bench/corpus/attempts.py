"""Compile and prove networks one by one, in processes that may take so much and no more."""

from __future__ import annotations

from dataclasses import asdict, dataclass
import json
from pathlib import Path
import resource
import signal
import subprocess
import sys
import tempfile
import uuid

import onnx

from bench.cache import BenchError, cache_folder, digest
from bench.corpus.entry import Entry
from bench.engines import ROOT

MOST_SECONDS = 1800
"""Of a clock: the machine may be busy."""
MOST_BYTES = 12 << 30
PROVEN, REFUSED, WRONG, FAILED, MISSING = "proven", "refused", "wrong", "failed", "missing"
UNTRIED = "not tried"
_COMPILER = ("edge_compiler", "edge_perception/runtime")
"""What decides on the result, beside the model."""


@dataclass(frozen=True)
class Attempt:
    """
    What came of compiling a network.

    :ivar result: "proven"; "refused" with a sentence; "wrong", as the proof says; "failed" without
        a sentence, or beyond the limits; "missing": it can't be had; "not tried": the compiler
        became another one meanwhile, so that this says nothing of either.
    :ivar sentence: why it isn't proven.
    :ivar nodes: of its graph, as in the file.
    :ivar seconds: of a processor.
    :ivar worst_error: of a step, relative, as the proof says.
    :ivar key: of the compiler and the file that were tried.
    """

    name: str
    source: str
    result: str
    sentence: str = ""
    nodes: int = 0
    seconds: float = 0.0
    worst_error: float = 0.0
    key: str = ""


def known(entry: Entry) -> Attempt | None:
    """Return what came of a network when it was tried last; None if it was not."""
    return _recorded(_record(entry))


def attempt(entry: Entry, *, retry: bool) -> Attempt:
    """
    Return what comes of a network; what came of it before, if nothing has changed.

    :param retry: try it only if it was not proven before, whatever has changed since.
    """
    record = _record(entry)
    before = _recorded(record)
    if retry and before is not None and before.result == PROVEN:
        return before
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            model = entry.file(folder)
        except (BenchError, OSError, ValueError) as error:
            return Attempt(entry.name, entry.source, MISSING, str(error))
        compiler = _compiler()
        key = digest(compiler, model.name, model, *entry.constants, *entry.options)
        if before is not None and before.key == key:
            return before
        after = _attempt(entry, model, folder, key)
        if compiler != _compiler():
            return Attempt(entry.name, entry.source, UNTRIED, "the compiler changed meanwhile")
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(asdict(after)))
    return after


def _compiler() -> str:
    """Return what the compiler is now; something else whenever files of it come and go."""
    try:
        return digest(*(ROOT / part for part in _COMPILER))
    except OSError:
        return uuid.uuid4().hex


def _record(entry: Entry) -> Path:
    return cache_folder() / "corpus" / "attempts" / f"{entry.name}.json"


def _recorded(record: Path) -> Attempt | None:
    try:
        return Attempt(**json.loads(record.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _attempt(entry: Entry, model: Path, folder: Path, key: str) -> Attempt:
    nodes = len(onnx.load(model, load_external_data=False).graph.node)
    before = _processor_seconds()
    if entry.constants:
        copy = folder / "constant.onnx"
        options = [option for c in entry.constants for option in ("--constant", c)]
        process = _edgec("import", str(model), "-o", str(copy), *options, *entry.options)
        model = copy
    if not entry.constants or process.returncode == 0:
        bundle = str(folder / "model.edge")
        process = _edgec("compile", str(model), "-o", bundle, "--json", *entry.options)
    seconds = round(_processor_seconds() - before, 1)
    if process.returncode == 0:
        worst = json.loads(process.stdout)["worst_error"]
        return Attempt(entry.name, entry.source, PROVEN, "", nodes, seconds, worst, key)
    lines = process.stderr.strip().splitlines() or ["without a word"]
    sentence = lines[-1].removeprefix("edgec: error: ").replace(str(folder), "")
    if process.returncode != 1 or not lines[-1].startswith("edgec: error: "):
        result = FAILED
    else:
        result = WRONG if sentence.startswith("the compiled model is wrong") else REFUSED
    return Attempt(entry.name, entry.source, result, sentence, nodes, seconds, 0.0, key)


def _edgec(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run edgec within the limits; a process that is too slow has the exit code of its signal."""
    command = [sys.executable, "-m", "edge_compiler", *arguments]
    try:
        return subprocess.run(
            command,
            cwd=ROOT,
            text=True,
            errors="replace",
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=MOST_SECONDS,
            preexec_fn=_limit,
        )
    except subprocess.TimeoutExpired:
        said = f"took longer than {MOST_SECONDS} s"
        return subprocess.CompletedProcess(command, -signal.SIGKILL, "", said)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
