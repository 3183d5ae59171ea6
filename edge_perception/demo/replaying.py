"""A bag of people on a road through the robot, and the numbers of what it did."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from edge_perception import commands
from edge_perception.share import share_dir

SECONDS = 50
"""Of the video that were marked by hand: config/demo/labels.yaml."""


def replay_film(video: Path, detector: Path, folder: Path, console: Console) -> list[str]:
    """
    Compose a bag of a video, and replay it as a user would.

    :param detector: the bundle of a model that finds people.
    :param folder: in which the bag, and the page of what came out, are written.
    :returns: what went wrong.
    """
    bag, known = folder / "road.mcap", share_dir() / "config" / "demo"
    compose = ["bag", "make-demo", str(bag), "--film", str(video), "--seconds", str(SECONDS)]
    replay = [
        *("replay", str(bag), "--model", str(detector), "--rules", str(known / "rules.yaml")),
        *("--labels", str(known / "labels.yaml"), "--expect", str(known / "metrics.yaml")),
        *("--html", str(folder / "replay.html")),
    ]
    for command in (compose, replay):
        shown = f"edge-robot {' '.join(command)}"
        console.print(Text.assemble(("run      ", "bold"), shown), soft_wrap=True)
        if code := commands.main(command):
            return [f"{shown} ended with exit code {code}, see above"]
    return []
