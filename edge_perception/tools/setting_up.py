"""Commands with which a robot begins: its files, and what its machine lacks."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import shutil

from edge_perception.robot.graph import Graph
from edge_perception.runtime.parser import add_command, Commands
from edge_perception.tools.arguments import add_graph, of_bags


def add_commands(commands: Commands) -> None:
    """Add the commands."""
    new = add_command(commands, "new", "make the files of a robot: graph, rules, a test on bags")
    new.add_argument("folder", type=Path, metavar="NAME", help="the folder; the robot's name")
    new.add_argument("--no-ros", action="store_true", help="a plain folder, no package of ROS 2")
    new.set_defaults(run=of_bags(_new))
    doctor = add_command(
        commands, "doctor", "check this machine: cameras, buses, cores, memory, network, clock"
    )
    doctor.add_argument("--json", action="store_true", help="for programs")
    doctor.set_defaults(run=_doctor)
    for command in (new, doctor):
        add_graph(command)


def _new(graph: Graph, options: argparse.Namespace) -> int:
    from edge_perception.replay import new_robot

    new_robot.make(options.folder.absolute(), not options.no_ros)
    print(f"{options.folder}: its README.md says how to go on; pytest {options.folder}/test")
    return 0


def _doctor(graph: Graph, options: argparse.Namespace) -> int:
    from edge_perception.tools import doctor

    found = doctor.examine(doctor.Machine())
    if options.json:
        print(json.dumps([one._asdict() for one in found], indent=2))
    else:
        print(doctor.table(found, shutil.get_terminal_size().columns))
    return int(any(one.remedy for one in found))
