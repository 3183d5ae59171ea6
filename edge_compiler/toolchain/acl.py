"""The Arm Compute Library: which files of Debian it comes from, and where it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_compiler.machine import user_cache

ACL_VERSION = "24.11"


@dataclass(frozen=True)
class Acl:
    """
    The library for one kind of machine.

    :ivar architecture: Debian's name of the machine.
    """

    architecture: str

    @property
    def folder(self) -> Path:
        """Where the library is kept: ``include/`` and ``lib/``."""
        return user_cache() / "toolchains" / f"acl-{ACL_VERSION}-{self.architecture}"

    @property
    def installed(self) -> bool:
        """Whether the library is there."""
        return (self.folder / "lib" / "libarm_compute-static.a").is_file()


ACL_ARM64 = Acl("arm64")
ACL_ARMHF = Acl("armhf")
