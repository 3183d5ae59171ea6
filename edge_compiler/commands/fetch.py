"""``edgec fetch``: a trained model by name, or pictures to try models on."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edge_compiler.commands import add_command, add_json
from edge_compiler.errors import CompileError, hint
from edge_compiler.terminal import progress, say, say_json, say_table
from edge_compiler.units import size

if TYPE_CHECKING:
    from edge_compiler.zoo import Recipe
    from edge_compiler.zoo.media import Media
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands,
        "fetch",
        "download a trained model, convert it to ONNX and print its path; or pictures, and print "
        "that of their folder",
        run,
    )
    name = parser.add_argument("name", nargs="?", help="of the model or the pictures, see --list")
    name.completer = _names  # type: ignore[attr-defined]  # argcomplete looks for it
    parser.add_argument("--list", action="store_true", help="list what can be fetched")
    parser.add_argument("--force", action="store_true", help="download again, even if cached")
    add_json(parser)
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Print the path of what was fetched, and nothing else, on standard output."""
    from edge_compiler.zoo import fetch, fetch_media, MEDIA, MODELS

    if arguments.list:
        _list(arguments.json)
        return 0
    if arguments.name is None:
        arguments.usage_error("the name of a model is missing, see edgec fetch --list")
    if arguments.name not in MODELS | MEDIA:
        meant = hint(arguments.name, MODELS | MEDIA, "see edgec fetch --list", cutoff=0.4)
        raise CompileError(f"no model is called {arguments.name!r}; {meant}")
    with progress() as show:
        if arguments.name in MODELS:
            path = fetch(MODELS[arguments.name], show, force=arguments.force)
        else:
            path = fetch_media(MEDIA[arguments.name], show, force=arguments.force)
    if arguments.json:
        say_json({"name": arguments.name, "path": str(path)})
    else:
        say(str(path))
    return 0


def _list(as_json: bool) -> None:
    from edge_compiler.zoo import MEDIA, media_folder, model_folder, MODELS

    cached = {name: model_folder(name).is_dir() for name in MODELS}
    cached |= {name: media_folder(media).is_dir() for name, media in MEDIA.items()}
    listed: list[Recipe | Media] = [*MODELS.values(), *MEDIA.values()]
    if as_json:
        say_json(
            [
                {
                    "name": one.name,
                    "summary": one.summary,
                    "license": one.license,
                    "answers": one.answers,
                    "download_bytes": one.download_bytes,
                    "cached": cached[one.name],
                }
                for one in listed
            ]
        )
        return
    say_table(
        ("name", "what it is", "what it answers", "download", "cached", "licence"),
        [
            (
                one.name,
                one.summary,
                one.answers,
                size(one.download_bytes),
                "yes" if cached[one.name] else "no",
                one.license,
            )
            for one in listed
        ],
    )


def _names(**_context: object) -> list[str]:
    from edge_compiler.zoo import MEDIA, MODELS

    return [*MODELS, *MEDIA]
