"""Many bags through the same robot: each in a process of its own, here or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed, Executor, ThreadPoolExecutor
from contextlib import contextmanager
import hashlib
import json
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import Any

from edge_perception.bags.bag import is_bag
from edge_perception.bags.record import BagError
from edge_perception.replay.expectations import Expectations
from edge_perception.replay.results import columns, NOT_AS_EXPECTED, Result, shown, write_json

_LONGEST = 6 * 3600.0
"""Seconds that a bag may take."""


def find(folder: Path) -> list[Path]:
    """
    Return the bags of a folder: files, and folders of rosbag2.

    :raises BagError: if there is none.
    """
    found = sorted(path for path in folder.iterdir() if is_bag(path))
    if not found:
        raise BagError(f"{folder} has no bags in it")
    return found


def evaluate(arguments: Sequence[str], bag: str) -> dict[str, Any]:
    """
    Replay a bag in a process of its own, so that what happens to it happens to no other.

    :param arguments: of ``edge-robot replay``.
    :returns: what it writes with ``--json``; if there is nothing, an ``error``.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        command = [sys.executable, "-m", "edge_perception.cli", "replay", bag, *arguments]
        try:
            done = subprocess.run(
                [*command, "--json", str(out)],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_LONGEST,
            )
        except subprocess.TimeoutExpired:
            return {"bag": bag, "error": f"it took more than {_LONGEST / 3600:.0f} hours"}
        if done.returncode in (0, NOT_AS_EXPECTED) and out.exists():
            return dict(json.loads(out.read_text(encoding="utf-8")))
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        why = errors[-1].removeprefix("error: ") if errors else f"exit code {done.returncode}"
        return {"bag": bag, "error": why}


def run(
    bags: Sequence[Path],
    arguments: Sequence[str],
    executor: Executor,
    results: Path | None,
    progress: Callable[[int], None],
) -> list[Result]:
    """
    Replay bags.

    :param results: a folder that keeps the result of each; what is there is not made again.
    :param progress: is told how many are done.
    :returns: in the order of the bags.
    """
    found: dict[Path, Result] = {}
    for bag in bags:
        if (known := _known(results, arguments, bag)) is not None:
            found[bag] = known
    futures = {
        executor.submit(evaluate, list(arguments), str(bag)): bag
        for bag in bags
        if bag not in found
    }
    progress(len(found))
    for future in as_completed(futures):
        bag = futures[future]
        try:
            data = future.result()
        except Exception as error:  # of whatever kind: the other bags are not lost
            data = {"bag": str(bag), "error": f"{type(error).__name__}: {error}"}
        found[bag] = result_from(data)
        if results is not None and not data.get("error"):
            write_json(results / f"{bag.name}.json", {"key": _key(arguments, bag), **data})
        progress(len(found))
    return [found[bag] for bag in bags]


@contextmanager
def workers(count: int, cluster: str) -> Iterator[Executor]:
    """
    Bring up who does the work.

    :param count: how many processes on this machine.
    :param cluster: the address of a Dask scheduler instead; empty: none.
    :raises BagError: if it can't be reached.
    """
    if not cluster:
        with ThreadPoolExecutor(count) as executor:
            try:
                yield executor
            except BaseException:
                executor.shutdown(cancel_futures=True)
                raise
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise BagError(f"--cluster needs Dask ({error}): pip install distributed") from error
    try:
        client = Client(cluster, timeout="10s")
    except OSError as error:
        raise BagError(f"there is no Dask scheduler at {cluster}: {error}") from error
    with client:
        yield client.get_executor(pure=False)


def result_from(data: Mapping[str, Any]) -> Result:
    """Return a result from what JSON has of it."""
    return Result(
        bag=str(data["bag"]),
        begin=float(data.get("begin", 0)),
        seconds=float(data.get("seconds", 0)),
        speed=float(data.get("speed", 0)),
        nodes=tuple(data.get("nodes", ())),
        numbers=dict(data.get("numbers", {})),
        problems=tuple(data.get("problems", ())),
        error=str(data.get("error", "")),
    )


def table(results: Sequence[Result], expected: Expectations) -> str:
    """Return one table of all bags, the worst first."""
    ordered = sorted(results, key=lambda one: (-_badness(one, expected), one.bag))
    names = list(expected.ranges)
    rows = []
    for one in ordered:
        verdicts = {verdict.name: verdict for verdict in one.verdicts(expected)}
        cells = [
            shown(verdicts[name]) + ("" if verdicts[name].right else " !") if not one.error else ""
            for name in names
        ]
        state = one.error or ("ok" if one.right(expected) else "WRONG")
        rows.append([Path(one.bag).name, f"{one.seconds:.1f} s", *cells, state])
    return columns([["bag", "length", *names, ""], *rows])


def _badness(found: Result, expected: Expectations) -> float:
    if found.error:
        return float("inf")
    return sum(not one.right for one in found.verdicts(expected))


def _known(results: Path | None, arguments: Sequence[str], bag: Path) -> Result | None:
    """Return a result that was kept, if it is of the same bag and arguments."""
    if results is None:
        return None
    try:
        data = json.loads((results / f"{bag.name}.json").read_text(encoding="utf-8"))
        return result_from(data) if data["key"] == _key(arguments, bag) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _key(arguments: Sequence[str], bag: Path) -> str:
    """Return what changes with whatever a result depends on: arguments, files, the bag."""
    digest = hashlib.sha256(json.dumps(list(arguments)).encode())
    files = [Path(text) for one in arguments for text in one.split("=") if Path(text).exists()]
    for path in (bag, *files):
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            state = file.stat()
            digest.update(f"{file} {state.st_size} {state.st_mtime_ns}".encode())
    return digest.hexdigest()
