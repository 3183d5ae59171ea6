"""What the demo needs before the robot can start: pictures, a trained model, a bundle of it."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
import shutil
import subprocess
import sys

from edge_perception.runtime import BundleError, read_manifest
from edge_perception.runtime.manifest import MANIFEST_NAME

MODEL = "squeezenet1.1"
PICTURES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")
_DISTRIBUTIONS = {"skimage": "scikit-image"}
_LONGEST = 600
"""Seconds that downloading, or compiling and proving, may take."""


class DemoError(Exception):
    """The demo can't go on: why, and what to do, in one sentence."""


def copy_pictures(folder: Path) -> None:
    """
    Copy the demo's photographs out of the scikit-image wheel.

    :raises DemoError: if one is missing.
    """
    source = picture("")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in PICTURES:
        try:
            shutil.copyfile(source / name, folder / name)
        except OSError as error:
            raise DemoError(
                f"the picture {source / name} can't be copied ({error.strerror}); "
                "pip install --force-reinstall scikit-image"
            ) from error


def picture(name: str) -> Path:
    """Return where the scikit-image wheel has a photograph."""
    return _package_folder("skimage") / "data" / name


def fetch(name: str) -> Path:
    """
    Fetch a trained model or pictures, or find them in the cache.

    :raises DemoError: if that fails; edgec has said why.
    """
    done = _edgec("fetch", name, capture=True)
    return Path(done.strip())


def compile_model(model: Path, bundle: Path) -> None:
    """
    Compile the model.

    :raises DemoError: if that fails; edgec has said why.
    """
    bundle.parent.mkdir(parents=True, exist_ok=True)
    _edgec("compile", str(model), "-o", str(bundle))


def is_current(bundle: Path, model: Path) -> bool:
    """Return whether a bundle is whole, and was made from this model by this compiler."""
    try:
        manifest = read_manifest(bundle)
        made = (bundle / MANIFEST_NAME).stat().st_mtime
    except (BundleError, OSError):
        return False
    if manifest.model.sha256 != hashlib.sha256(model.read_bytes()).hexdigest():
        return False
    compiler = _package_folder("edge_compiler")
    sources = (file for file in compiler.rglob("*") if file.suffix in (".py", ".c", ".h"))
    return all(file.stat().st_mtime <= made for file in sources)


def _edgec(*arguments: str, capture: bool = False) -> str:
    """Run edgec; what it says goes to the terminal, and its result may be captured."""
    command = [sys.executable, "-m", "edge_compiler", *arguments]
    output = subprocess.PIPE if capture else None
    shown = f"edgec {' '.join(arguments)}"
    try:
        done = subprocess.run(command, stdout=output, text=True, check=False, timeout=_LONGEST)
    except subprocess.TimeoutExpired as error:
        raise DemoError(f"{shown} did not end within {_LONGEST} s; run it by itself") from error
    if done.returncode:
        raise DemoError(f"{shown} ended with exit code {done.returncode}, see above")
    return done.stdout or ""


def _package_folder(name: str) -> Path:
    """Find an installed package without importing it, which takes a second for some."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise DemoError(f"{_DISTRIBUTIONS.get(name, name)} is missing; run make setup")
    return Path(spec.origin).parent
