"""``edgec sign``: sign a bundle, or any file that a robot reads."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
import zipfile

from edge_compiler.commands import add_command, add_json
from edge_compiler.terminal import say, say_json

if TYPE_CHECKING:
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands, "sign", "sign bundles, or files with rules, owners or a graph", run
    )
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="a bundle or a file")
    parser.add_argument(
        "-k", "--key", type=Path, required=True, metavar="NAME.key", help="the secret key"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Sign each."""
    from edge_compiler.signing.secret import known_password, read_secret
    from edge_compiler.signing.sign import sign_bundle, sign_file

    key = read_secret(arguments.key, partial(known_password, arguments.key))
    for path in arguments.paths:
        if path.is_dir() or zipfile.is_zipfile(path):
            sign_bundle(path, key)
        else:
            sign_file(path, key)
        if not arguments.json:
            say(f"signed: {path} by {key.public.name}", "bold green")
    if arguments.json:
        say_json({"key": key.public.name, "signed": [str(path) for path in arguments.paths]})
    return 0
