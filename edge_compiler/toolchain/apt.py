"""Running apt, with its progress and its reason when it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

from edge_compiler.errors import CompileError
from edge_compiler.progress import Progress

HELPER = "/usr/lib/apt/apt-helper"
"""Downloads a file by itself, through the proxy and with the credentials of apt."""


class AptError(CompileError):
    """What apt says when it fails."""


def install_command(packages: Sequence[str]) -> list[str]:
    """Return the command that installs packages, as a user would type it."""
    return ["apt-get", "install", "-y", "--no-install-recommends", *packages]


def install_packages(packages: Sequence[str], progress: Progress) -> None:
    """
    Install packages of this machine's distribution.

    :raises CompileError: if only somebody else can: it says what to run.
    """
    command = " ".join(install_command(packages))
    if not shutil.which("apt-get"):
        raise CompileError(
            "this machine has no apt; install what Debian calls " + ", ".join(packages)
        )
    if os.geteuid() != 0:
        raise CompileError(f"only root can install compilers; run: sudo {command}")

    def show(what: str) -> Callable[[str], None]:
        def status(line: str) -> None:
            # pmstatus:PACKAGE:PERCENT:TEXT while installing, dlstatus:... while downloading
            fields = line.split(":")
            with contextlib.suppress(IndexError, ValueError):
                progress(what, int(float(fields[2])), 100)

        return status

    try:
        run_apt(["apt-get", "update"], show("reading the package lists"))
        run_apt(install_command(packages), show("installing packages"))
    except AptError as error:
        raise CompileError(f"apt-get failed: {error}; try it by hand: {command}") from None


def run_apt(command: Sequence[str], status: Callable[[str], None]) -> None:
    """
    Run a program of apt.

    :param status: called with each line of what apt tells of its progress.
    :raises AptError: with the last complaint.
    """
    reader, writer = os.pipe()
    with tempfile.TemporaryFile("w+", errors="replace") as log, os.fdopen(reader) as lines:
        child = subprocess.Popen(
            [*command, "-o", f"APT::Status-Fd={writer}", "-o", "DPkg::Lock::Timeout=120"],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            pass_fds=[writer],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches it through us, so that we can wait for it
        )
        os.close(writer)
        try:
            for line in lines:
                status(line.rstrip())
            child.wait()
        except BaseException:
            # apt then notes how much of a file it has, and does not leave a package half installed
            os.killpg(child.pid, signal.SIGINT)
            child.wait()
            raise
        if child.returncode:
            log.seek(0)
            said = [line.removeprefix("E: ").strip() for line in log if line.startswith("E: ")]
            raise AptError(said[0] if said else f"exit code {child.returncode}")
