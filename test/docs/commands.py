"""What is wrong with a command in the documentation."""

from __future__ import annotations

from contextlib import redirect_stderr
from importlib.util import find_spec
import io
from pathlib import Path
import re

from pages import ROOT

from edge_compiler.cli import build_parser as edgec_parser
from edge_perception.commands import build_parser as robot_parser
from edge_perception.nodes import base
from edge_perception.robot import graph

GRAPH = graph.load()
PARSERS = {"edgec": edgec_parser(), "edge-robot": robot_parser(GRAPH)}


def faults(words: list[str]) -> str:
    """Return what is wrong with a command; what is not ours may be anything."""
    name = Path(words[0]).name
    if "..." in words:  # the reader's own options
        words = [word for word in words if word != "..."]
    if name in PARSERS:
        arguments = words[1 : words.index("--ros-args") if "--ros-args" in words else None]
        return _refusal(name, arguments)
    if name == "make" and len(words) > 1:
        makefile = (ROOT / "Makefile").read_text("utf-8")
        return "" if re.search(rf"^{words[1]}:", makefile, re.MULTILINE) else "no such target"
    if name.startswith("python") and words[1:2] == ["-m"]:
        return "" if words[2] == "venv" or find_spec(words[2]) else "no such module"
    if name.startswith("python") and words[1:2] and words[1].endswith(".py"):
        return "" if (ROOT / words[1]).is_file() else "no such file"
    if words[:3] == ["ros2", "run", "edge_perception"]:
        return "" if words[3] in {*base.names(), "pose"} else "no such node"
    if words[:3] == ["ros2", "launch", "edge_perception"] or name == "launch":
        return _unknown_arguments([word for word in words if ":=" in word])
    return ""


def _refusal(name: str, arguments: list[str]) -> str:
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            PARSERS[name].parse_args(arguments)
    except SystemExit as ended:
        return said.getvalue() if ended.code else ""
    return ""


def _unknown_arguments(given: list[str]) -> str:
    files = "".join(path.read_text("utf-8") for path in (ROOT / "launch").glob("*.py"))
    known = {argument.name for argument in GRAPH.arguments} | set(re.findall(r'"(\w+)"', files))
    return ", ".join(
        name for name in (word.partition(":=")[0] for word in given) if name not in known
    )
