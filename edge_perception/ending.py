"""How a program of the robot hears that it is to end, from its first line on."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import ctypes
import os
import select
import signal
import sys
import threading
import time

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, the request of a supervisor, the end of the terminal."""
PARENT = "EDGE_ROBOT_PARENT"
"""The environment variable with the id of the process without which the robot must not go on."""

exit_code = 0
"""Of this process, as far as it is known: what it ends with if its last act takes too long."""


def on_signal(act: Callable[[], object]) -> None:
    """Act when the program is told to end; under nohup it outlives its terminal, as asked."""
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: act())


def at_once() -> None:
    """
    From now on end at once, with exit code 0, when told to or when the parent ends.

    It is for the time before there is anything to clean up: while modules are loaded, Python's own
    answer to Ctrl-C becomes whatever the module that is being loaded makes of it.
    """
    on_signal(lambda: os._exit(0))
    _with_parent()


def not_again() -> None:
    """Let nothing interrupt the end of Python."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def at_last(act: Callable[[], object], seconds: float) -> None:
    """
    Let the process act when all else is done, with `exit_code` if that takes longer.

    It is for what may hang and must not cost what comes before it, as the results of a replay.
    """
    atexit.register(_act_at_last, act, seconds)


def _act_at_last(act: Callable[[], object], seconds: float) -> None:
    with suppress(OSError, ValueError):  # Python tells of it when it flushes them itself
        sys.stdout.flush()
    with at_most(seconds, exit_code):
        act()


@contextmanager
def at_most(seconds: float, code: int) -> Iterator[None]:
    """
    End the process with an exit code if the block takes longer.

    No thread of Python could do so while a library hangs with the interpreter's lock: here the C
    library calls ``_exit`` in a thread of its own (timer_create(2), SIGEV_THREAD).
    """
    libc, timer = ctypes.CDLL(None, use_errno=True), ctypes.c_void_p()
    what = _Sigevent(code, 0, _SIGEV_THREAD, ctypes.cast(libc._exit, ctypes.c_void_p))
    when = (ctypes.c_long * 4)(0, 0, int(seconds), int(seconds % 1 * 1e9))  # not again and again
    with suppress(AttributeError):  # a C library that has timers elsewhere: then nothing is bound
        libc.timer_create(time.CLOCK_MONOTONIC, ctypes.byref(what), ctypes.byref(timer))
        libc.timer_settime(timer, 0, when, None)
    try:
        yield
    finally:
        if timer:
            libc.timer_delete(timer)


class _Sigevent(ctypes.Structure):
    """What a timer does, as in signal.h, and at least as large."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("function", ctypes.c_void_p),
        ("attributes", ctypes.c_void_p),
        ("rest", ctypes.c_byte * 48),
    )


_SIGEV_THREAD = 2


def _with_parent() -> None:
    """
    Take the end of the process that PARENT names for SIGTERM; a thread waits for it.

    The kernel's signal for the death of a parent (PR_SET_PDEATHSIG) would not do: it comes when
    the *thread* ends that started this process, and not at all below a wrapper such as gdb.
    """
    named = os.environ.get(PARENT, "")
    if not named:
        return
    try:
        process = os.pidfd_open(int(named))
    except ProcessLookupError:  # it has already ended
        os._exit(0)
    except (ValueError, OSError) as error:
        print(
            f"warning: {PARENT}={named}: this process can't be watched ({error}), so the robot"
            " goes on when it ends",
            file=sys.stderr,
        )
        return

    def wait() -> None:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        poll.poll()
        # to the thread that has to act: Python does not wake it when another one gets the signal
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()
