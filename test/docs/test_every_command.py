"""Every command is explained, on the terminal and in the guides; every target of make, too."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import re

from pages import ROOT

from edge_compiler import cli
from edge_perception import commands
from edge_perception.robot import graph

GUIDE = (ROOT / "docs" / "cli.md").read_text("utf-8")


def commands_of(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the commands of a program, and theirs."""
    for action in parser._actions:  # argparse has no public way to them
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield command
                yield from commands_of(command)


def test_its_own_help_says_what_each_does() -> None:
    parsers = (cli.build_parser(), commands.build_parser(graph.load()))
    all_of_them = [command for parser in parsers for command in commands_of(parser)]
    assert len(all_of_them) > 40
    assert [
        one.prog for one in all_of_them if not re.match("[A-Z].*[.]$", one.description or "")
    ] == []


def test_the_guide_has_a_section_of_each_command_and_lists_it_above() -> None:
    edgec = {each.prog.split()[1] for each in commands_of(cli.build_parser())}
    headings = re.findall("^### (.+)$", GUIDE, re.MULTILINE)
    assert {name for heading in headings for name in heading.split(", ")} >= edgec
    listed = GUIDE.partition("\n## ")[0]
    assert [name for name in edgec if not re.search(rf"\b{name}\b.*\]\(#", listed)] == []


def test_what_make_can_do_is_listed_for_those_who_contribute() -> None:
    targets = re.findall("^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert len(targets) > 20
    pages = "".join((ROOT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md"))
    assert [
        name for name in targets if not re.search(rf"^make {name}(?!\S)", pages, re.MULTILINE)
    ] == []
