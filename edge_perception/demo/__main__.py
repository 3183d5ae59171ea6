"""
Show the robot photographs, a video, faces at a door, a bag: ``python -m edge_perception.demo``.

Fetches trained models and compiles them. For the photographs it starts the ROS 2 graph of
config/robot.yaml with a folder of pictures as its camera and a simulated drive for its IMU and
wheels, watches its topics from a node of its own, and ends. Video and door are shown to perception
and decision by themselves, one picture after the other. A bag of the video is replayed at the end.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
import os
from pathlib import Path
import sys
import time

from rich.console import Console
from rich.text import Text

from edge_perception import ending
from edge_perception.core.whole_file import FileError
from edge_perception.demo import prepare
from edge_perception.demo.door import Door
from edge_perception.demo.film import write_film
from edge_perception.demo.replaying import replay_film
from edge_perception.demo.report import (
    print_facts,
    print_heading,
    print_sighting,
    print_visits,
    summary,
    write_sheet,
    write_visits,
)
from edge_perception.demo.watch import Findings, fingerprint, Sighting, WatchCore
from edge_perception.drivers.images import read_image
from edge_perception.nodes import base
from edge_perception.robot import graph
from edge_perception.robot.plan import plan, RequestError, StartRequest
from edge_perception.transport.ros.arguments import arguments_of
from edge_perception.transport.stop import Stop

OUTPUT = Path("output/demo")
SHEET = OUTPUT / "contact_sheet.png"
ROUNDS = 3
TIME_LIMIT = 60.0
"""Seconds in which the robot must have seen everything."""
EXPECTED = {
    "chelsea.png": ("tabby", "tiger cat", "Egyptian cat"),
    "coffee.png": ("espresso",),
    "motorcycle_left.png": ("moped", "motor scooter"),
}
"""What must be seen first; ImageNet knows neither astronauts nor rockets on their pad."""
_EXTRA = {"camera": {"rate": 4.0}}
"""Parameters of some nodes: the demo shows pictures faster than a folder does by itself."""
_DRIVE = "simulated:radius=1,speed=0.5,still=0.5"
"""What the robot's IMU and wheels feel: a circle of 1 m, once it has stood for half a second."""
_GUESTS = ("obama2.jpg", "obama3.jpg", "obama_partial_face.jpg", "biden.jpg")
_DOMAINS = range(215, 232)
"""ROS domains that are allowed on Linux and seldom used."""


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the demo.

    :returns: the exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m edge_perception.demo", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)}; all if none is named"
    )
    parts = parser.parse_args(argv).parts or list(_PARTS)
    if unknown := set(parts) - _PARTS.keys():
        parser.error(f"there is no part {unknown.pop()!r}; expected some of {', '.join(_PARTS)}")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    try:
        problems = [problem for part in parts for problem in _PARTS[part](console)]
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return 130
    except (prepare.DemoError, FileError, RequestError) as error:
        problems = [str(error)]
    except OSError as error:
        problems = [f"{error.filename or OUTPUT}: {error.strerror or error}"]
    for problem in problems:
        print(f"demo: error: {problem}", file=sys.stderr)
    ending.exit_code = 1 if problems else 0
    return ending.exit_code


def _pictures(console: Console) -> list[str]:
    """Start a robot before photographs; return what went wrong."""
    pictures = OUTPUT / "pictures"
    prepare.copy_pictures(pictures)
    bundle = _bundle(console, prepare.MODEL)
    findings = Findings()
    ran = _run_robot(console, bundle, pictures, findings)
    if findings.shown:
        write_sheet(findings, prepare.MODEL, SHEET)
        print_facts(console, {**summary(findings), "contact sheet": str(SHEET)})
    return mistakes(findings) if ran else ["the robot could not be started, see above"]


def _film(console: Console) -> list[str]:
    """Show a video of people to the robot, and write what it sees and decides."""
    _say(
        console,
        "video",
        "people on a crossing: the robot slows down near them, and lets them pass",
    )
    video = prepare.fetch("opencv-samples") / "vtest.avi"
    print_facts(console, write_film(video, _bundle(console, "nanodet"), OUTPUT, console))
    return []


def _door(console: Console) -> list[str]:
    """Enrol somebody by one photograph, and show others to a door; return what went wrong."""
    _say(
        console,
        "door",
        "it knows its owner by one photograph; others of him open it, others don't",
    )
    faces = prepare.fetch("faces")
    door = Door(_bundle(console, "centerface"), _bundle(console, "face-descriptor"), OUTPUT)
    door.enrol([faces / "obama.jpg"])
    guests = [*(faces / name for name in _GUESTS), prepare.picture("astronaut.png")]
    visits = list(door.visits(guests))
    print_visits(console, visits)
    sheet = OUTPUT / "door.png"
    write_visits(visits, sheet)
    print_facts(console, {"contact sheet": str(sheet)})
    return [
        f"the door was {'locked' if visit.opened is None else 'open'} for {visit.picture.name}"
        for visit in visits
        if (visit.opened is not None) is not visit.picture.name.startswith("obama")
    ]


def _replay(console: Console) -> list[str]:
    """Let a bag of people on a road go through the robot, and judge the numbers."""
    _say(console, "replay", "when it stops, and for how long, beside what was marked by hand")
    video = prepare.fetch("opencv-samples") / "vtest.avi"
    return replay_film(video, _bundle(console, "nanodet"), OUTPUT, console)


def _bundle(console: Console, name: str) -> Path:
    """Return the bundle of a trained model, compiled if need be."""
    model, bundle = prepare.fetch(name), OUTPUT / f"{name}.edge"
    if prepare.is_current(bundle, model):
        _say(console, "bundle", f"{bundle}, up to date")
    else:
        _say(console, "bundle", f"{bundle}, compiled now and used again later")
        prepare.compile_model(model, bundle)
    return bundle


def mistakes(findings: Findings) -> list[str]:
    """Return what the robot should have seen and did not."""
    found = []
    for name in prepare.PICTURES:
        sighting = findings.shown.get(name)
        if sighting is None:
            reasons = "; ".join(findings.problems.values()) or "no node reported an error"
            found.append(f"no decision was seen for {name} within {TIME_LIMIT:.0f} s: {reasons}")
            continue
        seen = [thing.label for thing in sighting.detections.detections[:1]]
        wanted = EXPECTED.get(name)
        if wanted and not any(label.startswith(wanted) for label in seen):
            found.append(f"{name} was seen as {seen}, expected one of {', '.join(wanted)}")
        if sighting.decision.safe:
            found.append(f"the robot did not trust {name}: {sighting.decision.reason}")
    if findings.shown and all(one.odometry is None for one in findings.shown.values()):
        reasons = "; ".join(findings.problems.values()) or "no node reported an error"
        found.append(f"the robot does not know where it is: {reasons}")
    return found


def _run_robot(console: Console, bundle: Path, pictures: Path, findings: Findings) -> bool:
    """
    Start the robot's nodes and one that watches, until everything was seen or time is up.

    :returns: whether the nodes ran; if not, they have said why.
    :raises KeyboardInterrupt: if somebody ended them.
    """
    domain = str(_DOMAINS[os.getpid() % len(_DOMAINS)])  # another robot's topics are none of ours
    os.environ.update(ROS_DOMAIN_ID=domain, ROS_AUTOMATIC_DISCOVERY_RANGE="LOCALHOST")
    try:
        from edge_perception.transport.ros import process
        from edge_perception.transport.ros.node import RosNode
    except ImportError as error:
        raise prepare.DemoError(f"ROS 2 can't be imported ({error}); run make setup") from error

    names = {fingerprint(read_image(path).data): path.name for path in pictures.iterdir()}
    request = StartRequest(
        {"model": str(bundle), "camera": str(pictures), "imu": _DRIVE, "wheels": _DRIVE}
    )
    starts = [
        replace(start, parameters={**start.parameters, **_EXTRA.get(start.kind, {})})
        for start in plan(graph.load(), request)
    ]
    _say(console, "robot", f"{', '.join(start.name for start in starts)} on ROS domain {domain}")
    console.print()
    print_heading(console)

    def make_nodes(stop: Stop) -> list[RosNode]:
        def seen(sighting: Sighting) -> None:
            known = sighting.odometry is not None and not sighting.decision.safe
            if known and sighting.name not in printed:
                printed.add(sighting.name)
                print_sighting(console, sighting)
            if len(printed) == len(names) and len(findings.ages) >= ROUNDS * len(names):
                stop.set()

        return [
            RosNode("demo", lambda: WatchCore(names, findings, seen)),
            *(base.make(base.find(start.kind), arguments_of(start)) for start in starts),
        ]

    printed: set[str] = set()
    began = time.monotonic()
    failed = process.run(make_nodes, ["--ros-args", "--log-level", "warn"], TIME_LIMIT)
    everything = len(printed) == len(names)
    if not (failed or everything or time.monotonic() - began >= TIME_LIMIT):
        raise KeyboardInterrupt
    return not failed


def _say(console: Console, what: str, value: str) -> None:
    console.print(Text.assemble((f"{what:<8} ", "bold"), value), soft_wrap=True)


_PARTS: dict[str, Callable[[Console], list[str]]] = {
    "pictures": _pictures,
    "film": _film,
    "door": _door,
    "replay": _replay,
}

if __name__ == "__main__":
    sys.exit(main())
