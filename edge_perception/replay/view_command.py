"""``edge-robot view``, ``--view`` of others: bags, a replay and a robot in the viewer rerun."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
import heapq
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from edge_perception import ending
from edge_perception.bags.bag import Bag
from edge_perception.bags.record import BagError
from edge_perception.replay import guest
from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError
from edge_perception.transport.bag.scheduler import Listen
from edge_perception.transport.local.bus import End
from edge_perception.transport.stop import Stop
from edge_perception.views.scene import Scene
from edge_perception.views.view_core import ViewCore

if TYPE_CHECKING:
    from edge_perception.transport.sp.process import Network

_HERE = "127.0.0.1"
_LOOK = 0.05
"""Seconds between two looks whether the viewer is there: what ends before it is lost."""
_SILENT = {"CI": "true", "RUST_LOG": "error"}
"""The viewer sends no data of its usage from where it takes itself to be tested."""


def run(options: argparse.Namespace) -> int:
    """
    Show bags until the viewer is closed, or Ctrl-C.

    :returns: the exit code
    :raises BagError: if one can't be read, or what is shown not be written.
    :raises RequestError: if the port of the page is taken.
    """
    if options.save:
        write(options.bag, options.save)
        print(f"{options.save}: rerun {options.save} shows it")
        return 0
    with tempfile.TemporaryDirectory(prefix="view-") as folder:
        scene = Path(folder) / "bags.rrd"
        write(options.bag, scene)
        with _viewer(_port(options.web), options.web, str(scene)) as viewer:
            return _until_closed(viewer)


@contextmanager
def showing(web: int | None) -> Iterator[Listen]:
    """
    Show what is told, in the context and after it until the viewer is closed, or Ctrl-C.

    :param web: at which port it serves a page; None: it has a window.
    :raises RequestError: if the port is taken.
    """
    port = _port(web)
    with _viewer(port, web) as viewer:
        scene = Scene(_address(port))

        def listen(moment: int, end: End, data: bytes) -> None:
            scene.show(moment, end.topic, end.type, data)

        try:
            yield listen
        finally:
            if viewer.poll() is None:
                scene.close()
        _until_closed(viewer)


def run_live(graph: Graph, options: argparse.Namespace, network: Callable[[], Network]) -> int:
    """
    Show a running robot until the viewer is closed, or Ctrl-C.

    :param network: returns how the robot is met that has no ROS.
    :returns: the exit code
    :raises RequestError: if a topic is unknown, or the port of the page taken.
    """
    ports = guest.ports(graph, options.topic)
    port = _port(options.web)
    with _viewer(port, options.web) as viewer:
        scene = Scene(_address(port))

        def make_core(stop: Stop) -> ViewCore:
            return ViewCore(ports, scene, lambda: viewer.poll() is not None, stop.set)

        return guest.run(make_core, options.transport, options.namespace, network)


@contextmanager
def _viewer(port: int, web: int | None, *files: str) -> Iterator[subprocess.Popen[bytes]]:
    """
    Have a viewer, which only this machine reaches, while the context lasts.

    :param port: at which it takes what it shows.
    :param web: at which it serves a page; None: it has a window.
    :param files: that it shows.
    """
    command = [sys.executable, "-m", "rerun", *files, "--bind", _HERE, "--port", str(port)]
    if web is not None:
        command += ["--serve-web", "--web-viewer-port", str(web)]
    # Ctrl-C is for us: what is under way still goes to the viewer, and then it is ended
    viewer = subprocess.Popen(command, env={**os.environ, **_SILENT}, start_new_session=True)
    try:
        while viewer.poll() is None and not _is_up(port):
            time.sleep(_LOOK)
        if web is not None:
            print(f"http://{_HERE}:{web}?url={quote(_address(port), safe='')}", flush=True)
        yield viewer
    finally:
        with suppress(ProcessLookupError):
            os.killpg(viewer.pid, signal.SIGTERM)  # what was started runs the viewer as its child
        viewer.wait()


def _is_up(port: int) -> bool:
    """Tell whether the viewer takes what it shall show."""
    with socket.socket() as tried:
        return tried.connect_ex((_HERE, port)) == 0


def _until_closed(viewer: subprocess.Popen[bytes]) -> int:
    """Wait until somebody closes the viewer, or the process is told to end; return the code."""
    told = False

    def end() -> None:
        nonlocal told
        told = True
        viewer.terminate()

    ending.on_signal(end)
    code = viewer.wait()
    return 0 if told else code


def _port(web: int | None) -> int:
    """
    Return where the viewer takes what it shows: beside the page, or where a port is free.

    :raises RequestError: if one of both is taken.
    """
    if web is not None:
        for port in (web, web + 1):
            with socket.socket() as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    tried.bind((_HERE, port))
                except (OSError, OverflowError) as error:
                    raise RequestError(
                        f"--web is {web}, and port {port} can't be had ({error}): choose another"
                    ) from error
        return web + 1
    with socket.socket() as free:
        free.bind((_HERE, 0))
        return int(free.getsockname()[1])


def _address(port: int) -> str:
    return f"rerun+http://{_HERE}:{port}/proxy"


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
