"""``edgec keygen``: a pair of keys to sign bundles with."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_compiler.commands import add_command, add_json
from edge_compiler.terminal import say, say_json

if TYPE_CHECKING:
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands, "keygen", "make NAME.key, to sign with, and NAME.pub, for the robots", run
    )
    parser.add_argument("name", type=Path, metavar="NAME", help="of both files, without .key")
    parser.add_argument(
        "--no-password", action="store_true", help="protect NAME.key by its file mode alone"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make the keys."""
    from edge_compiler.signing.secret import make_key, new_password, write_keys

    name: Path = arguments.name
    secret, public = (name.with_name(name.name + end) for end in (".key", ".pub"))
    password = "" if arguments.no_password else new_password(secret)
    key = make_key()
    write_keys(key, secret, public, password)
    if arguments.json:
        say_json({"key": key.public.name, "secret": str(secret), "public": str(public)})
        return 0
    say(f"key: {key.public.name}")
    say(f"written: {secret} (keep it secret), {public} (for trusted_keys of robots)", "bold green")
    return 0
