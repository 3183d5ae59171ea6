"""``edgec install``: another bundle in the place of the one that a robot uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_compiler.commands import add_command
from edge_perception.runtime.command import add_arguments, run_install, SUMMARY

if TYPE_CHECKING:
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    add_arguments(add_command(commands, "install", SUMMARY, run_install))
