"""Installing a bundle on another machine, through ssh."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import re
import shlex
import subprocess
import tempfile

from edge_perception.runtime.contents import contents_of, open_bundle, Trust
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.packing import write_file
from edge_perception.runtime.signature import text_of_key

_RECEIVE = """\
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/new.edge" || {
  echo "edgec: error: $folder has no room for the bundle" >&2
  exit 1
}
"""
"""Keeps what is sent for as long as it takes, on the other machine; for any POSIX shell."""
_NO_COMMAND = 127  # a shell's exit code
_BROKEN = 255  # ssh's own
_WAITS = ("ConnectTimeout=15", "ServerAliveInterval=5", "ServerAliveCountMax=6")
"""So that a robot that has driven out of reach ends the command, and doesn't hang it."""


def parse_remote(destination: str) -> tuple[str, str] | None:
    """Return host and path of HOST:PATH or USER@HOST:PATH, as scp reads it; None: it is here."""
    found = re.fullmatch(r"([^/:]+):(.+)", destination)
    return (found[1], found[2]) if found else None


def deliver(
    bundle: Path, host: str, path: str, options: Sequence[str], trust: Trust | None
) -> int:
    """
    Check a bundle, and have ``edgec install`` of another machine check and install it there.

    It goes through one connection, packed; what that command prints is printed here.

    :param path: where it goes there.
    :param options: of that command.
    :param trust: whose bundles are accepted, here and there; None: anybody's.
    :returns: the exit code.
    :raises BundleError: if the bundle can't be used, or ssh fails.
    """
    keys = [text_of_key(key) for key in trust.keys] if trust else []
    told = [*options, *(part for key in keys for part in ("--key", key))]
    with tempfile.TemporaryDirectory(prefix="edgec-") as scratch, open_bundle(bundle) as files:
        packed = Path(scratch) / "new.edge"
        write_file(packed, files, contents_of(files, trust))
        with packed.open("rb") as content:
            # what is no option stands together, or argparse takes the first for the destination
            places = f'"$folder/new.edge" {shlex.quote(path)}'
            script = f"{_RECEIVE}edgec install {shlex.join(told)} -- {places}"
            return _ssh(host, script, content.fileno())


def ask(host: str, options: Sequence[str]) -> int:
    """
    Run ``edgec install`` on another machine without a bundle, as to roll back.

    :returns: the exit code.
    :raises BundleError: if ssh fails.
    """
    return _ssh(host, f"edgec install {shlex.join(options)}", subprocess.DEVNULL)


def _ssh(host: str, script: str, stdin: int) -> int:
    options = (f"-o{one}" for one in _WAITS)
    command = ["ssh", *options, "--", host, f"sh -c {shlex.quote(script)}"]
    try:
        code = subprocess.run(command, stdin=stdin, check=False).returncode
    except FileNotFoundError:
        raise BundleError("ssh was not found, which brings bundles to other machines") from None
    if code == _NO_COMMAND:
        raise BundleError(
            f"{host} has no edgec in the PATH of commands that ssh runs; install the extra "
            "runtime there: docs/arm.md"
        )
    if code == _BROKEN:
        raise BundleError(
            f"ssh says why {host} was not reached, or left before the end; the bundle there is "
            "the old one or the new one, and whole: try again"
        )
    return code
