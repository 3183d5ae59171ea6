"""``edge-robot view``: bags in the viewer rerun."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import heapq
import os
from pathlib import Path
import subprocess
import sys
import tempfile
from urllib.parse import quote

from edge_perception.bags.bag import Bag
from edge_perception.bags.record import BagError
from edge_perception.views.scene import Scene

_HERE = "127.0.0.1"
_SILENT = {"CI": "true", "RUST_LOG": "error"}
"""The viewer sends no data of its usage from where it takes itself to be tested."""


def run(options: argparse.Namespace) -> int:
    """
    Show bags until the viewer is closed, or Ctrl-C.

    :returns: the exit code
    :raises BagError: if one can't be read, or what is shown not be written.
    """
    if options.save:
        write(options.bag, options.save)
        print(f"{options.save}: rerun {options.save} shows it")
        return 0
    with tempfile.TemporaryDirectory(prefix="view-") as folder:
        scene = Path(folder) / "bags.rrd"
        write(options.bag, scene)
        command = [sys.executable, "-m", "rerun", str(scene), "--bind", _HERE]
        if options.web is not None:
            data = options.web + 1
            command += ["--serve-web", "--web-viewer-port", str(options.web), "--port", str(data)]
            source = quote(f"rerun+http://{_HERE}:{data}/proxy", safe="")
            print(f"http://{_HERE}:{options.web}?url={source}", flush=True)
        try:
            return subprocess.run(command, env={**os.environ, **_SILENT}).returncode
        except KeyboardInterrupt:
            return 0


def write(bags: Sequence[Path], path: Path) -> None:
    """
    Write what is to be seen of bags as one recording of the viewer.

    :raises BagError: if a bag can't be read, or the file not be written.
    """
    try:
        scene = Scene(path)
    except (OSError, RuntimeError) as error:
        raise BagError(f"{path} can't be written: {error}") from error
    opened = [Bag(bag) for bag in bags]
    for record in heapq.merge(*(bag.records() for bag in opened), key=lambda one: one.time):
        scene.show(record.time, record.topic.name, record.topic.type, record.data)
    scene.close()
    for bag in opened:
        for problem in bag.problems:
            print(f"warning: {problem}", file=sys.stderr)
