"""``edge-robot ps``: the robot's processes, and what became of them."""

from __future__ import annotations

import os
from pathlib import Path
import time

from edge_perception.tools.graph import known
from edge_perception.transport.sp import registry
from edge_perception.transport.sp.announcement import Child
from edge_perception.transport.sp.process import Network

_TICKS = os.sysconf("SC_CLK_TCK")
_HEAD = ("PROCESS", "PID", "STATE", "RESTARTS", "MEMORY", "CPU", "NODES", "ENDED LAST")


def table(network: Network) -> str:
    """Return a line for each process."""
    there = known(network)
    children = {one.name: one for said in there.said for one in said.children}
    rows: list[tuple[str, ...]] = [_HEAD]
    for said in sorted(there.said, key=lambda one: one.process):
        child = children.pop(said.process, None)
        rows.append(
            (
                said.process,
                str(said.pid),
                (there.troubles.get(said.process) and "silent") or "running",
                str(child.restarts if child else 0),
                memory(said.pid),
                cpu(said.pid),
                " ".join(said.nodes) or "-",
                (child.reason if child else "") or "-",
            )
        )
    rows += [_missing(child) for child in children.values()]
    return columns(rows)


def columns(rows: list[tuple[str, ...]]) -> str:
    """Return rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def memory(pid: int) -> str:
    """Return the memory of a process, with its share of what it shares with others (PSS)."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return "-"
    sizes = [line.split()[1] for line in text.splitlines() if line.startswith("Pss:")]
    return f"{int(sizes[0]) / 1024:.0f} MB" if sizes else "-"


def cpu(pid: int) -> str:
    """Return what share of one processor a process had since it was started."""
    fields = registry.status(pid)
    if not fields:
        return "-"
    busy = (int(fields[11]) + int(fields[12])) / _TICKS
    alive = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / _TICKS
    return f"{busy / alive:.0%}" if alive > 0 else "-"


def _missing(child: Child) -> tuple[str, ...]:
    """Return the line of a process that has nothing to say."""
    pid = str(child.pid) if child.pid else "-"
    return (child.name, pid, child.state, str(child.restarts), "-", "-", "-", child.reason or "-")
