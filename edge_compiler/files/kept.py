"""What is the same for every model is made once and kept in the user's cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import contextlib
import hashlib
from pathlib import Path
import tempfile

from edge_compiler.machine import user_cache


def kept(name: str, made_of: Iterable[str | Path], make: Callable[[Path], object]) -> Path:
    """
    Return a file or folder of the user's cache; make it if it isn't there.

    It appears complete or not at all, and is never changed: other content has another name.

    :param name: within the cache, with folders.
    :param made_of: all that the content depends on: words, and files.
    :param make: is called with the path to make it at.
    :raises NoCacheError: if this user has none.
    :raises OSError: if it can't be written.
    """
    digest = hashlib.sha256()
    for part in made_of:
        word, data = (part, b"") if isinstance(part, str) else (part.name, part.read_bytes())
        digest.update(b"%b\0%d\0%b" % (word.encode(), len(data), data))
    path = user_cache() / f"{name}-{digest.hexdigest()[:16]}"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as scratch:
        new = Path(scratch, path.name)
        make(new)
        with contextlib.suppress(OSError):  # another process was faster, with the same
            new.rename(path)
        path.stat()
    return path
