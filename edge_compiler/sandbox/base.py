"""What all sandboxes have in common: a child process, and what is said when it fails."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
import signal
import socket
import subprocess
import tempfile
from types import TracebackType
from typing import Any, ClassVar, TypeVar

from edge_compiler.child.wire import AnswerError, Array
from edge_compiler.errors import CompileError
from edge_perception.runtime.manifest import Model

Self = TypeVar("Self", bound="Sandbox")

_EMULATOR_SAYS = "qemu: uncaught target signal"
"""When a program crashes; the signal is known, and what the program itself said tells more."""


class RefusalError(Exception):
    """The child has answered with a sentence why it can't do what it was asked."""


class Sandbox(ABC):
    """
    A library, loaded by a child process; a context manager that ends the child.

    :cvar reply_timeout_s: after which the library counts as hanging.
    :cvar exit_timeout_s: how long a child may take to end once it has closed its connection.
    """

    reply_timeout_s: ClassVar[float] = 600.0
    exit_timeout_s: ClassVar[float] = 10.0

    def __init__(self, command: Sequence[str]) -> None:
        """Start the child: a command that takes the number of an open socket as last argument."""
        self._socket, theirs = socket.socketpair()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        with theirs:
            self._child = subprocess.Popen(
                [*command, str(theirs.fileno())],
                cwd=Path(__file__).parents[2],  # makes this package importable, installed or not
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                start_new_session=True,  # Ctrl-C is for the compiler, which ends the child
            )

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._child.kill()
        self._child.wait()
        self._stderr.close()

    @abstractmethod
    def model(self) -> Model:
        """Return what the library says of itself."""

    @abstractmethod
    def best_variant(self) -> str:
        """Return the instruction set that the library chooses on this processor."""

    @abstractmethod
    def supported_variants(self) -> Sequence[str]:
        """Return the instruction sets of the library that this processor has, best first."""

    @abstractmethod
    def observe(self, variant: str, threads: int, inputs: Mapping[str, Array]) -> Iterable[Array]:
        """
        Run, and yield what each step computed, in their order.

        All must be taken before anything else is asked.
        """

    @abstractmethod
    def run(self, variant: str, threads: int, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run, and return the outputs."""

    @abstractmethod
    def preprocess(self, frame: Array, encoding: str) -> Array:
        """Return the image input that the library makes of a camera frame."""

    def rest(self) -> None:  # noqa: B027 - a child may need its library for good
        """Let the library's memory go till it is asked next, if that is possible."""

    def variants(self, model: Model) -> tuple[str, ...]:
        """
        Return the instruction sets of a model that this processor has, best first.

        :raises CompileError: if the library chooses one that its description does not have.
        """
        found = tuple(self.supported_variants())
        if unknown := set(found) - set(model.variants):
            raise CompileError(
                f"the compiled library has a variant {min(unknown)!r} unknown to its bundle"
            )
        return found

    @contextmanager
    def _asking(self, method: str, *arguments: Any) -> Iterator[None]:
        """Turn what may go wrong while the child is asked into one sentence."""
        settings = [str(argument) for argument in arguments if isinstance(argument, str | int)]
        what = f"{method}({', '.join(settings)})"
        try:
            yield
        except TimeoutError:
            raise CompileError(
                f"the compiled library did not answer {what} within {self.reply_timeout_s:.0f} s"
            ) from None
        except (EOFError, ConnectionError):
            raise CompileError(
                f"the compiled library crashed in {what}: {self._death()}"
            ) from None
        except RefusalError as refusal:
            raise CompileError(f"the compiled library failed in {what}: {refusal}") from None
        except AnswerError as garbage:
            raise CompileError(
                f"the compiled library gave no valid answer to {what}: {garbage}"
            ) from None

    def _death(self) -> str:
        try:
            code = self._child.wait(self.exit_timeout_s)
        except subprocess.TimeoutExpired:
            return "it closed its connection"
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        lines = [line for line in lines if not line.startswith(_EMULATOR_SAYS)]
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{name}, {lines[-1]}" if lines else name
