"""Manual pages of the commands of a robot, made of their parsers."""

from __future__ import annotations

from argparse import ArgumentParser
import os

from argparse_manpage.manpage import Manpage

from edge_perception import commands
from edge_perception.robot import graph
from edge_perception.runtime import __main__ as runtime
from release.facts import EPOCH, MAINTAINER, NAME, VERSION


def pages(date: int) -> dict[str, str]:
    """
    Return the pages of section 1, by the program's name.

    :param date: that they have [s since 1970].
    """
    parsers = (commands.build_parser(graph.load()), runtime.build_parser())
    return {parser.prog: _page(parser, date) for parser in parsers}


def _page(parser: ArgumentParser, date: int) -> str:
    facts = {
        "project_name": NAME,
        "version": VERSION,
        "authors": [MAINTAINER],
        "description": (parser.description or "").rstrip("."),
        "manual_title": "User Commands",
    }
    os.environ[EPOCH] = str(date)  # the only way to tell it
    return str(Manpage(parser, format="single-commands-section", _data=facts))
