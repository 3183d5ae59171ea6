"""What a library is that a toolchain installs beside compilers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from edge_compiler.progress import Progress


class Library(Protocol):
    """A library for one kind of machine, which models' libraries are linked with."""

    @property
    def name(self) -> str:
        """Its short name, by which a back end asks for it."""

    @property
    def title(self) -> str:
        """Its name and version, for people."""

    @property
    def language(self) -> str:
        """The language, "c" or "c++", in which it is used."""

    @property
    def folder(self) -> Path:
        """Where it is kept."""

    @property
    def provenance(self) -> Mapping[str, str]:
        """Where it comes from."""

    def is_installed(self) -> bool:
        """Return whether it is there, of this provenance, and complete."""

    def install(self, progress: Progress) -> None:
        """
        Install it, completely or not at all.

        :raises CompileError: if it can't be had, or is not the one that was pinned.
        """

    def remove(self) -> bool:
        """Remove it; return whether there was anything."""
