"""
How well the robot sees: ``python -m bench.sight``.

Follows people in a video and compares them with marks made by hand; compares all faces of some
photographs, and shows them to a door that knows one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
import sys
from typing import Any

from bench import environments
from bench.cache import BenchError
from bench.command import run as run_command
from bench.engines import ROOT
from bench.record import now, write
from bench.sight import faces
from bench.sight.faces import Face, Pair, Trial
from bench.sight.score import Followed, Mark, read_marks, Score, score
from bench.trained import bundle
from edge_compiler.terminal import note, say_table
from edge_perception.core.source import CameraRequest, Frame
from edge_perception.core.stamps import SECOND
from edge_perception.decode.kinds import embedding
from edge_perception.demo import prepare
from edge_perception.demo.door import Door
from edge_perception.demo.offline import OfflineRobot
from edge_perception.drivers import open_source
from edge_perception.runtime import read_manifest

MARKS = Path(__file__).with_name("people.csv")
BUILD = ROOT / "build" / "bench" / "sight"
RECALL = 0.7
HEIGHTS = {"below 45": (0.0, 45.0), "45 to 80": (45.0, 80.0), "80 or more": (80.0, 1e9)}
ASTRONAUT = (181.0, 58.0, 269.0, 177.0)
"""Where the face of scikit-image's astronaut is."""
_PIPELINE = """\
version: 1
stages:
  - {{kind: detect, model: {people}}}
  - {{kind: track}}
"""
_SECONDS = 120
"""That the plot may take."""


def run() -> int:
    """Look, compare, show and keep."""
    BUILD.mkdir(parents=True, exist_ok=True)
    marks = read_marks(MARKS)
    bundles = {name: bundle(name, BUILD) for name in ("nanodet", "centerface", "face-descriptor")}
    try:
        video, pictures = prepare.fetch("opencv-samples") / "vtest.avi", faces.photographs()
        note("following people in a video")
        seen = follow(video, bundles["nanodet"])
        note("comparing faces")
        found = faces.look(pictures, bundles["centerface"], bundles["face-descriptor"])
        note("trying the door with each of them as the owner")
        tried = faces.trials(
            pictures, Door(bundles["centerface"], bundles["face-descriptor"], BUILD)
        )
    except prepare.DemoError as error:
        raise BenchError(str(error)) from error
    scores = {"all": score(marks, seen)} | {
        name: score(marks, seen, heights) for name, heights in HEIGHTS.items()
    }
    space = embedding.space(read_manifest(bundles["face-descriptor"]).model)
    compared = faces.pairs(found)
    show(marks, scores, compared, tried)
    missing = missed(scores["all"], found, compared, tried, space.distance)
    keep(scores, compared, tried, space.distance, missing)
    for line in missing:
        note(line, style="red")
    return 1 if missing else 0


def follow(video: Path, people: Path) -> dict[int, list[Followed]]:
    """Return who is followed in each picture of a video."""
    pipeline = people.with_name("people.yaml")
    pipeline.write_text(_PIPELINE.format(people=people.name))
    robot, seen = OfflineRobot(pipeline, min_score=0.1), {}
    source = open_source(str(video), CameraRequest(loop=False))
    last = max(read_marks(MARKS))
    for number in range(last + 1):
        frame = source.read(0.0)
        assert isinstance(frame, Frame), "a video skips nothing"
        found = robot.see(frame, 1000 * SECOND + round(number * SECOND / source.rate)).detections
        seen[number] = [
            Followed(one.track_id, (one.x, one.y, one.x + one.width, one.y + one.height))
            for one in found.detections
            if one.label == "person" and one.track_id > 0
        ]
    source.close()
    robot.close()
    return seen


def missed(
    people: Score,
    found: Sequence[Face],
    compared: Sequence[Pair],
    tried: Sequence[Trial],
    distance: float,
) -> list[str]:
    """Return what is required but not reached."""
    lines = []
    if people.recall < RECALL:
        lines.append(f"{people.recall:.2f} of the people are followed, {RECALL} are required")
    [astronaut] = [face for face in found if face.picture == "astronaut.png"]
    at = score({0: [Mark(1, ASTRONAUT, False)]}, {0: [Followed(1, astronaut.box)]})
    if not at.found:
        lines.append(f"the astronaut's face is at {astronaut.box}, expected near {ASTRONAUT}")
    lines += [
        f"{pair.one} and {pair.other} are {pair.distance:.3f} apart, the limit is {distance:g}"
        for pair in compared
        if (pair.distance <= distance) is not pair.same
    ]
    lines += [
        f"the door of {trial.owner} {'opens' if trial.opened else 'stays locked'} for "
        f"{trial.picture}"
        for trial in tried
        if trial.opened is not trial.same
    ]
    return lines


def show(
    marks: Mapping[int, Sequence[Mark]],
    scores: Mapping[str, Score],
    compared: Sequence[Pair],
    tried: Sequence[Trial],
) -> None:
    """Print the tables."""
    count = sum(map(len, marks.values()))
    say_table(
        ("height [pixel]", "marked", "recall", "precision", "overlap", "people", "id switches"),
        [
            (
                name,
                one.marked,
                f"{one.recall:.3f}",
                f"{one.precision:.3f}" if name == "all" else "",
                f"{one.overlap:.2f}",
                one.people,
                one.switches,
            )
            for name, one in scores.items()
        ],
        f"people in {len(marks)} pictures, {count} marked, {count - scores['all'].marked} of them "
        "more than half hidden",
    )
    say_table(
        ("", "pairs", "least distance", "greatest"),
        [
            (name, len(values), f"{min(values):.3f}", f"{max(values):.3f}")
            for name, same in (("one person", True), ("two people", False))
            for values in [[pair.distance for pair in compared if pair.same is same]]
        ],
        "faces on two photographs: cosine distances",
    )
    say_table(
        ("", "photographs shown", "opened"),
        [
            (name, len(group), sum(trial.opened for trial in group))
            for name, same in (("of the owner", True), ("of others", False))
            for group in [[trial for trial in tried if trial.same is same]]
        ],
        "the door, whose owner it knows by one photograph",
    )


def keep(
    scores: Mapping[str, Score],
    compared: Sequence[Pair],
    tried: Sequence[Trial],
    distance: float,
    missing: Sequence[str],
) -> None:
    """Write the results, and draw the distances."""
    results: dict[str, Any] = {
        "date": now(),
        "people": {name: asdict(one) for name, one in scores.items()},
        "faces": {"distance": distance, "pairs": [asdict(pair) for pair in compared]},
        "door": [asdict(trial) for trial in tried],
        "missed": list(missing),
    }
    path = ROOT / "bench" / "results" / "sight.json"
    write(path, results)
    python = environments.install("plot", "matplotlib")
    plot = ROOT / "docs" / "faces.png"
    environments.run([python, "-m", "bench.sight.plot", path, plot], _SECONDS)
    note(f"written to {path}, drawn in {plot}")


if __name__ == "__main__":
    sys.exit(run_command(run))
