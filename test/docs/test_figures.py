"""Each picture of the documentation stands where the command that makes it is named."""

from __future__ import annotations

import re

from pages import PAGES, ROOT

_COMMAND = re.compile(
    r"make [a-z]|python -m \w|edge-robot \w|edgec \w|tools/\w+\.py|bench/\w+\.py"
)


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
