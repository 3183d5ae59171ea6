"""A virtual environment for each engine, so that none disturbs another."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import distributions
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys

from bench.cache import BenchError, cache_folder, digest, folder_size
from bench.engines import Engine, ROOT
from edge_compiler.files.atomic import new_folder
from edge_perception.version import VERSION

INSTALL_SECONDS = 900
CONVERT_SECONDS = 3600
ERROR_LINES = 3


@dataclass(frozen=True)
class Environment:
    """
    An engine that is ready to run.

    :ivar size: of its package, without what the package depends on, in bytes.
    """

    engine: Engine
    python: Path
    version: str
    size: int


def prepare(engine: Engine, *, upgrade: bool) -> Environment:
    """
    Install an engine, if it isn't yet.

    :param upgrade: install the current release, even if one is installed.
    :raises BenchError: if that fails.
    """
    # without dependencies: pnnx would bring torch, which it does not need to convert ONNX
    packages = (*engine.packages, *engine.converters)
    python = install(engine.home or engine.module, "--no-deps", *packages, upgrade=upgrade)
    [site] = python.parent.parent.glob("lib/*/site-packages")
    return describe(engine, python, site)


def describe(engine: Engine, python: Path, site: Path) -> Environment:
    """
    Return an environment that is there.

    :param site: the folder of its packages.
    """
    if not engine.package:
        return Environment(engine, python, VERSION, 0)
    installed = {
        package.metadata["Name"].lower(): package for package in distributions(path=[str(site)])
    }
    package = installed[engine.package.lower()]
    files = [Path(str(file.locate())) for file in package.files or ()]
    size = sum(file.stat().st_size for file in files if file.is_file() and file.suffix != ".pyc")
    return Environment(engine, python, package.version, size)


def install(name: str, *packages: str, upgrade: bool = False) -> Path:
    """
    Return the Python of an environment with packages, installed if need be.

    :param packages: arguments for pip.
    :param upgrade: install the current releases, even if the packages are installed.
    :raises BenchError: if that fails.
    """
    folder = cache_folder() / "environments" / name
    python = folder / "bin" / "python"
    stamp, contents = folder / "complete", f"{sys.version}\n{' '.join(packages)}\n"
    if upgrade or not stamp.is_file() or stamp.read_text() != contents:
        run([sys.executable, "-m", "venv", "--clear", folder], INSTALL_SECONDS)
        run([python, "-m", "pip", "install", *packages], INSTALL_SECONDS)
        stamp.write_text(contents)
    return python


def convert(environment: Environment, name: str, model: Path) -> Path:
    """
    Return the folder with what the engine loads, converted if need be.

    :raises BenchError: if the engine's converter fails.
    """
    engine = environment.engine
    key = digest(model, environment.version, *engine.convert_options, *engine.sources)
    folder = cache_folder() / "conversions" / name / f"{engine.module}-{key}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    for outdated in folder.parent.glob(f"{engine.module}-*"):
        shutil.rmtree(outdated)
    python = sys.executable if engine.converts_here else environment.python
    with new_folder(folder) as new:
        command = [python, "-m", "bench.worker", "convert", engine.module, model, new]
        run([*command, *engine.convert_options], CONVERT_SECONDS)
    return folder


def installed_size(environment: Environment, conversion: Path) -> int:
    """Return the bytes that a robot needs of an engine and a model, beside Python and numpy."""
    return environment.size + folder_size(conversion)


def run(command: list[Path | str], timeout: float, root: Path = ROOT) -> None:
    """
    Run a command in the root of the sources.

    :raises BenchError: with the end of what it wrote, if it fails.
    """
    with subprocess.Popen(
        command,
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # so that whatever it starts can be ended with it
    ) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGTERM)
            if isinstance(error, subprocess.TimeoutExpired):
                raise BenchError(f"{command[0]} took longer than {timeout:.0f} s") from None
            raise
    if process.returncode != 0:
        lines = [line.strip() for line in output.strip().splitlines()]
        errors = [line for line in lines if not line.startswith("WARNING:")]  # as pip writes them
        raise BenchError(" | ".join(errors[-ERROR_LINES:]) or f"{command[0]} failed")
