"""What a robot without ROS says on standard error: lines for people, or JSON for programs."""

from __future__ import annotations

from datetime import datetime, timezone
import json
import os
import sys
import traceback

from edge_perception.core.node import Level

TEXT, JSON = "text", "json"
FORMATS = (TEXT, JSON)
ROBOT = "robot"
"""The source of what concerns no node alone."""
_form = TEXT


def use(form: str) -> None:
    """Write lines of that form from now on, one of FORMATS; forked processes do, too."""
    global _form
    _form = form


def state(level: Level, source: str, message: str) -> None:
    """
    Write what has become of something.

    :param source: what it is, and of which node
    """
    _write(level, source, message, f"[{level.name}] {source}: {message}")


def error(source: str, message: str, details: str = "") -> None:
    """
    Write what went wrong.

    :param source: the node; empty: the whole robot
    :param details: for who mends the program, such as a traceback
    """
    where = f"{source}: " if source else ""
    _write(Level.ERROR, source or ROBOT, message, f"{details}error: {where}{message}", details)


def exception(source: str, failure: BaseException) -> None:
    """Write an exception after which work goes on."""
    trace = "".join(traceback.format_exception(failure))
    message = f"{type(failure).__name__}: {failure}"
    _write(Level.ERROR, source, message, f"{source}: {trace.rstrip()}", trace)


def _write(level: Level, source: str, message: str, text: str, details: str = "") -> None:
    if _form == JSON:
        said = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "level": level.name,
            "pid": os.getpid(),
            "source": source,
            "message": message,
            **({"details": details} if details else {}),
        }
        text = json.dumps(said)
    # one write, so that lines of several processes don't mix
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
