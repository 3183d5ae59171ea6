"""The commands and their options, from the parsers that read them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from edge_compiler.cli import build_parser as edgec_parser
from edge_perception.commands import build_parser as robot_parser
from edge_perception.robot import graph
from reference_pages.markdown import block, code, prose, table


def edgec() -> str:
    """Return the page of ``edgec``."""
    return _page(edgec_parser())


def edge_robot() -> str:
    """Return the page of ``edge-robot``, with the arguments of this package's own graph."""
    return _page(robot_parser(graph.load()))


def _page(parser: argparse.ArgumentParser) -> str:
    parts = [f"# {parser.prog}", prose(parser.description or ""), prose(parser.epilog or "")]
    parts += _sections(parser, 2)
    return "\n\n".join(filter(None, parts)) + "\n"


def _sections(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    for action in parser._actions:  # argparse has no public way to them
        if not isinstance(action, argparse._SubParsersAction):
            continue
        for command in action.choices.values():
            yield f"{'#' * level} {command.prog}"
            yield prose(command.description or "")
            yield from _command(command)
            yield from _sections(command, level + 1)


def _command(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield how a command is called, what it takes, and what is said at the end."""
    formatter = argparse.HelpFormatter(parser.prog, width=100)
    formatter.add_usage(None, parser._actions, parser._mutually_exclusive_groups, prefix="")
    yield block(formatter.format_help())
    rows = [
        (code(_name(action, formatter)), prose(_help(action, parser)))
        for action in parser._actions
        if not isinstance(action, (argparse._HelpAction, argparse._SubParsersAction))
        and action.help is not argparse.SUPPRESS
    ]
    if rows:
        yield table(("argument", "meaning"), rows)
    if parser.epilog:
        yield prose(parser.epilog)


def _name(action: argparse.Action, formatter: argparse.HelpFormatter) -> str:
    if not action.option_strings:
        return str(formatter._metavar_formatter(action, action.dest)(1)[0])
    value = formatter._format_args(action, action.dest.upper()) if action.nargs != 0 else ""
    return f"{', '.join(action.option_strings)} {value}".strip()


def _help(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    """Return what ``--help`` says, with what it knows of the action filled in."""
    known = {**vars(action), "prog": parser.prog}
    if action.choices is not None:
        known["choices"] = ", ".join(map(str, action.choices))
    return (action.help or "") % known
