"""The environment of cores that run on this machine: its clock, files, processors and devices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
import time
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from edge_perception.core.environment import Environment, Task
from edge_perception.files import read_file
from edge_perception.share import share_dir

if TYPE_CHECKING:
    from edge_perception.core.decision.audit import AuditLog
    from edge_perception.core.imu.bias import BiasStore
    from edge_perception.core.imu.source import ImuRequest, ImuSource
    from edge_perception.core.perception.model import ModelRequest, RunnableModel
    from edge_perception.core.source import CameraRequest, Source
    from edge_perception.core.wheels.source import WheelRequest, WheelSource
    from edge_perception.runtime import Executor

_EXECUTORS: WeakValueDictionary[tuple[int, tuple[int, ...]], Executor] = WeakValueDictionary()
"""By threads and processors: models of this process that want the same ones share them."""
_LOCK = Lock()  # nodes of a process load at the same time


def this_machine() -> Environment:
    """
    Return the environment.

    What opens something imports its libraries when it is called, so that a node starts without
    those that it doesn't use.
    """
    return Environment(
        monotonic=time.monotonic_ns,
        read_file=read_file,
        start=_start,
        share=share_dir(),
        load=_load,
        open_camera=_open_camera,
        open_imu=_open_imu,
        open_wheels=_open_wheels,
        open_audit=_open_audit,
        open_biases=_open_biases,
    )


def _start(work: Callable[[], None]) -> Task:
    thread = Thread(target=work, name="edge-aside", daemon=True)
    thread.start()
    return thread


def _load(request: ModelRequest) -> RunnableModel:
    from edge_perception.core.perception.remote import Policy
    from edge_perception.runtime import Executor, load

    wanted = (request.threads, request.processors)
    with _LOCK:
        executor = _EXECUTORS.get(wanted)
        if executor is None:
            executor = _EXECUTORS[wanted] = Executor(*wanted)
    model = load(
        request.path,
        variant=request.variant or None,
        selftest=True,
        executor=executor,
        priority=request.priority,
        trust=request.trust,
    )
    if request.remote is None or request.remote.policy is Policy.LOCAL:
        return model
    from edge_perception.drivers.remote.first import RemoteFirst
    from edge_perception.drivers.remote.second import SecondOpinion

    first = request.remote.policy is Policy.REMOTE_FIRST
    try:
        return (RemoteFirst if first else SecondOpinion)(model, request.remote)
    except Exception:
        model.close()
        raise


def _open_camera(spec: str, request: CameraRequest) -> Source:
    from edge_perception.drivers import open_source

    return open_source(spec, request)


def _open_imu(spec: str, request: ImuRequest) -> ImuSource:
    from edge_perception.drivers.imu import open_imu

    return open_imu(spec, request)


def _open_wheels(spec: str, request: WheelRequest) -> WheelSource:
    from edge_perception.drivers.wheels import open_wheels

    return open_wheels(spec, request)


def _open_audit(path: str) -> AuditLog:
    from edge_perception.drivers.audit_file import AuditFile

    return AuditFile(Path(path) if path else None)


def _open_biases() -> BiasStore:
    from edge_perception.drivers.imu.bias_file import BiasFiles

    return BiasFiles()
