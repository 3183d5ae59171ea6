"""TLS on sockets that don't block; loaded only where an address asks for it."""

from __future__ import annotations

from collections.abc import Sequence
import selectors
import socket
import ssl

from edge_perception.transport.sp.address import Identity


class TlsWire:
    """A socket with TLS, as a connection uses sockets."""

    def __init__(self, wire: socket.socket, identity: Identity, server: bool) -> None:
        """
        Begin before the handshake; a client's socket may still be connecting.

        :param server: whether it is the side that accepted
        :raises OSError: if the files of certificates can't be read
        """
        self._context, self._server = context(identity, server), server
        self._wire, self._tls = wire, None if not server else self._wrap(wire)
        self._is_done = False
        self.family = wire.family

    def handshake(self) -> int:
        """
        Go on with the handshake, when the socket is ready for it.

        :returns: the event that it waits for; 0: it is done
        :raises OSError: if the other side isn't there, or isn't trusted
        """
        if self._is_done:
            return 0
        if self._tls is None:
            if error := self._wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(error, "no connection")
            self._tls = self._wrap(self._wire)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        self._is_done = True
        return 0

    def fileno(self) -> int:
        """Return the descriptor."""
        return (self._tls or self._wire).fileno()

    def recv_into(self, buffer: memoryview) -> int:
        """
        Read; return how many bytes, 0 at the end.

        :raises BlockingIOError: if there are none yet
        """
        assert self._tls is not None
        try:
            return self._tls.recv_into(buffer)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError from error

    def sendmsg(self, parts: Sequence[memoryview]) -> int:
        """
        Send some of it; return how many bytes.

        :raises BlockingIOError: if none can be sent yet
        """
        assert self._tls is not None
        try:
            return self._tls.send(parts[0])
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError from error

    def close(self) -> None:
        """End."""
        (self._tls or self._wire).close()

    def _wrap(self, wire: socket.socket) -> ssl.SSLSocket:
        return self._context.wrap_socket(
            wire, server_side=self._server, do_handshake_on_connect=False
        )


def context(identity: Identity, server: bool) -> ssl.SSLContext:
    """
    Return who we are and whom we trust, as OpenSSL has it.

    :raises OSError: if the files can't be read, or are no certificates
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False  # who it is, the certificate says, wherever it is
    made.verify_mode = ssl.CERT_REQUIRED
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(identity.certificate)
    made.load_verify_locations(identity.peers)
    return made
