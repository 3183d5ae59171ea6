"""Files of Debian's archive, pinned by their SHA-256, whatever distribution this machine has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
import shutil
import subprocess

from edge_compiler.errors import CompileError
from edge_compiler.progress import Progress
from edge_compiler.toolchain.apt import AptError, HELPER, run_apt
from edge_perception.runtime.files import describe_file

PUBLIC = (
    "http://deb.debian.org/debian/",
    "http://snapshot.debian.org/archive/debian/20250901T000000Z/",  # never forgets a file
)
"""For machines that are configured for no mirror of Debian, or for one without the file."""


@dataclass(frozen=True)
class DebianFile:
    """
    A file of the archive.

    :ivar path: below the archive's root.
    """

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePosixPath(self.path).name


def mirrors() -> list[str]:
    """Return the addresses of Debian's archive, those that apt is configured for first."""
    command = ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)"]
    done = subprocess.run(command, capture_output=True, text=True)
    configured = [
        address
        for address in done.stdout.split()
        if address.startswith(("http://", "https://")) and address.endswith("/debian/")
    ]
    return list(dict.fromkeys([*configured, *PUBLIC]))


def download(file: DebianFile, folder: Path, progress: Progress) -> Path:
    """
    Download a file into ``folder``; go on where an interrupted download has ended.

    :raises CompileError: if it can't be had, or is not the file that was pinned.
    """
    if not shutil.which("apt-get") or not Path(HELPER).is_file():
        raise CompileError(
            f"{file.name} is downloaded by apt, which this machine lacks; use Debian or Ubuntu"
        )
    folder.mkdir(parents=True, exist_ok=True)
    complete, part = folder / file.name, folder / f"{file.name}.part"
    complaints = []
    if complete.is_file() and describe_file(complete).sha256 == file.sha256:
        return complete
    for mirror in mirrors():
        begun = part.is_file()
        try:
            _fetch(file, mirror, part, progress)
            if (
                begun and describe_file(part).sha256 != file.sha256
            ):  # what there was may have been damaged
                part.unlink()
                _fetch(file, mirror, part, progress)
        except AptError as error:
            complaints.append(str(error))
            continue
        _check(file, mirror, part)
        return part.replace(complete)
    raise CompileError(
        f"cannot download {file.name}: {'; '.join(complaints)}; check the network and the "
        "configuration of apt"
    )


def _fetch(file: DebianFile, mirror: str, part: Path, progress: Progress) -> None:
    def status(_line: str) -> None:
        size = part.stat().st_size if part.is_file() else 0
        if size > file.size:
            part.unlink()
            raise _changed(file, mirror, "more bytes")
        progress("downloading", size, file.size)

    # not as the user _apt, who can't write into a home folder
    options = ["-o", "APT::Sandbox::User=root", "-o", "Acquire::http::Timeout=30"]
    run_apt([HELPER, *options, "download-file", mirror + file.path, str(part)], status)


def _check(file: DebianFile, mirror: str, part: Path) -> None:
    received = describe_file(part).sha256
    if received != file.sha256:
        part.unlink()
        raise _changed(file, mirror, received)


def _changed(file: DebianFile, mirror: str, received: str) -> CompileError:
    return CompileError(
        f"{file.name} from {mirror} is not the pinned file: expected {file.size} bytes with "
        f"SHA-256 {file.sha256}, received {received}; the mirror or a proxy changes files, do not "
        "trust it"
    )
