"""The parser of a command line: options stand where one likes, and misspelt words are named."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
import os
import sys
from typing import Any, NoReturn, TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""The commands of a parser."""

_SEVERAL = ("?", "*", "+")
"""Numbers of words that an argument may take, where it is not one."""


def add_command(commands: Commands, name: str, summary: str) -> argparse.ArgumentParser:
    """Add a command; ``summary`` is a clause that says what it does."""
    sentence = f"{summary[0].upper()}{summary[1:]}."
    return commands.add_parser(name, help=summary, description=sentence)


class CommandParser(argparse.ArgumentParser):
    """
    A command, and what its subcommands are by default.

    argparse takes all words for an argument of several from one run of words, so that
    ``install NEW --json DESTINATION`` lacks a word, and it names no word that may have been meant.
    """

    _is_mixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse options that stand anywhere; leave with a sentence if there is one too many."""
        words: list[str] = list(sys.argv[1:] if args is None else args)
        if self._is_mixing or "_ARGCOMPLETE" in os.environ:  # the shell looks for words by itself
            return super().parse_known_args(words, namespace)
        if not words and self._parts():
            self.print_help(sys.stderr)
            self.exit(2, f"\n{self.prog}: error: a command is missing, see above\n")
        if not self._has_several() or "--" in words:
            found, unknown = super().parse_known_args(words, namespace)
        else:
            self._is_mixing = True
            try:
                found, unknown = self.parse_known_intermixed_args(words, namespace)
            finally:
                self._is_mixing = False
        if unknown:
            self._refuse(unknown)
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in a sentence; the options of a command can be twenty lines."""
        self.exit(2, f"{self.prog}: error: {message}\n{self.prog} --help lists its options\n")

    def _has_several(self) -> bool:
        """Return whether options may stand between words of this command."""
        actions = self._get_positional_actions()
        return not self._parts() and (
            len(actions) > 1 or any(action.nargs in _SEVERAL for action in actions)
        )

    def _parts(self) -> list[argparse.Action]:
        """Return what chooses a subcommand."""
        actions = self._get_positional_actions()
        return [action for action in actions if action.nargs == argparse.PARSER]

    def _refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Say what of the words is nothing that this command knows."""
        for word in unknown:
            if word.startswith("-") and word != "-":
                name = word.partition("=")[0]
                self.error(f"there is no option {name}{_meant(name, self._option_string_actions)}")
        self.error(f"nothing more is expected, but there is {' '.join(map(repr, unknown))}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Name a command that is none, and the one that may have been meant."""
        known = action.choices
        if action.nargs != argparse.PARSER or known is None or value in known:
            return super()._check_value(action, value)
        names = [str(one) for one in known]
        meant = _meant(value, names) or f"; there are: {', '.join(names)}"
        raise argparse.ArgumentError(None, f"there is no command {value!r}{meant}")


def _meant(word: str, known: Collection[str]) -> str:
    """Return the end of a sentence: the name that is like a word, if there is one."""
    from difflib import get_close_matches

    names = {one.lstrip("-"): one for one in known}  # all options have their dashes in common
    near = get_close_matches(word.lstrip("-"), names, 1)
    return f": did you mean {names[near[0]]}?" if near else ""
