"""``edge-robot compare-cloud``: its options, progress and results."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from edge_perception.cloud import plot, results
from edge_perception.cloud.compare import compare, Run, server, try_once, Wanted
from edge_perception.cloud.profiles import AS_IT_IS, BY_NAME, PROFILES
from edge_perception.robot.plan import RequestError
from edge_perception.runtime import BundleError, read_manifest

ALL = "all"


def run(options: argparse.Namespace) -> int:
    """
    Compare, and say what was found.

    :returns: the exit code
    :raises RequestError: if something can't be used that was given.
    """
    wanted = _wanted(options)
    try_once(wanted.model, wanted.server)
    runs = _measured(wanted)
    if options.json:
        print(json.dumps(results.as_json(wanted, runs), indent=1))
    else:
        results.show(runs)
    if options.plot:
        try:
            plot.draw(runs, options.plot, f"{wanted.model.name}, {wanted.rate:g} images/s")
        except OSError as error:
            raise RequestError(f"--plot {options.plot}: {error.strerror or error}") from error
    return 0


def _measured(wanted: Wanted) -> list[Run]:
    """Return all runs; a bar shows how far they are, on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    total = sum(wanted.count(profile) for profile, _ in wanted.runs())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        bar = progress.add_task("", total=total)
        before = 0
        runs = []

        def show(what: str, done: int, of: int) -> None:
            nonlocal before
            progress.update(bar, description=what, completed=before + done)
            before += of if done == of else 0

        for one in compare(wanted, show):
            runs.append(one)
    return runs


def _wanted(options: argparse.Namespace) -> Wanted:
    if options.model.suffix in (".yaml", ".yml"):
        raise RequestError(
            f"--model {options.model}: expected a bundle, not a pipeline of several"
        )
    for name in ("frames", "rate", "deadline"):
        if not getattr(options, name) > 0:
            raise RequestError(f"--{name} is {getattr(options, name)}: expected more than 0")
    name = options.remote_model or _name(options.model)
    asked = server(options.remote, name, options.deadline, options.authorities, options.token)
    profiles = PROFILES if ALL in options.profile else [BY_NAME[one] for one in options.profile]
    return Wanted(
        options.model,
        asked,
        profiles or [AS_IT_IS],
        options.camera,
        options.frames,
        options.rate,
        options.rules,
        options.seed,
    )


def _name(model: Path) -> str:
    """Return what a bundle's model is called."""
    try:
        return read_manifest(model).model.name
    except BundleError as error:
        raise RequestError(str(error)) from error
