"""``edgec doctor``: which targets this machine can compile for, and what the others lack."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from edge_compiler.commands import add_command, add_json, complete_toolchains
from edge_compiler.terminal import progress, say, say_json, say_table

if TYPE_CHECKING:
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands,
        "doctor",
        "tell which targets this machine can compile for, and what the others lack",
        run,
    )
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="a target that must be ready, or the exit code is 1 (default: any of them)",
    ).completer = complete_toolchains  # type: ignore[attr-defined]  # of argcomplete
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what there is of each target; 0 if the named ones, or one of all, are ready."""
    from edge_compiler import toolchain
    from edge_compiler.toolchain.inspection import inspect, TRIAL

    names = arguments.targets or [tools.name for tools in toolchain.TOOLCHAINS]
    chosen = [toolchain.get(name) for name in names]
    found = {}
    with progress() as show:
        for number, tools in enumerate(chosen):
            show("trying the toolchains", number, len(chosen))
            found[tools.name] = inspect(tools)
    ready = {name: not any(part.missing for part in parts) for name, parts in found.items()}
    if arguments.json:
        say_json(
            {
                name: {"ready": ready[name], "parts": [asdict(part) for part in parts]}
                for name, parts in found.items()
            }
        )
    else:
        say_table(
            ("target", "part", "state", "what there is, or how to get it"),
            [
                (name, part.name, "missing" if part.missing else "ok", part.missing or part.found)
                for name, parts in found.items()
                for part in parts
            ],
        )
        lacking = [
            name
            for name, parts in found.items()
            if any(p.missing and p.name != TRIAL for p in parts)
        ]
        if lacking:
            say()
            say("To install what is missing:", "bold")
        for name in lacking:
            say(f"edgec toolchain install {name}")
    return 0 if (all if arguments.targets else any)(ready.values()) else 1
