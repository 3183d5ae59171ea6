"""A copy of Debian's archive that holds one file, on a port of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import threading

FILES = {
    "DEBIAN/control": b"Package: libarm-compute-dev\nVersion: 24.11\nArchitecture: arm64\n"
    b"Maintainer: tests <tests@localhost>\nDescription: a test\n",
    "usr/include/aarch64-linux-gnu/arm_compute/core/Version.h": b"// a header\n",
    "usr/lib/aarch64-linux-gnu/libarm_compute-static.a": bytes(range(256)) * 2000,
    "usr/share/doc/libarm-compute-dev/copyright": b"MIT\n",
}
"""Of the package that looks like that of the library."""


@dataclass
class Mirror:
    """
    What the server sends, and what it was asked for.

    :ivar content: of every file; None: there is none.
    :ivar stop_at: having sent so many bytes of the file, it waits until the client goes away.
    :ivar starts: the first byte that each request asked for.
    :ivar stopped: is set when it waits.
    """

    content: bytes | None
    stop_at: int | None = None
    starts: list[int] = field(default_factory=list)
    address: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serve(mirror: Mirror) -> Iterator[None]:
    """Answer requests until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            start = int(self.headers.get("Range", "bytes=0-")[len("bytes=") : -1])
            mirror.starts.append(start)
            if mirror.content is None:
                self.send_error(404)
                return
            size = len(mirror.content)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(size - start))
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("Last-Modified", "Mon, 01 Sep 2025 10:00:00 GMT")
            self.end_headers()
            self.wfile.write(mirror.content[start : mirror.stop_at])
            if mirror.stop_at is not None:
                mirror.stopped.set()
                self.rfile.read(1)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        mirror.address = f"http://127.0.0.1:{server.server_port}/debian/"
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        yield
        server.shutdown()
        thread.join()
