"""End with the process that started this one, if it asks for that: no robot is left behind."""

from __future__ import annotations

from collections.abc import Callable
import os
import select
import sys
import threading

VARIABLE = "EDGE_ROBOT_PARENT"
"""Holds the id of the process without which the robot must not go on."""


def end_with_parent(end: Callable[[], None]) -> None:
    """
    Act when the process ends that the environment names; a thread waits for that.

    The kernel's signal for the death of a parent (PR_SET_PDEATHSIG) would not do: it comes when
    the *thread* ends that started this process, and not at all below a wrapper such as gdb.

    :param end: is called from that thread, or at once if the process has already ended
    """
    named = os.environ.get(VARIABLE, "")
    if not named:
        return
    try:
        process = os.pidfd_open(int(named))
    except ProcessLookupError:
        end()
        return
    except (ValueError, OSError) as error:
        print(
            f"warning: {VARIABLE}={named}: this process can't be watched ({error}), so the robot"
            " goes on when it ends",
            file=sys.stderr,
        )
        return

    def wait() -> None:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        poll.poll()
        end()

    threading.Thread(target=wait, name="parent", daemon=True).start()
