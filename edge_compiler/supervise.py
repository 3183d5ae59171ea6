"""Run a command in a child process, so that a library that crashes ends in a sentence too."""

from __future__ import annotations

from collections.abc import Callable
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1 << 17
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SENT_BY_A_PROCESS = 0
"""Value of ``si_code``; what the terminal sends, the child receives by itself."""


def supervise(command: Callable[[], int]) -> int:
    """
    Return the exit code of a command that runs in a child process.

    Signals that other processes send are passed on. If the child is killed by a signal that it
    can't handle (a library aborts, or the system is out of memory), a sentence says so.
    """
    awaited = {signal.SIGCHLD, *_FORWARDED}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    parent = os.getpid()
    child = os.fork()
    if not child:
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # glibc would soon keep what is freed of large arrays for later: a network's weights
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return command() if os.getppid() == parent else 1
    while True:
        received = signal.sigwaitinfo(awaited)
        if received.si_signo != signal.SIGCHLD:
            if received.si_code == _SENT_BY_A_PROCESS:
                os.kill(child, received.si_signo)
            continue
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended and not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)
        if ended and os.WTERMSIG(status) in _FORWARDED:
            return 128 + os.WTERMSIG(status)
        if ended:
            sys.stderr.write(f"edgec: error: {_explain(os.WTERMSIG(status))}\n")
            return 1


def _explain(number: int) -> str:
    name = signal.Signals(number).name
    if number == signal.SIGKILL:
        return f"it was killed ({name}), most likely since this machine has not enough memory"
    return (
        f"a library that reads or checks the model has crashed ({name}): the model is damaged; "
        "if other programs run it, please report it"
    )
