"""``edgec fetch``: a trained model by name."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edge_compiler.commands import add_command, add_json
from edge_compiler.errors import CompileError, hint
from edge_compiler.terminal import progress, say, say_json, say_table
from edge_compiler.units import size

if TYPE_CHECKING:
    from edge_compiler.commands import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands, "fetch", "download a trained model, convert it to ONNX and print its path", run
    )
    name = parser.add_argument("name", nargs="?", help="of the model, see --list")
    name.completer = _names  # type: ignore[attr-defined]  # argcomplete looks for it
    parser.add_argument("--list", action="store_true", help="list the models that can be fetched")
    parser.add_argument("--force", action="store_true", help="download again, even if cached")
    add_json(parser)
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Print the path of the model, and nothing else, on standard output."""
    from edge_compiler.zoo import fetch, MODELS

    if arguments.list:
        _list(arguments.json)
        return 0
    if arguments.name is None:
        arguments.usage_error("the name of a model is missing, see edgec fetch --list")
    if arguments.name not in MODELS:
        meant = hint(arguments.name, MODELS, "see edgec fetch --list", cutoff=0.4)
        raise CompileError(f"no model is called {arguments.name!r}; {meant}")
    with progress() as show:
        path = fetch(MODELS[arguments.name], show, force=arguments.force)
    if arguments.json:
        say_json({"name": arguments.name, "path": str(path)})
    else:
        say(str(path))
    return 0


def _list(as_json: bool) -> None:
    from edge_compiler.zoo import model_folder, MODELS

    cached = {name: model_folder(name).is_dir() for name in MODELS}
    if as_json:
        say_json(
            [
                {
                    "name": recipe.name,
                    "summary": recipe.summary,
                    "license": recipe.license,
                    "answers": recipe.answers,
                    "download_bytes": recipe.download_bytes,
                    "cached": cached[recipe.name],
                }
                for recipe in MODELS.values()
            ]
        )
        return
    say_table(
        ("name", "what it is", "of pictures of scikit-image", "download", "cached", "licence"),
        [
            (
                recipe.name,
                recipe.summary,
                recipe.answers,
                size(recipe.download_bytes),
                "yes" if cached[recipe.name] else "no",
                recipe.license,
            )
            for recipe in MODELS.values()
        ],
    )


def _names(**_context: object) -> list[str]:
    from edge_compiler.zoo import MODELS

    return list(MODELS)
