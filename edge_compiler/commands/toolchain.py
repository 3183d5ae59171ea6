"""``edgec toolchain``: install what compiles for other machines."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edge_compiler.commands import add_command, complete_toolchains
from edge_compiler.terminal import note, progress, say, say_table
from edge_perception.runtime import parser as parsers

if TYPE_CHECKING:
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parsers."""
    summary = "install what compiles for other machines, and runs the result"
    parser = parsers.add_command(commands, "toolchain", summary)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add_command(actions, "list", "list the toolchains, and which are installed", run_list)
    for name, summary, function in (
        ("install", "install a toolchain, or what is missing of it", run_install),
        ("remove", "remove the libraries of a toolchain", run_remove),
    ):
        add_command(actions, name, summary, function).add_argument(
            "name", metavar="NAME", help="of the toolchain, the same as the target's"
        ).completer = complete_toolchains  # type: ignore[attr-defined]  # of argcomplete


def run_list(_arguments: argparse.Namespace) -> int:
    """Print a line a toolchain."""
    from edge_compiler.toolchain import TOOLCHAINS
    from edge_compiler.toolchain.inspection import inspect

    with progress() as show:
        show("trying the toolchains", 0, 0)
        rows = [
            (
                tools.name,
                tools.triple,
                "incomplete, see edgec doctor"
                if any(part.missing for part in inspect(tools))
                else "installed",
            )
            for tools in TOOLCHAINS
        ]
    say_table(("toolchain", "machine", "state"), rows)
    return 0


def run_install(arguments: argparse.Namespace) -> int:
    """Install a toolchain."""
    from edge_compiler import toolchain
    from edge_compiler.toolchain.installation import install

    tools = toolchain.get(arguments.name)
    with progress() as show:
        install(tools, show)
    say(f"the toolchain {tools.name} is installed", "bold green")
    return 0


def run_remove(arguments: argparse.Namespace) -> int:
    """Remove what belongs to this user alone."""
    from edge_compiler import toolchain
    from edge_compiler.toolchain.installation import remove

    tools = toolchain.get(arguments.name)
    with progress() as show:
        removed = remove(tools, show)
    for library in tools.libraries:
        say(
            f"{library.folder} is removed"
            if library in removed
            else f"there is no {library.folder}"
        )
    note(
        "the packages of this machine are left alone; to remove them, if nothing else needs "
        f"them: sudo apt-get remove {' '.join(tools.packages)}"
    )
    return 0
