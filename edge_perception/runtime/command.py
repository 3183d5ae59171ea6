"""What commands of ``edgec`` have in common with the compiler and without it."""

from __future__ import annotations

import argparse
from datetime import datetime, timezone
import json
from pathlib import Path

from edge_perception.runtime.contents import Contents, Trust
from edge_perception.runtime.delivery import ask, deliver, parse_remote
from edge_perception.runtime.install import install, roll_back
from edge_perception.runtime.signature import find_key

_RELOAD = "running nodes use it when their service reload_models is called"
SUMMARY = "check a bundle and let it take the place of another at one moment"


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Add ``--key``."""
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="NAME.pub",
        help="accept only what this public key, a file or its 56 characters, has signed; may be "
        "given several times",
    )


def trust_of(arguments: argparse.Namespace) -> Trust | None:
    """
    Return whose bundles are accepted; None: anybody's.

    :raises BundleError: if a key is none.
    """
    return Trust(tuple(map(find_key, arguments.key))) if arguments.key else None


def signed_by(contents: Contents, trust: Trust | None) -> str:
    """Return what can be said of a bundle's signature."""
    if contents.signature is None:
        return "none"
    when = datetime.fromtimestamp(contents.signed_at, timezone.utc).isoformat(" ", "seconds")
    part = "" if contents.record_is_signed else ", but for when it was made and how fast it ran"
    checked = "" if trust else ", not checked: give the public key with --key"
    return f"by the key {contents.signature.name}, {when}{part}{checked}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``edgec install``."""
    parser.add_argument("bundle", type=Path, nargs="?", metavar="NEW.edge", help="the bundle")
    parser.add_argument(
        "destination",
        metavar="[[USER@]HOST:]DESTINATION.edge",
        help="where it goes, here or through ssh; a bundle that is there is replaced, and kept "
        "beside it",
    )
    add_keys(parser)
    parser.add_argument(
        "--allow-downgrade",
        action="store_true",
        help="with --key: accept what was signed before the bundle that is there",
    )
    parser.add_argument(
        "--rollback",
        action="store_true",
        help="without NEW.edge: let the bundle that was there before take its place again",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.set_defaults(usage=parser.error)


def run_install(arguments: argparse.Namespace) -> int:
    """Do it; BundleError or OSError if anything is wrong."""
    if arguments.rollback is (arguments.bundle is not None):
        arguments.usage("give either NEW.edge or --rollback")
    if (remote := parse_remote(arguments.destination)) is not None:
        return _elsewhere(arguments, *remote)
    if arguments.rollback:
        return _roll_back(arguments)
    trust = trust_of(arguments)
    installed = install(arguments.bundle, arguments.destination, trust, arguments.allow_downgrade)
    manifest, errors = installed.contents.manifest, installed.selftest_errors
    signature = signed_by(installed.contents, trust)
    if arguments.json:
        findings = {
            "bundle": str(arguments.bundle),
            "destination": str(arguments.destination),
            "files": installed.contents.count,
            "signature": signature,
            "selftest_errors": errors,
        }
        print(json.dumps(findings, indent=2))
        return 0
    print(f"files: {installed.contents.count} as the manifest says")
    print(f"signature: {signature}")
    for variant, error in errors.items():
        print(f"self-test: relative error {error:.1e} ({variant})")
    if not errors:
        print(f"self-test: not run, that needs a machine of the kind {manifest.model.target}")
    if manifest.proof.caveat:
        print(f"proof: {manifest.proof.caveat}")
    print(f"{arguments.destination} is installed; {_RELOAD}")
    return 0


def _elsewhere(arguments: argparse.Namespace, host: str, path: str) -> int:
    flags = ("json", "rollback", "allow_downgrade")
    options = [f"--{name.replace('_', '-')}" for name in flags if getattr(arguments, name)]
    if arguments.rollback:
        return ask(host, [*options, "--", path])
    return deliver(arguments.bundle, host, path, options, trust_of(arguments))


def _roll_back(arguments: argparse.Namespace) -> int:
    model = roll_back(arguments.destination).model
    if arguments.json:
        findings = {"destination": str(arguments.destination), "model": model.name}
        print(json.dumps(findings, indent=2))
        return 0
    print(f"{arguments.destination} is {model.name} again; {_RELOAD}")
    return 0
