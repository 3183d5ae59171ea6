"""Bundles of the hand-written model, whole ones and such as have their digests made anew."""

from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path
import shutil
from typing import Any

from box_model import Spec
import numpy as np

from edge_perception.runtime import (
    Library,
    Manifest,
    read_manifest,
    Record,
    write_manifest,
    write_record,
    write_selftest,
)
from edge_perception.runtime.files import describe_file
from edge_perception.runtime.manifest import MANIFEST_NAME
from edge_perception.runtime.proof import Proof
from edge_perception.runtime.record import Speed


def write_bundle(directory: Path, spec: Spec, library: Path, **changes: Any) -> Manifest:
    """Make a bundle of the hand-written model, with a true self-test."""
    directory.mkdir()
    shutil.copy(library, directory / "model.so")
    with Library(library).create(1) as model:
        x = np.random.default_rng(0).normal(size=spec.shape).astype(np.float32)
        write_selftest(directory / "selftest.npz", {"x": x}, model.run({"x": x}))
    manifest = Manifest(
        model=spec.model(),
        library="model.so",
        selftest="selftest.npz",
        proof=Proof("numpy", 1e-4, 0.0, "box", 1),
        files={name: describe_file(directory / name) for name in ("model.so", "selftest.npz")},
    )
    manifest = replace(manifest, **changes)
    write_manifest(directory, manifest)
    (directory / "report.html").write_text("<p>fast</p>")
    speed = Speed("any", 1, 1, 2.5)  # an int where a float is due is fine
    files = {"report.html": describe_file(directory / "report.html")}
    write_record(directory, Record("2026-11-23T00:00:00+00:00", speed, files))
    return manifest


def edit(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest's JSON, keeping its format."""
    path = bundle / MANIFEST_NAME
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def state_files_anew(bundle: Path) -> None:
    """Give a bundle whose files were changed the sizes and digests that fit them."""
    manifest = read_manifest(bundle, check=False)
    files = {name: describe_file(bundle / name) for name in manifest.files}
    write_manifest(bundle, replace(manifest, files=files))
