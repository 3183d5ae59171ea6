"""The command ``edgec install``, which is the same with the compiler and without it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge_perception.runtime.install import install

SUMMARY = "check a bundle and let it take the place of another at one moment"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("bundle", type=Path, metavar="NEW.edge", help="the bundle")
    parser.add_argument(
        "destination",
        type=Path,
        metavar="DESTINATION.edge",
        help="where it goes; a bundle that is there is replaced",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run_install(arguments: argparse.Namespace) -> int:
    """Do it; BundleError or OSError if anything is wrong."""
    installed = install(arguments.bundle, arguments.destination)
    manifest, errors = installed.manifest, installed.selftest_errors
    if arguments.json:
        findings = {
            "bundle": str(arguments.bundle),
            "destination": str(arguments.destination),
            "files": len(manifest.files),
            "selftest_errors": errors,
        }
        print(json.dumps(findings, indent=2))
        return 0
    print(f"files: {len(manifest.files)} as the manifest says")
    for variant, error in errors.items():
        print(f"self-test: relative error {error:.1e} ({variant})")
    if not errors:
        print(f"self-test: not run, that needs a machine of the kind {manifest.model.target}")
    if manifest.proof.caveat:
        print(f"proof: {manifest.proof.caveat}")
    print(f"{arguments.destination} is installed; nodes use it when they load it again")
    return 0
