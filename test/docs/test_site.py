"""The site of the documentation: it is whole, and its reference says what the code does."""

from __future__ import annotations

from html.parser import HTMLParser
import os
from pathlib import Path
import subprocess
import sys

import pytest

from edge_compiler.cli import COMMANDS
from edge_perception.core.perception import description, remote, stages
from edge_perception.nodes import base
from edge_perception.robot import graph
from edge_perception.runtime import __all__ as runtime_names

ROOT = Path(__file__).parents[2]


class _Ids(HTMLParser):
    """The anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name == "id" and value}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site; every page has a place in it, every link and anchor leads somewhere."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_each_command_node_and_name_is_in_the_reference(site: Path) -> None:
    commands = _Ids(site / "reference" / "edgec.html").found
    assert {
        f"edgec-{module.__name__.rpartition('.')[2].strip('_')}" for module in COMMANDS
    } <= commands
    assert set(base.names()) <= _Ids(site / "reference" / "nodes.html").found
    python = _Ids(site / "reference" / "python.html").found
    assert set(runtime_names) <= {name.rpartition(".")[2] for name in python}


def test_files_of_robots_are_in_the_reference_with_all_their_keys(site: Path) -> None:
    graphs = (site / "reference" / "graphs.html").read_text("utf-8")
    for key in (*graph.TOP, *graph.NODE, *graph.ARGUMENT):
        assert f"<td><code>{key}</code></td>" in graphs
    assert {"nodes", "arguments"} <= _Ids(site / "reference" / "graphs.html").found
    pipelines = (site / "reference" / "pipelines.html").read_text("utf-8")
    assert set(stages.kinds()) <= _Ids(site / "reference" / "pipelines.html").found
    options = {one.name for kind in stages.kinds() for one in stages.find(kind).parameters}
    for key in (*description.KEYS, *description.OF_MODELS, *remote.KEYS, *remote.FILES, *options):
        assert f"<td><code>{key}</code></td>" in pipelines


def test_a_page_links_to_files_of_the_repository(site: Path) -> None:
    assert 'href="source/config/robot.yaml.html"' in (site / "ros.html").read_text("utf-8")
    shown = (site / "source" / "config" / "robot.yaml.html").read_text("utf-8")
    assert "arguments" in shown
