"""A server of the Open Inference Protocol, asked by gRPC."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
import threading
from threading import Thread
from typing import Any

from edge_perception.core.perception.remote import RemoteRequest
from edge_perception.core.stamps import SECOND
from edge_perception.drivers.remote.messages import METHOD
from edge_perception.runtime import BundleError

_LONGEST_TOKEN = 16 << 10  # bytes
_MS = 1000
_WATCHED = 1.0  # seconds; gRPC looks every 0.2 whether anybody still wants to know


class ServerError(Exception):
    """There is no answer, and why."""


class LateError(ServerError):
    """There is no answer in time."""


class Call:
    """A request that was sent."""

    def __init__(self, future: object) -> None:
        self._future: Any = future

    @property
    def is_done(self) -> bool:
        """Return whether there is an answer, or will be none: that the time is over, too."""
        return bool(self._future.done())

    def answer(self, seconds: float) -> bytes:
        """
        Return what is answered; nothing is awaited any more afterwards.

        :raises LateError: if it takes longer than so many seconds.
        :raises ServerError: if the server refuses, or can't be reached.
        """
        import grpc

        try:
            return bytes(self._future.result(max(0.0, seconds)))
        except grpc.FutureTimeoutError:
            self._future.cancel()
            raise LateError("no answer in time") from None
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise LateError("no answer in time") from None
            # of what the server says itself as little as is needed, and nothing that acts
            raise ServerError(f"{error.code().name}: {str(error.details())!r:.160}") from None
        except grpc.FutureCancelledError:
            raise ServerError("the connection was closed") from None


class _Connection:
    """
    A connection that is being made at once, and by gRPC anew when it is lost.

    :ivar is_ready: whether it is there, as far as this side knows.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        import grpc

        ready = grpc.ChannelConnectivity.READY
        self.is_ready = False

        def note(state: object) -> None:
            self.is_ready = state is ready

        self._channel, self._note = connect(), note
        others = set(threading.enumerate())
        self._channel.subscribe(note, try_to_connect=True)
        self._watching = [one for one in threading.enumerate() if one not in others]
        self.infer = self._channel.unary_unary(METHOD)

    def close(self) -> None:
        """End it, after gRPC's thread that watches it, which would fail on what is closed."""
        self._channel.unsubscribe(self._note)
        for one in self._watching:
            one.join(_WATCHED)
        self._channel.close()


class Server:
    """Where requests go."""

    def __init__(self, request: RemoteRequest, largest: int) -> None:
        """
        Begin to connect.

        :param largest: bytes of an answer; one that announces more is refused unread.
        :raises BundleError: if gRPC is not installed, or a file of the credentials can't be used.
        """
        try:
            import grpc
        except ImportError as error:
            raise BundleError(
                f"a remote server needs gRPC, which can't be imported ({error}): "
                "pip install grpcio"
            ) from error
        options: list[tuple[str, int | str]] = [
            ("grpc.max_receive_message_length", largest),
            ("grpc.max_metadata_size", _LONGEST_TOKEN),
            ("grpc.initial_reconnect_backoff_ms", _MS // 10),
            ("grpc.max_reconnect_backoff_ms", 30 * _MS),
            ("grpc.enable_http_proxy", 0),
            ("grpc.enable_retries", 0),
            ("grpc.use_local_subchannel_pool", 1),  # or channels would share a dead connection
        ]
        self._timeout = request.deadline / SECOND
        self._metadata = (
            [("authorization", f"Bearer {_token(request.token)}")] if request.token else []
        )
        if request.via and request.is_encrypted:  # whose certificate is not that of the link
            options.append(("grpc.ssl_target_name_override", request.name))
        target = request.via or request.host
        self._connect = partial(grpc.insecure_channel, target, options)
        if request.is_encrypted:
            roots = None if request.authorities is None else _read(request.authorities)
            credentials = grpc.ssl_channel_credentials(roots)
            self._connect = partial(grpc.secure_channel, target, credentials, options)
        self._connection = _Connection(self._connect)
        self._ending: list[Thread] = []

    def ask(self, request: bytes) -> Call:
        """Send a request without waiting."""
        infer = self._connection.infer
        return Call(infer.future(request, timeout=self._timeout, metadata=self._metadata))

    def renew(self) -> None:
        """
        Connect anew if there is a connection that seems to lead nowhere.

        To end one takes gRPC some tenths of a second, which no image waits for.
        """
        if self._connection.is_ready:
            before, self._connection = self._connection, _Connection(self._connect)
            self._ending = [one for one in self._ending if one.is_alive()]
            self._ending.append(Thread(target=before.close, name="edge-remote"))
            self._ending[-1].start()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
        for one in self._ending:
            one.join()


def _token(path: Path) -> str:
    """Return a token; errors don't show it."""
    text = _read(path).decode(errors="replace").strip()
    if not text or not text.isascii() or not text.isprintable():
        raise BundleError(f"{path}: expected a token, one line of printable ASCII")
    return text


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1 << 20)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}: give a file that can be read") from error
