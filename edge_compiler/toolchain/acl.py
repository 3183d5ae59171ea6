"""
The Arm Compute Library: which file of Debian it comes from, and where it is kept.

``$EDGE_CACHE/toolchains/acl-VERSION-ARCHITECTURE/`` (see docs/cli.md) holds ``include/``,
``lib/`` with the static libraries, ``LICENSE`` and ``provenance.json``.
"""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
import shutil
import subprocess
import tempfile

from edge_compiler.errors import CompileError
from edge_compiler.files.atomic import new_folder
from edge_compiler.machine import user_cache
from edge_compiler.progress import Progress
from edge_compiler.toolchain.archive import DebianFile, download

ACL_VERSION = "24.11"
_POOL = "pool/main/a/arm-compute-library"
_REVISION = "24.11+dfsg-3"  # of Debian 13; built without OpenMP, fp16 and SVE


@dataclass(frozen=True)
class Acl:
    """
    The library for one kind of machine; see `Library`.

    :ivar architecture: Debian's name of the machine.
    :ivar triple: GNU's name of the machine.
    :ivar size: of the package with headers and static libraries, in bytes.
    :ivar sha256: of that package.
    """

    name = "acl"
    title = f"Arm Compute Library {ACL_VERSION}"
    language = "c++"

    architecture: str
    triple: str
    size: int
    sha256: str

    @property
    def file(self) -> DebianFile:
        """The package with headers and static libraries."""
        name = f"libarm-compute-dev_{_REVISION}_{self.architecture}.deb"
        return DebianFile(f"{_POOL}/{name}", self.size, self.sha256)

    @property
    def folder(self) -> Path:
        """Where the library is kept."""
        return user_cache() / "toolchains" / f"acl-{ACL_VERSION}-{self.architecture}"

    @property
    def provenance(self) -> dict[str, str]:
        """Where the library comes from."""
        return {"package": self.file.name, "sha256": self.sha256}

    def is_installed(self) -> bool:
        """Return whether the library is there, made of this very package, and complete."""
        try:
            found = json.loads((self.folder / "provenance.json").read_text("utf-8"))
            files = found.pop("files")
            complete = all((self.folder / name).stat().st_size == files[name] for name in files)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False
        return bool(complete and found == self.provenance)

    def install(self, progress: Progress) -> None:
        """
        Download the package and unpack it, completely or not at all.

        :raises CompileError: if it can't be had, or is not the one that was pinned.
        """
        package = download(self.file, self.folder.parent / "downloads", progress)
        progress("unpacking", 0, 0)
        with (
            new_folder(self.folder) as complete,
            tempfile.TemporaryDirectory(dir=complete.parent) as scratch,
        ):
            self._unpack(package, Path(scratch), complete)
        package.unlink()

    def remove(self) -> bool:
        """Remove the library, and what is left of a download; return whether there was any."""
        parent = self.folder.parent
        patterns = (self.folder.name, f"downloads/{self.file.name}*")
        found = [path for pattern in patterns for path in parent.glob(pattern)]
        # moved away first: when this is interrupted, nothing half removed looks installed
        with tempfile.TemporaryDirectory(dir=parent) as scratch:
            for path in found:
                path.rename(Path(scratch, path.name))
        return bool(found)

    def _unpack(self, package: Path, scratch: Path, complete: Path) -> None:
        done = subprocess.run(
            ["dpkg-deb", "--extract", package, scratch], capture_output=True, text=True
        )
        if done.returncode:
            said = done.stderr.strip().partition("\n")[0]
            raise CompileError(f"dpkg-deb can't unpack {package}: {said}")
        usr = scratch / "usr"
        (usr / "include" / self.triple).rename(complete / "include")
        (complete / "lib").mkdir()
        for library in (usr / "lib" / self.triple).glob("*.a"):  # the others are links to nowhere
            library.rename(complete / "lib" / library.name)
        shutil.copy(usr / "share/doc/libarm-compute-dev/copyright", complete / "LICENSE")
        paths = sorted(path for path in complete.rglob("*") if path.is_file())
        sizes = {path.relative_to(complete).as_posix(): path.stat().st_size for path in paths}
        text = json.dumps(self.provenance | {"files": sizes}, indent=2)
        (complete / "provenance.json").write_text(f"{text}\n", "utf-8")


ACL_ARM64 = Acl(
    "arm64",
    "aarch64-linux-gnu",
    4818364,
    "223b39c7e814e3c4c46eaf0cb607d86cbe5360c5e88fd364b955d06ddf2b701d",
)
ACL_ARMHF = Acl(
    "armhf",
    "arm-linux-gnueabihf",
    4186504,
    "8fde14f07dafdba0040ee5d85f04f12f4df0a4a5b98d6ab2b8a8fe10566f1059",
)
