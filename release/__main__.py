"""Make all that is released: ``python -m release``."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
import sys

from edge_compiler.files.atomic import new_folder
from release import deb, materials, python
from release.facts import ROOT, source_date

SUMS = "SHA256SUMS"


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="default: %(default)s")
    parser.add_argument(
        "--without-messages", action="store_true", help="leave out the wheel that takes minutes"
    )
    arguments = parser.parse_args()
    out = arguments.output.resolve()
    if out.exists() and not (out / SUMS).is_file():
        parser.error(f"{out} holds no {SUMS}, so it is no earlier release: give another --output")
    out.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(out) as folder:
        make(folder, messages=not arguments.without_messages)
    return 0


def make(out: Path, *, messages: bool) -> None:
    """
    Make all in an empty folder.

    :param messages: with the wheel that has those of ROS 2.
    """
    date = source_date()
    sources = python.build_sources(out, date)
    wheel = python.build_wheel(sources, out, date, messages=False)
    deb.build(wheel, out, date)
    materials.write(out, date)
    if messages:
        python.build_wheel(sources, out, date, messages=True)
    sums = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(out.iterdir())
    ]
    (out / SUMS).write_text("".join(sums), encoding="utf-8")
    print("".join(sums), end="")


if __name__ == "__main__":
    sys.exit(main())
