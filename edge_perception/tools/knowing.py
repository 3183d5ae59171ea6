"""Commands that let the robot know people, and forget them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from edge_perception.core.environment import Environment
from edge_perception.environment import this_machine
from edge_perception.robot.graph import Graph
from edge_perception.runtime.parser import add_command, Commands
from edge_perception.tools.arguments import add_graph, Run

if TYPE_CHECKING:  # what it needs to see is loaded late
    from edge_perception.robot.enrolment import Register

Act: TypeAlias = "Callable[[argparse.Namespace, Register, Environment], None]"
"""What a command does with the owners' file."""


def add_commands(commands: Commands) -> None:
    """Add the commands."""
    enrol = add_command(
        commands, "enroll", "let the robot know somebody by pictures, or by a camera"
    )
    enrol.add_argument("name", metavar="NAME")
    enrol.add_argument(
        "pictures",
        nargs="+",
        metavar="PICTURE|CAMERA",
        help="files, or a camera (number, /dev path) or video that sees this one alone",
    )
    enrol.set_defaults(run=_of_register(_enrol))
    owners = add_command(commands, "owners", "list or remove those whom the robot knows")
    actions = owners.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listed = add_command(actions, "list", "show their names, and by how many pictures")
    listed.set_defaults(run=_of_register(_list))
    removed = add_command(actions, "remove", "forget somebody")
    removed.add_argument("name", metavar="NAME")
    removed.set_defaults(run=_of_register(_remove))
    for command in (enrol, listed, removed):
        command.add_argument(
            "--model", type=Path, required=True, metavar="FILE", help="the pipeline (NAME.yaml)"
        )
        add_graph(command)


def _of_register(act: Act) -> Run:
    """Return a command that works on the owners' file of the pipeline that is named."""

    def run(graph: Graph, options: argparse.Namespace) -> int:
        from edge_perception.robot import enrolment

        environment = this_machine()
        act(options, enrolment.find(options.model, environment), environment)
        return 0

    return run


def _enrol(options: argparse.Namespace, register: Register, environment: Environment) -> None:
    from edge_perception.robot import enrolment

    known = enrolment.enrol(register, options.name, options.pictures, environment)
    by, names = _pictures(len(known.vectors[options.name])), ", ".join(known.names)
    print(f"{register.path}: {options.name} by {by}; owners: {names}")


def _list(options: argparse.Namespace, register: Register, environment: Environment) -> None:
    from edge_perception.robot import enrolment

    known = enrolment.read(register, environment)
    for name in known.names:
        print(f"{name}: {_pictures(len(known.vectors[name]))}")
    if not known.names:
        print(f"{register.path}: nobody is enrolled")


def _remove(options: argparse.Namespace, register: Register, environment: Environment) -> None:
    from edge_perception.robot import enrolment

    enrolment.remove(register, options.name, environment)
    print(f"{register.path}: {options.name} is forgotten")


def _pictures(count: int) -> str:
    return f"{count} picture{'s' * (count != 1)}"
