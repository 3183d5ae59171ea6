"""Commands that let the robot know people, and forget them."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_perception.environment import this_machine
from edge_perception.robot.graph import Graph
from edge_perception.tools.arguments import add_graph


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    enrol = commands.add_parser(
        "enroll", help="let the robot know somebody by pictures, or by a camera"
    )
    enrol.add_argument("name", metavar="NAME")
    enrol.add_argument(
        "pictures",
        nargs="+",
        metavar="PICTURE|CAMERA",
        help="files, or a camera (number, /dev path) or video that sees this one alone",
    )
    enrol.set_defaults(run=_enrol)
    owners = commands.add_parser("owners", help="list or remove those whom the robot knows")
    actions = owners.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listed = actions.add_parser("list", help="show their names, and by how many pictures")
    listed.set_defaults(run=_list)
    removed = actions.add_parser("remove", help="forget somebody")
    removed.add_argument("name", metavar="NAME")
    removed.set_defaults(run=_remove)
    for command in (enrol, listed, removed):
        command.add_argument(
            "--model", type=Path, required=True, metavar="FILE", help="the pipeline (NAME.yaml)"
        )
        add_graph(command)


def _enrol(graph: Graph, options: argparse.Namespace) -> int:
    from edge_perception.robot import enrolment

    environment = this_machine()
    register = enrolment.find(options.model, environment)
    known = enrolment.enrol(register, options.name, options.pictures, environment)
    by, names = _pictures(len(known.vectors[options.name])), ", ".join(known.names)
    print(f"{register.path}: {options.name} by {by}; owners: {names}")
    return 0


def _list(graph: Graph, options: argparse.Namespace) -> int:
    from edge_perception.robot import enrolment

    environment = this_machine()
    register = enrolment.find(options.model, environment)
    known = enrolment.read(register, environment)
    for name in known.names:
        print(f"{name}: {_pictures(len(known.vectors[name]))}")
    if not known.names:
        print(f"{register.path}: nobody is enrolled")
    return 0


def _remove(graph: Graph, options: argparse.Namespace) -> int:
    from edge_perception.robot import enrolment

    environment = this_machine()
    register = enrolment.find(options.model, environment)
    enrolment.remove(register, options.name, environment)
    print(f"{register.path}: {options.name} is forgotten")
    return 0


def _pictures(count: int) -> str:
    return f"{count} picture{'s' * (count != 1)}"
