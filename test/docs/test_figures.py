"""Each figure of the documentation, picture or number, stands where its command is named."""

from __future__ import annotations

from collections.abc import Iterator
import re
import shlex

from commands import faults
from pages import PAGES, ROOT

_COMMAND = re.compile(
    r"make [a-z]|python -m \w|edge-robot \w|edgec \w|tools/\w+\.py|bench/\w+\.py"
)
_PRINTED = re.compile(r"[Pp]rinted\s+by\s+`([^`]+)`")
_MEASURED = re.compile(r"(?<![\w.,])\d[\d.,]*\s?(?:ms|us|ns|[kMG]i?B|%|dB)(?!\w)")
_NUMBER = re.compile(r"-?\d[\d.,/ ]*(?:\s?[a-zA-Z%]+(?: \d+)?)?(?: \(.*\))?")

CHOSEN = {
    "bench/README.md": (
        "it may exceed 100 %",
        "the 99th percentile is below 100 ms",
        "that time, and 10 ms for its way",
        "2 MB at most",
        "of thirty samples one is 3 %",
        "later than 100 ms (p99) without being safe, or is silent for 500 ms",
    ),
    "docs/camera.md": ("larger than its shared memory, 512 kB",),
    "docs/cli.md": ("| nodes, with the model's own functions written out | 100,000 |",),
    "docs/cloud.md": (
        "within `--deadline` (50 ms)",
        "| `lan` | 0.2-0.4 ms |",
        "| `wifi` | 1-5 ms |",
        "| `lte` | 20-40 ms |",
        "| `far` | 110-140 ms |",
        "| `article` | 40-60 ms |",
        "600 kB take 2 to 5 s",
        "later than 100 ms (p99), or none came for 500 ms",
    ),
    "docs/imu.md": ("(10 ms)",),
    "docs/nanomsg.md": ("a request 64 kB",),
    "docs/pose.md": ("at most 10 ms", "at most 1/`rate` old, 50 ms", "the bounds of 95 %"),
    "docs/precision.md": ("(1 % is a signal to noise ratio of 40 dB)",),
    "docs/replay.md": (
        "at least every 10 ms",
        "95 % of the decisions",
        "99 % of the decisions",
        "at most 50 ms apart",
        "1 GB stays free",
    ),
    "docs/ros.md": ("shared memory, 512 kB", "whose 8 MB hold", "than these 8 MB"),
    "docs/rules.md": ("at least 5 % of the image", "as 0.01 %", "files above 1 MB"),
}
"""Numbers with a unit that nobody measured: limits, defaults, settings of others; by page."""


def _sections() -> Iterator[tuple[str, str]]:
    """Yield each section, without its code, and the page that it is of."""
    guides = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("edge_*/**/README.md"))]
    for path in (*(ROOT / page for page in (*PAGES, "ARCHITECTURE.md")), *guides):
        text = re.sub(r"^ *```.*?^ *```", "", path.read_text("utf-8"), flags=re.M | re.S)
        for section in re.split(r"^#+ ", text, flags=re.MULTILINE):
            yield path.relative_to(ROOT).as_posix(), section


def _figures(section: str) -> list[str]:
    """Return the numbers that could have been measured: those with a unit, and full tables."""
    found = _MEASURED.findall(" ".join(re.sub(r"`[^`]*`", "", section).split()))
    for table in re.findall(r"^\|.*\n\|[ :|-]+\n((?:\|.*\n?)+)", section, re.MULTILINE):
        cells = [cell.strip() for line in table.splitlines() for cell in line.split("|")[2:-1]]
        if 2 * sum(_NUMBER.fullmatch(cell) is not None for cell in cells) > len(cells):
            found.append(table.splitlines()[0])
    return found


def test_each_number_has_its_command() -> None:
    """That of its section, behind "printed by"; or it is one of those that were chosen."""
    silent, chosen, printed = [], set(), 0
    for page, section in _sections():
        figures = _figures(section)
        if _PRINTED.search(section):
            printed += bool(figures)
            continue
        for figure in figures:
            known = [one for one in CHOSEN.get(page, ()) if one in " ".join(section.split())]
            if any(figure in one for one in known):
                chosen |= {(page, one) for one in known if figure in one}
            else:
                silent.append(f"{page}: {section.splitlines()[0]}: {figure}")
    assert not silent, "\n".join(silent)
    assert printed > 5
    gone = [
        (page, one) for page, ones in CHOSEN.items() for one in ones if (page, one) not in chosen
    ]
    assert not gone, gone


def test_the_commands_of_figures_are_there() -> None:
    named = [(page, one) for page, section in _sections() for one in _PRINTED.findall(section)]
    wrong = [f"{page}: {one}: {why}" for page, one in named if (why := faults(shlex.split(one)))]
    assert not wrong, wrong


def test_each_picture_has_its_command() -> None:
    """In the section of the picture, or the one after it."""
    guides = sorted((ROOT / "docs").rglob("*.md"))
    pictures, silent = 0, []
    for path in (*(ROOT / page for page in PAGES), *guides):
        sections = re.split(r"^#+ ", path.read_text("utf-8"), flags=re.MULTILINE)
        for section, following in zip(sections, [*sections[1:], ""], strict=True):
            for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", section):
                pictures += 1
                if not _COMMAND.search(section + following):
                    silent.append(f"{path.relative_to(ROOT)}: {picture}")
    assert pictures > 8
    assert not silent, silent
