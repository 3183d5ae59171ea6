"""``edgec finish``: the engine of a bundle, built and proven where the device is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_compiler.commands import add_command
from edge_perception.runtime.tensorrt.command import add_arguments, run_finish, SUMMARY

if TYPE_CHECKING:
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    add_arguments(add_command(commands, "finish", SUMMARY, run_finish))
