"""Whatever lies where a bundle or a file of it should: a sentence, at once, and no memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
import os
from pathlib import Path
import resource
import socket

import pytest

from edge_perception.runtime import BundleError, Library, load, Manifest, write_manifest
from edge_perception.runtime.files import describe_file
from edge_perception.runtime.manifest import MANIFEST_NAME

HUGE = 200 * 10**9
FILES = (MANIFEST_NAME, "model.so", "selftest.npz")


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        folder = os.open(path.parent, os.O_PATH)
        made.bind(f"/proc/self/fd/{folder}/{path.name}")  # paths of sockets are short
        os.close(folder)


def make_link_outside(path: Path) -> None:
    outside = path.parent.parent / "outside"
    outside.write_bytes(b"{}")
    path.symlink_to(outside)


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "FIFO": (os.mkfifo, "is a FIFO instead of a plain file"),
    "socket": (make_socket, "is a socket instead of a plain file"),
    "folder": (Path.mkdir, "is a folder instead of a plain file"),
    "endless device": (lambda path: path.symlink_to("/dev/zero"), "is a symbolic link"),
    "loop": (lambda path: path.symlink_to(path.name), "is a symbolic link"),
    "link outside": (make_link_outside, "is a symbolic link, which may lead out of the bundle"),
    "nothing": (lambda path: None, r"can't be read \(No such file"),
}


@contextmanager
def little_memory() -> Iterator[None]:
    """Allow 500 MB more than there is now."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + 500 * 10**6, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_plain_file_is_refused_without_waiting(
    bundle: Path, name: str, kind: str
) -> None:
    make, sentence = ODD[kind]
    (bundle / name).unlink()
    make(bundle / name)
    with pytest.raises(BundleError, match=f"{name} {sentence}"):
        load(bundle)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_not_read_beyond_its_stated_size(bundle: Path, name: str) -> None:
    os.truncate(bundle / name, HUGE)  # takes no room on the disk
    with little_memory(), pytest.raises(BundleError, match=f"{name} (has {HUGE}|is|.*: it has)"):
        load(bundle)


@pytest.mark.timeout(120)
def test_a_library_by_itself_is_bounded_too(tmp_path: Path) -> None:
    path = tmp_path / "model.so"
    path.touch()
    os.truncate(path, HUGE)
    with little_memory(), pytest.raises(BundleError, match=f"has {HUGE} bytes, at most"):
        Library(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(BundleError, match="is a FIFO"):
        Library(path)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("loop", r"can't be opened \(Too many levels of symbolic links\)"),
        ("x" * 300, r"can't be opened \(File name too long\)"),
        ("a\0b", r"can't be opened \(embedded null byte\)"),
        ("\ud800", r"can't be opened \('utf-8' codec"),
        ("fifo", "is not a folder"),
        ("fifo/x.edge", "is not a folder"),
        ("nowhere/x.edge", "does not exist"),
    ],
)
@pytest.mark.timeout(120)
def test_a_path_to_no_folder_is_refused(tmp_path: Path, path: str, sentence: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(BundleError, match=sentence):
        load(tmp_path / path)


def test_a_folder_that_may_not_be_entered_is_refused(bundle: Path) -> None:
    is_root = os.geteuid() == 0  # who may enter any
    bundle.parent.chmod(0)
    try:
        if is_root:
            os.seteuid(65534)
        with pytest.raises(BundleError, match=r"can't be opened \(Permission denied\)"):
            load(bundle)
    finally:
        if is_root:
            os.seteuid(0)
        bundle.parent.chmod(0o700)


def test_a_link_to_the_bundle_itself_is_followed(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "current.edge").symlink_to(bundle.name)
    load(tmp_path / "current.edge", selftest=True).close()


def test_a_folder_in_the_bundle_is_no_link_either(
    bundle: Path, whole: tuple[Path, Manifest]
) -> None:
    (bundle / "source").mkdir()
    source = bundle / "source/model.c"
    source.write_text("int answer = 42;")
    listed = whole[1].files | {"source/model.c": describe_file(source)}
    write_manifest(bundle, replace(whole[1], files=listed))
    load(bundle).close()
    (bundle / "source").rename(bundle.parent / "elsewhere")
    (bundle / "source").symlink_to("../elsewhere")
    with pytest.raises(BundleError, match=r"source/model\.c is a symbolic link"):
        load(bundle)
