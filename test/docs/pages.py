"""The blocks of shell commands in the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
import re
import shlex

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "bench/README.md")

_MARK = re.compile(r"<!-- (not run|slow): (.+) -->")
_SEPARATORS = frozenset(("&&", "||", "|", ";", "(", ")", "&"))


@dataclass(frozen=True)
class Block:
    """
    Commands that stand together.

    :ivar page: in the repository.
    :ivar line: of its first command.
    :ivar mark: "not run", "slow", or empty for what every test run runs.
    :ivar reason: for that.
    """

    page: str
    line: int
    text: str
    mark: str = ""
    reason: str = ""

    def commands(self) -> Iterator[list[str]]:
        """Yield each simple command as words; variables, redirections and the like are left."""
        for line in self.text.replace("\\\n", " ").splitlines():
            words: list[str] = []
            lexer = shlex.shlex(line.replace("$(", "( "), posix=True, punctuation_chars=True)
            lexer.commenters = "#"
            lexer.whitespace_split = True
            for word in (*lexer, ";"):
                if word not in _SEPARATORS:
                    words.append(word)
                    continue
                while words and re.match(r"\w+=", words[0]):
                    words = words[1:]
                if words:
                    yield [*takewhile(lambda word: word not in (">", ">>", "<"), words)]
                words = []


def blocks(*languages: str) -> list[Block]:
    """
    Return all blocks of all pages, in their order.

    :param languages: in which they are; shell commands, if none is given
    """
    guides = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
    wanted = languages or ("sh", "bash")
    return [block for page in (*PAGES, *guides) for block in _blocks(page, wanted)]


def _blocks(page: str, languages: Sequence[str]) -> Iterator[Block]:
    before = None
    for token in MarkdownIt("commonmark").parse((ROOT / page).read_text("utf-8")):
        if token.type == "fence" and token.info in languages:
            assert token.map
            marked = (
                _MARK.search(before.content) if before and before.type == "html_block" else None
            )
            yield Block(
                page, token.map[0] + 2, token.content, *(marked.groups() if marked else ())
            )
        before = token
