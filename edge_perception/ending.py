"""How a program of the robot hears that it is to end, from its first line on."""

from __future__ import annotations

from collections.abc import Callable
import os
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, the request of a supervisor, the end of the terminal."""


def on_signal(act: Callable[[], object]) -> None:
    """Act when the program is told to end; under nohup it outlives its terminal, as asked."""
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: act())


def at_once() -> None:
    """
    From now on end at once, with exit code 0, when told to.

    It is for the time before there is anything to clean up: while modules are loaded, Python's own
    answer to Ctrl-C becomes whatever the module that is being loaded makes of it.
    """
    on_signal(lambda: os._exit(0))


def not_again() -> None:
    """Let nothing interrupt the end of Python."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
